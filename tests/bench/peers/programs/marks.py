"""What the programs of all peers share: what is asked of them, and what they note. Standard library only.

A program runs in the environment of its peer: ``python PROGRAM submit-one``, ``submit-many`` or ``work``. What it is to
do stands in the variable ``BENCH``, as JSON: ``folder`` and ``port`` of the store, how many ``jobs``, and the file for
the ``result``. Nobody submits or works for longer than ``most_seconds``: on a slow disk that has to be enough. A worker
measures from the moment when ``warm`` jobs were done up to the last. With ``log`` it writes
the number of each job that it did; it dies in the one that comes as number ``die_at``.
"""

import itertools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ASKED: dict[str, Any] = json.loads(os.environ.get("BENCH", "{}"))
JOBS: int = ASKED.get("jobs", 0)
PORT: int = ASKED.get("port", 0)
FOLDER: str = ASKED.get("folder", "")
MOST_SECONDS: float = ASKED.get("most_seconds", 3600.0)
SURVIVES: bool = "log" in ASKED
"""Whether it is tried what survives: whatever brings lost jobs back is to come soon."""


def _broker_seconds() -> float:
    pid = ASKED.get("broker_pid")
    if not pid:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _now() -> tuple[float, float, float]:
    return time.perf_counter(), time.process_time(), _broker_seconds()


def _write(jobs: int, begun: tuple[float, float, float]) -> None:
    seconds, cpu, broker_cpu = (now - then for now, then in zip(_now(), begun, strict=True))
    told = {"jobs": jobs, "seconds": seconds, "cpu_seconds": cpu, "broker_cpu_seconds": broker_cpu}
    result = Path(ASKED["result"])
    partial = result.with_suffix(".partial")
    partial.write_text(json.dumps(told))
    partial.rename(result)


_submitted = 0


@contextmanager
def timed() -> Iterator[None]:
    """What submitting those jobs takes whose numbers are asked for inside the block."""
    begun = _now()
    yield
    _write(_submitted, begun)


def steps(size: int) -> Iterator[range]:
    """The numbers of the jobs to be submitted, so many at a time."""
    global _submitted  # noqa: PLW0603 - one program submits once
    end = time.perf_counter() + MOST_SECONDS
    while _submitted < JOBS and time.perf_counter() < end:
        step = range(_submitted, min(_submitted + size, JOBS))
        yield step
        _submitted = step.stop


def numbers() -> Iterator[int]:
    """The same one by one."""
    for step in steps(1):
        yield step.start


_numbers = itertools.count(1)
_begun: list[tuple[float, float, float]] = []
_over = threading.Event()


def noop(number: int = 0) -> None:
    """What each job does: nothing but to be counted."""
    come = next(_numbers)
    if come == ASKED.get("die_at"):
        os.kill(os.getpid(), signal.SIGKILL)
    if SURVIVES:
        with Path(ASKED["log"]).open("a") as log:
            log.write(f"{number}\n")
    if come == ASKED.get("warm"):
        _begun.append(_now())
    if _begun and not _over.is_set() and (come == JOBS or time.perf_counter() - _begun[0][0] > MOST_SECONDS):
        _over.set()
        _write(come - ASKED["warm"], _begun[0])


def program(
    *, submit_one: Callable[[], None], submit_many: Callable[[], None] | None, work: Callable[[], None]
) -> None:
    """Do what the command line says. Who works goes on until killed."""
    actions = {"submit-one": submit_one, "submit-many": submit_many or submit_one, "work": work}
    actions[sys.argv[1]]()

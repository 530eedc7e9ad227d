"""What the programs of all peers share: what is asked of them, and what they note. Standard library only.

A program runs in the environment of its peer: ``python PROGRAM submit-one``, ``submit-many`` or ``work``. What it is to
do stands in the variable ``BENCH``, as JSON: ``folder`` and ``port`` of the store, how many ``jobs``, and the file for
the ``result``. A worker measures from the moment when ``warm`` jobs were done up to the last. With ``log`` it writes
the number of each job that it did; it dies in the one that comes as number ``die_at``.
"""

import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ASKED: dict[str, Any] = json.loads(os.environ.get("BENCH", "{}"))
JOBS: int = ASKED.get("jobs", 0)
PORT: int = ASKED.get("port", 0)
FOLDER: str = ASKED.get("folder", "")
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


@contextmanager
def timed() -> Iterator[None]:
    """What submitting all jobs takes."""
    begun = _now()
    yield
    _write(JOBS, begun)


_numbers = itertools.count(1)
_begun: list[tuple[float, float, float]] = []


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
    if come == JOBS and _begun:
        _write(JOBS - ASKED["warm"], _begun[0])


def program(
    *, submit_one: Callable[[], None], submit_many: Callable[[], None] | None, work: Callable[[], None]
) -> None:
    """Do what the command line says. Who works goes on until killed."""
    actions = {"submit-one": submit_one, "submit-many": submit_many or submit_one, "work": work}
    actions[sys.argv[1]]()

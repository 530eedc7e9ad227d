"""How late Celery starts jobs with a countdown, and how often."""

import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.bench.peers.field import CELERY, Runner, installed
from tests.bench.peers.running import started, submit, wait_until
from tests.bench.peers.stores import store

_SETTLING_SECONDS = 10.0
"""Longer than it takes Celery to look for messages that were not acknowledged: what runs twice does so by then."""

_LATE_CELERY = replace(CELERY, program="celery_late.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Late:
    """What came of the jobs: each one's first lateness, sorted, and how many executions there were of all."""

    late_ms: list[float]
    executions: int
    twice: int


def late_celery() -> Runner:
    """Celery, installed. Raises NotInstalledError."""
    return installed(_LATE_CELERY)


def measure_celery(
    runner: Runner,
    folder: Path,
    *,
    jobs: int,
    delays_seconds: tuple[float, float],
    transport: Mapping[str, int],
    seed: int,
) -> Late:
    """Jobs with delays between ``delays_seconds``, one worker process. Raises PeerFailedError.

    ``transport``: Celery's options of the broker.
    """
    draw = random.Random(seed)
    delays = [round(draw.uniform(*delays_seconds), 3) for _ in range(jobs)]
    with store(folder, runner.redis) as own:
        log = own.folder / "late.log"
        asked: dict[str, Any] = {"most_seconds": 60, "log": log, "transport": dict(transport), "delays": delays}
        with started(runner, own, "work", jobs=jobs, **asked):
            submit(runner, own, "submit-one", jobs, **asked)
            wait_until(lambda: len(_first(log)) == jobs, delays_seconds[1] + _SETTLING_SECONDS)
            time.sleep(_SETTLING_SECONDS)
        executions = Counter(number for number, _ in _lines(log))
        return Late(
            late_ms=sorted(_first(log).values()),
            executions=executions.total(),
            twice=sum(count > 1 for count in executions.values()),
        )


def _lines(log: Path) -> list[tuple[int, float]]:
    if not log.exists():
        return []
    return [(int(number), float(late)) for number, late in map(str.split, log.read_text().splitlines())]


def _first(log: Path) -> dict[int, float]:
    return dict(reversed(_lines(log)))

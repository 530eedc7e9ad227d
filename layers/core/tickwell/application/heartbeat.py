"""How a worker tells that it is there (Q8)."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from tickwell.application.ports import Clock, WorkerLog
from tickwell.domain.errors import UnavailableError
from tickwell.domain.lane import Lane
from tickwell.domain.worker import Worker, active_until


class Heartbeat:
    """Notes one worker in the log, at most once each ``interval``; an interval of zero: never."""

    def __init__(self, *, workers: WorkerLog, clock: Clock, worker_id: str, interval: timedelta) -> None:
        self._workers = workers
        self._clock = clock
        self._worker_id = worker_id
        self._interval = interval
        self._started_at = clock.now()
        self._last: datetime | None = None

    def beat(self, lanes: tuple[Lane, ...], running: int) -> bool:
        """Note the worker unless that was done less than an interval ago; whether it was. Raises UnavailableError."""
        now = self._clock.now()
        if not self._interval or (self._last is not None and now < self._last + self._interval):
            return False
        self._workers.put(
            Worker(
                worker_id=self._worker_id,
                lanes=lanes,
                running=running,
                started_at=self._started_at,
                last_heartbeat_at=now,
                expires_at=active_until(now, self._interval),
            )
        )
        self._last = now
        return True

    async def keep(self, lanes: tuple[Lane, ...], running: Callable[[], int]) -> None:
        """Beat for as long as nobody cancels this. A store that fails must not keep a worker from its work."""
        while self._interval:
            try:
                await asyncio.to_thread(self.beat, lanes, running())
            except UnavailableError:
                self._last = self._clock.now()  # the next try is an interval away, whatever it costs to be unseen
            await asyncio.sleep(self._interval.total_seconds())

    def end(self) -> None:
        """Have the worker forgotten. Raises UnavailableError; then it is when its last sign has grown old."""
        self._workers.remove(self._worker_id)

"""Whether Tickwell is able to work, measured by doing (C21, E8, B8)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from tickwell.application.ports import Clock, Depth, FarTimer, JobStore, Lanes, Notifications
from tickwell.domain.errors import UnavailableError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.lane import Lane

STORE_ANSWERS_WITHIN_MS = 100
"""E8: a store that takes longer is worth a warning."""

_WARNING, _CRITICAL = 100, 1000


class HealthLevel(StrEnum):
    """How well something is (E8)."""

    NORMAL = "normal"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def severity(self) -> int:
        """The worse, the higher."""
        return list(HealthLevel).index(self)


def backlog_level(waiting: int) -> HealthLevel:
    """The level of a queue by what waits in it: fewer than 100, fewer than 1,000, or more (E8)."""
    if waiting < _WARNING:
        return HealthLevel.NORMAL
    return HealthLevel.WARNING if waiting < _CRITICAL else HealthLevel.CRITICAL


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceHealth:
    """One service: whether it answered, and how long that took."""

    healthy: bool
    latency_ms: int
    detail: str | None = None

    @property
    def level(self) -> HealthLevel:
        """Critical without an answer, a warning when it took long."""
        if not self.healthy:
            return HealthLevel.CRITICAL
        return HealthLevel.NORMAL if self.latency_ms < STORE_ANSWERS_WITHIN_MS else HealthLevel.WARNING


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What the process uses, and what it may use."""

    used_mb: int
    total_mb: int


class Host(Protocol):
    """The process that answers."""

    def memory(self) -> Memory:
        """Now."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthReport:
    """All services, and how full the lanes are (a lane that did not answer is missing).

    ``notifications``: the queues of notifications, by name; ``failed_notifications``: how many were given up and wait
    in their dead letter queue, None where that is not known.
    """

    services: Mapping[str, ServiceHealth]
    lanes: Mapping[Lane, Depth]
    notifications: Depth
    failed_notifications: int | None
    at: datetime
    uptime: timedelta
    memory: Memory

    @property
    def healthy(self) -> bool:
        """Whether every service answered."""
        return all(service.healthy for service in self.services.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationQueues:
    """What is known of notifications under way: their queues, and where those are that were given up."""

    queues: tuple[Notifications, ...] = ()
    failed: Notifications | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckHealth:
    """The use cases: ``__call__`` for all services, ``store`` and ``queues`` for one."""

    jobs: JobStore
    lanes: Lanes
    far_timer: FarTimer
    notifications: NotificationQueues
    host: Host
    clock: Clock
    started_at: datetime

    def __call__(self) -> HealthReport:
        """A round trip to the store, to each queue and to the far timer; never raises UnavailableError."""
        report = self.queues()
        services = {
            "store": self.store(),
            **report.services,
            "far_timer": self._measure(self.far_timer.ping),
        }
        return replace(report, services=services, at=self.clock.now())

    def store(self) -> ServiceHealth:
        """One round trip to the store."""
        return self._measure(self.jobs.ping)

    def queues(self) -> HealthReport:
        """The queues alone."""
        depths: dict[Lane, Depth] = {}
        told: list[Depth] = []
        failed: list[int] = []

        def read() -> None:
            for lane, queue in self.lanes.items():
                depths[lane] = queue.depth()
            told.extend(queue.depth() for queue in self.notifications.queues)
            if self.notifications.failed is not None:
                failed.append(self.notifications.failed.depth().waiting)

        lanes = self._measure(read)
        return HealthReport(
            services={"lanes": lanes},
            lanes=depths,
            notifications=_together(told),
            failed_notifications=failed[0] if failed else None,
            at=self.clock.now(),
            uptime=self.clock.now() - self.started_at,
            memory=self.host.memory(),
        )

    def _measure(self, call: Callable[[], None]) -> ServiceHealth:
        before = self.clock.now()
        try:
            call()
        except UnavailableError as error:
            return ServiceHealth(healthy=False, latency_ms=self._since(before), detail=error.service)
        return ServiceHealth(healthy=True, latency_ms=self._since(before))

    def _since(self, before: datetime) -> int:
        return to_epoch_ms(self.clock.now()) - to_epoch_ms(before)


def _together(depths: list[Depth]) -> Depth:
    return Depth(
        waiting=sum(depth.waiting for depth in depths),
        delayed=sum(depth.delayed for depth in depths),
        in_flight=sum(depth.in_flight for depth in depths),
    )

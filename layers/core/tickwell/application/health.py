"""Whether Tickwell is able to work, measured by doing (C21)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tickwell.application.ports import Clock, Depth, JobStore, Lanes
from tickwell.domain.errors import UnavailableError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.lane import Lane


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceHealth:
    """One service: whether it answered, and how long that took."""

    healthy: bool
    latency_ms: int
    detail: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthReport:
    """All services, and how full the lanes are (a lane that did not answer is missing)."""

    services: Mapping[str, ServiceHealth]
    lanes: Mapping[Lane, Depth]
    at: datetime

    @property
    def healthy(self) -> bool:
        """Whether every service answered."""
        return all(service.healthy for service in self.services.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckHealth:
    """The use case; see ``__call__``."""

    jobs: JobStore
    lanes: Lanes
    clock: Clock

    def __call__(self) -> HealthReport:
        """One round trip to the store and one to each lane; never raises UnavailableError."""
        depths: dict[Lane, Depth] = {}

        def read_lanes() -> None:
            for lane, queue in self.lanes.items():
                depths[lane] = queue.depth()

        services = {"store": self._measure(self.jobs.ping), "lanes": self._measure(read_lanes)}
        return HealthReport(services=services, lanes=depths, at=self.clock.now())

    def _measure(self, call: Callable[[], None]) -> ServiceHealth:
        before = self.clock.now()
        try:
            call()
        except UnavailableError as error:
            return ServiceHealth(healthy=False, latency_ms=self._since(before), detail=error.service)
        return ServiceHealth(healthy=True, latency_ms=self._since(before))

    def _since(self, before: datetime) -> int:
        return to_epoch_ms(self.clock.now()) - to_epoch_ms(before)

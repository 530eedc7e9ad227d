"""What is told of the deployment itself, put on whatever adapters it is given: statistics, workers, health."""

from dataclasses import dataclass, field

from tickwell.application.health import CheckHealth, Host, NotificationQueues
from tickwell.application.list_jobs import ListJobs
from tickwell.application.ports import Clock, FarTimer, JobStore, Lanes, TenantCounts, WorkerLog
from tickwell.application.series import ReadSeries
from tickwell.application.statistics import ReadStatistics
from tickwell.application.usage import ReadUsage


@dataclass(frozen=True, kw_only=True, slots=True)
class Measuring:
    """Where it is told from."""

    counts: TenantCounts
    workers: WorkerLog
    host: Host
    notifications: NotificationQueues = field(default_factory=NotificationQueues)

    def statistics(self, jobs: JobStore, list_jobs: ListJobs, clock: Clock) -> ReadStatistics:
        """What tenants read."""
        return ReadStatistics(counts=self.counts, workers=self.workers, jobs=jobs, list_jobs=list_jobs, clock=clock)

    def series(self, clock: Clock) -> ReadSeries:
        """How executions ended over time."""
        return ReadSeries(counts=self.counts, clock=clock)

    def usage(self, clock: Clock) -> ReadUsage:
        """What a tenant's owner and admins read."""
        return ReadUsage(counts=self.counts, clock=clock)

    def health(self, *, jobs: JobStore, lanes: Lanes, far_timer: FarTimer, clock: Clock) -> CheckHealth:
        """What load balancers and people ask."""
        return CheckHealth(
            jobs=jobs,
            lanes=lanes,
            far_timer=far_timer,
            notifications=self.notifications,
            host=self.host,
            clock=clock,
            started_at=clock.now(),
        )

"""What a tenant may know of how its jobs are doing (C20, Q7, Q8, S4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tickwell.application.health import HealthLevel
from tickwell.application.list_jobs import ListJobs
from tickwell.application.ports import Clock, JobStore, TenantCounts, WorkerLog
from tickwell.domain.account import Principal
from tickwell.domain.child import listed_under
from tickwell.domain.counts import Counts, EndedExecution, ExecutionTally, hour_of
from tickwell.domain.job import Job, JobKey
from tickwell.domain.worker import Worker

_ERRORS, _FAILING = 0.01, 0.1
_SLOW_SECONDS, _VERY_SLOW_SECONDS = 5.0, 300.0
_WORK_SPAN = timedelta(hours=24)
_UPCOMING = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedExecution:
    """An execution that ended lately, under the job that lists it; the name is None when that job has expired."""

    ended: EndedExecution
    job_id: str
    job_name: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Dashboard:
    """All that the overview page shows."""

    counts: Counts
    upcoming: Sequence[Job]
    recent: Sequence[NamedExecution]


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkHealth:
    """How attempts of the last 24 hours ended (E8: errors below 1 %, 5 s on average; S12: alerts at 10 % and 5 min)."""

    tally: ExecutionTally

    @property
    def error_share(self) -> float:
        """The part that failed, from 0 to 1."""
        return self.tally.failed / self.tally.total if self.tally.total else 0.0

    @property
    def average_seconds(self) -> float | None:
        """How long an attempt took; None where there was none."""
        return self.tally.duration_ms / self.tally.total / 1000 if self.tally.total else None

    @property
    def level(self) -> HealthLevel:
        """The worse of the two."""
        average = self.average_seconds or 0.0
        if self.error_share > _FAILING or average > _VERY_SLOW_SECONDS:
            return HealthLevel.CRITICAL
        if self.error_share >= _ERRORS or average >= _SLOW_SECONDS:
            return HealthLevel.WARNING
        return HealthLevel.NORMAL


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadStatistics:
    """The use cases, one method each; what they cost does not depend on how many jobs there are."""

    counts: TenantCounts
    workers: WorkerLog
    jobs: JobStore
    list_jobs: ListJobs
    clock: Clock

    def dashboard(self, principal: Principal) -> Dashboard:
        """Counts, what comes next, and what ended last."""
        counts = self.counts.read(principal.tenant_id)
        listed = [(ended, listed_under(ended.job_id)) for ended in counts.recent]
        jobs = self.jobs.get_many([JobKey(tenant_id=principal.tenant_id, job_id=job_id) for _, job_id in listed])
        names = {key.job_id: job.name for key, job in jobs.items()}
        recent = [NamedExecution(ended=ended, job_id=job_id, job_name=names.get(job_id)) for ended, job_id in listed]
        return Dashboard(
            counts=counts, upcoming=self.list_jobs.upcoming(principal, limit=_UPCOMING).items, recent=recent
        )

    def overview(self, principal: Principal) -> Counts:
        """The counts alone."""
        return self.counts.read(principal.tenant_id)

    def work(self, principal: Principal) -> WorkHealth:
        """How the attempts of the last 24 hours ended, to the beginning of an hour."""
        now = self.clock.now()
        hours = self.counts.hours(principal.tenant_id, since=hour_of(now - _WORK_SPAN), until=now)
        tally = ExecutionTally()
        for each in hours.values():
            tally = tally.plus(each.tally)
        return WorkHealth(tally=tally)

    def active_workers(self) -> Sequence[Worker]:
        """The workers of the deployment, which all tenants share."""
        return self.workers.active()

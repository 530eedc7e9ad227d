"""Which jobs have ended in queues that keep a number of them (S13): noted at the end, forgotten when they go on."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tickwell.application.ports import History, QueueStore
from tickwell.application.queue_directory import QueueDirectory
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.lane import Lane


@dataclass(frozen=True, kw_only=True, slots=True)
class EndedJobs:
    """The use cases, one method each. What is noted follows from the record of the attempt, whoever notes it."""

    history: History
    queues: QueueStore
    directory: QueueDirectory

    def note(self, ended: Sequence[tuple[Job, Execution]]) -> None:
        """Note the jobs whose last attempt that is. Raises UnavailableError; may be repeated."""
        groups: dict[tuple[str, str | None, Lane, JobStatus], list[tuple[Job, Execution]]] = defaultdict(list)
        for job, last in ended:
            status = last.ends_as
            if status is not None and not job.is_recurring:
                groups[job.tenant_id, job.queue, job.lane, status].append((job, last))
        counted = [
            as_ended
            for (*_, status), group in groups.items()
            if self.directory.kept(group[0][0], status).count is not None
            for job, last in group
            if (as_ended := _as_ended(job, last)) is not None
        ]
        if counted:
            self.queues.add_ended(counted)

    def forget(self, job: Job) -> None:
        """``job`` has ended, and is about to be taken up again or deleted: it must take no place among those kept.

        Raises UnavailableError; may be repeated. Should the job stay as it is after all, one more than the number is
        kept.
        """
        if job.is_recurring or not self._may_be_noted(job):
            return
        page = self.history.list_executions(job.tenant_id, job.job_id, limit=1, cursor=None)
        forgotten = [as_ended for last in page.items if (as_ended := _as_ended(job, last)) is not None]
        if forgotten:
            self.queues.forget_ended(forgotten)

    def _may_be_noted(self, job: Job) -> bool:
        """Whether the queue keeps a number of jobs at all: a cancelled one may have an attempt that completed."""
        endings = (JobStatus.COMPLETED, JobStatus.FAILED)
        return any(self.directory.kept(job, status).count is not None for status in endings)


def _as_ended(job: Job, last: Execution) -> Job | None:
    """The job as its queue remembers it after ``last``; None where it goes on."""
    if job.is_recurring or last.ends_as is None:
        return None
    return replace(job, status=last.ends_as, updated_at=last.finished_at, expires_at=last.expires_at)

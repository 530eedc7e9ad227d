"""Which queue a job is in, and what that decides: looked up often, changed seldom."""

from datetime import datetime, timedelta
from functools import lru_cache

from tickwell.application.ports import Clock, QueueKey, QueueStore
from tickwell.application.remembered import Remembered
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.job_listing import PastKept
from tickwell.domain.lane import Lane
from tickwell.domain.queue import Kept, Queue, default_queues, effective_queue

_MILLISECOND = timedelta(milliseconds=1)


@lru_cache(maxsize=1024)
def queue_key(tenant_id: str, queue: str | None, lane: Lane) -> QueueKey:
    """The queue of a job or a message: the one that it names, or the default one of its lane."""
    return QueueKey(tenant_id=tenant_id, name=effective_queue(queue, lane))


class QueueDirectory:
    """Looks queues up. One that was deleted limits nothing: its last jobs run on as in a default queue."""

    def __init__(self, queues: QueueStore, clock: Clock) -> None:
        self._queues = queues
        self._known = Remembered(self._find, clock)
        self._last_kept = Remembered(self._nth_ended, clock)
        self._of_tenant = Remembered(queues.list_queues, clock)

    def find(self, key: QueueKey, *, fresh: bool = False) -> Queue | None:
        """The queue, as it was up to ``FRESH`` ago or, with ``fresh``, as it is; None for an unknown one."""
        return self._known.get(key, fresh=fresh)

    def kept(self, job: Job, status: JobStatus) -> Kept:
        """How long jobs like ``job`` stay in their queue once they have ended as ``status``."""
        queue = self.find(queue_key(job.tenant_id, job.queue, job.lane))
        return Kept() if queue is None else queue.retention.of(status)

    def hides(self, job: Job, now: datetime) -> bool:
        """Whether ``job`` has ended and is past the number that its queue keeps (S13)."""
        if job.is_recurring or job.expires_at is None or job.slot is not None:
            return False
        kept = self.kept(job, job.status)
        if kept.count is None or job.updated_at > now - timedelta(seconds=kept.at_least_seconds):
            return False
        place = (queue_key(job.tenant_id, job.queue, job.lane), job.status is JobStatus.COMPLETED, kept.count)
        last_kept = self._last_kept.get(place)
        return last_kept is not None and job.updated_at < last_kept

    def past_kept(self, tenant_id: str, now: datetime) -> tuple[PastKept, ...]:
        """What ``hides`` says of all the tenant's queues: for listings, which must count without what is hidden."""
        found: list[PastKept] = []
        for queue in self._of_tenant.get(tenant_id):
            for completed, kept in ((True, queue.retention.completed), (False, queue.retention.failed)):
                if kept.count is None:
                    continue
                last_kept = self._last_kept.get((QueueKey(tenant_id=tenant_id, name=queue.name), completed, kept.count))
                if last_kept is not None:
                    old_enough = now - timedelta(seconds=kept.at_least_seconds) + _MILLISECOND
                    before = min(last_kept, old_enough)
                    found.append(PastKept(queue=queue.name, completed=completed, ended_before=before))
        return tuple(found)

    def _find(self, key: QueueKey) -> Queue | None:
        return self._queues.find(key) or default_queues(key.tenant_id).get(key.name)

    def _nth_ended(self, place: tuple[QueueKey, bool, int]) -> datetime | None:
        key, completed, count = place
        return self._queues.nth_ended(key, completed=completed, count=count)

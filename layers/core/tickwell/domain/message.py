"""Messages: hints that something may be due. The store is the truth (rules 1 and 2)."""

from dataclasses import dataclass
from datetime import datetime

from tickwell.domain.job import JobKey
from tickwell.domain.lane import Lane


@dataclass(frozen=True, kw_only=True, slots=True)
class JobMessage:
    """Attempt ``attempt`` of the occurrence ``due_at`` of this version of this job may start at ``run_at``.

    ``run_at`` equals ``due_at`` for a first attempt without jitter; a retry runs later. ``recurring`` tells the worker
    to read the job before it claims, because the claim must arm the next occurrence. ``queue``: the job's named queue.
    ``admitted``: the queue's limits have let this attempt pass already; ``late``: for the second time, because it came
    too long after the start time that it was given first. ``probe``: it never starts the attempt, it only looks at
    ``run_at`` whether the worker that did has died. ``queued``: the occurrence waits in the job's slot for its first
    attempt, and the next one was armed long ago. ``start_by``: after that the job must be read before the claim, for
    the attempt may not be wanted any more. ``subsecond``: an engine that delays by whole seconds delivers it up to a
    second before ``run_at``, and the worker waits out the rest.
    """

    tenant_id: str
    job_id: str
    version: int
    due_at: datetime
    attempt: int
    run_at: datetime
    lane: Lane
    recurring: bool
    queue: str | None = None
    admitted: bool = False
    late: bool = False
    probe: bool = False
    subsecond: bool = False
    queued: bool = False
    start_by: datetime | None = None

    @property
    def key(self) -> JobKey:
        """The job that it speaks of."""
        return JobKey(tenant_id=self.tenant_id, job_id=self.job_id)

    @property
    def identity(self) -> tuple[JobKey, datetime, int]:
        """The attempt that it speaks of: the same for all messages of one attempt."""
        return self.key, self.due_at, self.attempt


def place_number(message: JobMessage) -> int:
    """What tells its place on a waiting list from others of its occurrence and version: the same for an attempt.

    0 for the first attempt of an occurrence that waits in the slot: the message that the occurrence was armed with may
    come once more, starts nothing any more, and must not stand in the place of the one that does.
    """
    return 0 if message.queued else message.attempt


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A body that no known release wrote. It goes to the dead letter queue, and is recorded."""

    body: str
    reason: str

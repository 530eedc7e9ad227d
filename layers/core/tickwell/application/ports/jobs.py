"""The port of jobs, and what its conditional writes are told and answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tickwell.application.ports.stores import Page
from tickwell.domain.completion import Outside
from tickwell.domain.execution import Execution
from tickwell.domain.handover import Handover
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.pending import Pending
from tickwell.domain.progress import Progress
from tickwell.domain.slot import Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A worker asks for one attempt.

    For a first attempt (``message.attempt`` 1) the write also sets ``next_run_at`` to ``next_run_at`` (None: nothing
    more is to come) and for a retry leaves it alone. ``token`` is fresh. The lease ends at ``now`` plus the job's own
    ``timeout_seconds`` plus ``LEASE_MARGIN``.

    A first attempt may also leave occurrences that wait behind it: ``pending``. ``over``: the slot that it takes, which
    waits for an attempt at an older occurrence, while those of ``over_pending`` wait for it.
    """

    message: JobMessage
    token: str
    now: datetime
    next_run_at: datetime | None = None
    pending: tuple[Pending, ...] = ()
    over: Slot | None = None
    over_pending: tuple[Pending, ...] = ()

    @property
    def is_first(self) -> bool:
        """Whether it takes an occurrence that is armed, and not one that waits in the slot."""
        return self.message.attempt == 1 and not self.message.queued


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingChange:
    """Those that wait for a slot become ``written``, on condition that they are still those of ``read``."""

    read: tuple[Pending, ...]
    written: tuple[Pending, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """The attempt is the caller's; ``job`` is the job as it stands after the claim, payload included."""

    job: Job


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimLost:
    """Somebody else has, or had, the attempt, or the message is stale. ``job`` as found; None when there is none."""

    job: Job | None


ClaimResult = Claimed | ClaimLost


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """The sign was taken; ``job`` as it stands, without payload and description: its status may say to end."""

    job: Job


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenGone:
    """The slot holds another token, or none: the attempt is not the caller's any more."""


SignAnswer = Signed | TokenGone


class JobStore(Protocol):
    """Jobs: the truth about what is to be done and who is doing it."""

    def create(self, job: Job) -> None:
        """Write a new job. Writing the same job again is harmless; raises ConflictError for another one of its id."""
        ...

    def create_many(self, jobs: Sequence[Job]) -> Sequence[bool]:
        """Write new jobs, each as ``create`` does; in order, whether each is certain to be there.

        False: the store failed for that one; it may have been written all the same. Raises UnavailableError where the
        store failed for all alike, ConflictError as ``create``.
        """
        ...

    def get(self, tenant_id: str, job_id: str) -> Job:
        """The job with its payload. Raises NotFoundError, also for what another tenant owns. Consistent."""
        ...

    def get_many(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Job]:
        """The jobs that exist among ``keys`` (repeats allowed), without payload and description. Consistent."""
        ...

    def get_many_whole(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Job]:
        """As ``get_many``, with payload and description; payloads that lie in the blob store stay there."""
        ...

    def list_jobs(self, tenant_id: str, *, limit: int, cursor: str | None) -> Page[Job]:
        """The tenant's jobs, newest first, without payload and description; no deleted ones, and no children.

        A page may be short; ``next_cursor`` tells whether more follow. Raises InvalidInputError("cursor").
        """
        ...

    def count_by_status(self, tenant_id: str, queue: str) -> Mapping[JobStatus, int]:
        """How many jobs of the tenant are in a queue (by its effective name), by status; deleted ones are left out.

        Exact. The aws engine reads all jobs of the tenant for it, a million in some seconds.
        """
        ...

    def replace(self, job: Job, *, read: Job) -> bool:
        """Write ``job``, an edit of ``read``; its version is one higher. ``read`` came from ``get``, with its payload.

        False when version, ``next_run_at`` or status are no longer those of ``read`` (an edit, a claim or the end of
        the last attempt came between).
        A slot that a worker holds is never touched; one that waits for an attempt is emptied when ``job.slot`` is None,
        or the new status ends the job. The tally is not touched. Those that wait for the slot stay, unless the new
        status ends the job.
        """
        ...

    def claim_many(self, claims: Sequence[Claim]) -> Sequence[ClaimResult]:
        """Claim attempts, each in one conditional write (rule 2); results in the order of ``claims``.

        A first attempt needs: status active, the message's version, ``next_run_at`` equal to its ``due_at``, an empty
        slot, or the waiting one that it takes over. A retry, and a first attempt that had to wait for the slot, needs:
        status active and a slot of the message's ``due_at`` and ``attempt`` that waits. A slot that already holds
        ``token`` was won by an earlier try of the same call. ``last_executed_at`` becomes ``now``.
        """
        ...

    def skip(
        self,
        message: JobMessage,
        *,
        next_run_at: datetime | None,
        now: datetime,
        if_busy: bool = True,
        waiting: PendingChange | None = None,
        expires_at: datetime | None = None,
    ) -> bool:
        """Move a recurring job past ``message.due_at`` without claiming it: set ``next_run_at``.

        Conditions as for the claim of a first attempt, but the slot must be busy, or with ``if_busy`` False may be
        anything. ``waiting``: change those that wait for the busy slot. With ``expires_at``, a job that is left without
        a next run and with an empty slot is completed, to expire then. False when the conditions do not hold.
        """
        ...

    def pass_on(self, job: Job, handover: Handover, *, now: datetime, expires_at: datetime) -> bool:
        """Give the slot of ``job``, which waits for an attempt as read, to the handover's head, or empty it.

        An active recurring job that is left without a next run and with an empty slot is completed, to expire then.
        False when the slot, or those that wait for it, are no longer as read.
        """
        ...

    def finish_many(
        self, executions: Sequence[Execution], *, now: datetime, handovers: Mapping[str, Handover] | None = None
    ) -> Sequence[bool]:
        """Empty the slot that holds the execution's token, or leave the waiting retry in it, and count the tally.

        The token is checked (rule 3) and, where the slot is emptied, that nobody waits for it. ``handovers``, by token:
        who waits, and who takes the slot instead; with a head it does so also where a retry was decided on. A one-time
        job becomes completed or failed as the decision says, unless its status no longer allows that; the job then only
        loses the slot. An active recurring job without a next run whose slot nobody takes has had its last occurrence:
        it becomes completed, however that one ended. A retry is left waiting only while the job is active or paused.
        What ends expires with its execution. False: the token is no longer there, or others wait for the slot than the
        caller knows.
        """
        ...

    def sign(self, job: Job, *, now: datetime, progress: Progress | None) -> SignAnswer:
        """Take a sign of life of the attempt that claimed ``job``: extend its lease, and note ``progress`` if given.

        Only the token is checked. The lease becomes ``job.lease_after_sign(now)``, unless it ends later already.
        """
        ...

    def let_go_many(self, handed_on: Sequence[tuple[Job, Outside]]) -> Sequence[SignAnswer]:
        """Attempts that claimed their jobs go on outside: their leases end when that has been silent for too long.

        Each in one conditional write, answers in order. Only the token is checked. Noted is also that the newest probe
        looks at that end, so that the chain of those that look after workers ends. May be repeated.
        """
        ...

    def note_probe(self, job: Job, *, at: datetime) -> None:
        """Note in the slot that the attempt of ``job`` holds when its newest probe looks; the latest instant stands.

        Ignored when the slot holds another token, or none.
        """
        ...

    def ping(self) -> None:
        """One cheap round trip, for health."""
        ...

"""The ports of what is kept: jobs, history, due items, accounts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from tickwell.domain.account import User
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.due import DueItem, DuePage, DuePosition, Watermark
from tickwell.domain.execution import Execution, ExecutionStatus, OccurrenceKey, Skip
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.progress import Progress

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """A page of a listing. ``next_cursor`` is opaque and None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A worker asks for one attempt.

    For a first attempt (``message.attempt`` 1) the write also sets ``next_run_at`` to ``next_run_at`` (None: nothing
    more is to come) and for a retry leaves it alone. ``token`` is fresh. The lease ends at ``now`` plus the job's own
    ``timeout_seconds`` plus ``LEASE_MARGIN``.
    """

    message: JobMessage
    token: str
    now: datetime
    next_run_at: datetime | None = None


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

    def list_jobs(self, tenant_id: str, *, limit: int, cursor: str | None) -> Page[Job]:
        """The tenant's jobs, newest first, without payload and description; no deleted ones, and no children.

        A page may be short; ``next_cursor`` tells whether more follow. Raises InvalidInputError("cursor").
        """
        ...

    def count_by_status(self, tenant_id: str, queue: str) -> Mapping[JobStatus, int]:
        """How many jobs of the tenant are in a queue (by its effective name), by status; deleted ones are left out.

        Exact; reads all jobs of the tenant, a million in some seconds.
        """
        ...

    def replace(self, job: Job, *, read: Job) -> bool:
        """Write ``job``, an edit of ``read``; its version is one higher. ``read`` came from ``get``, with its payload.

        False when version, ``next_run_at`` or status are no longer those of ``read`` (an edit, a claim or the end of
        the last attempt came between).
        A slot that a worker holds is never touched; one that waits for a retry is emptied exactly when ``job.slot``
        is None. The tally is not touched.
        """
        ...

    def claim_many(self, claims: Sequence[Claim]) -> Sequence[ClaimResult]:
        """Claim attempts, each in one conditional write (rule 2); results in the order of ``claims``.

        A first attempt needs: status active, the message's version, ``next_run_at`` equal to its ``due_at``, an empty
        slot. A retry needs: status active and a slot of the message's ``due_at`` and ``attempt`` that waits. A slot
        that already holds ``token`` was won by an earlier try of the same call. ``last_executed_at`` becomes ``now``.
        """
        ...

    def skip(self, message: JobMessage, *, next_run_at: datetime | None, now: datetime) -> bool:
        """Move a recurring job past ``message.due_at`` without executing it: set ``next_run_at``.

        Conditions as for the claim of a first attempt, but the slot must be busy. False when they do not hold.
        """
        ...

    def finish_many(self, executions: Sequence[Execution], *, now: datetime) -> Sequence[bool]:
        """Empty the slot that holds the execution's token, or leave the waiting retry in it, and count the tally.

        Only the token is checked (rule 3). A one-time job becomes completed or failed as the decision says, unless
        its status no longer allows that; the job then only loses the slot. A retry is left waiting only while the job
        is active or paused. A finished one-time job expires with its execution. False: the token is no longer there.
        """
        ...

    def sign(self, job: Job, *, now: datetime, progress: Progress | None) -> SignAnswer:
        """Take a sign of life of the attempt that claimed ``job``: extend its lease, and note ``progress`` if given.

        Only the token is checked. The lease becomes ``job.lease_after_sign(now)``, unless it ends later already.
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


class History(Protocol):
    """What happened: executions, skips and dead letters. Only a dead letter ever changes: when it is retried."""

    def record_many(self, executions: Sequence[Execution]) -> Sequence[Execution]:
        """Put each record if there is none of its id yet; returns the records that stand, in order.

        Whoever is first decides the outcome (rule 3); a loser gets the winner's record and obeys it.
        """
        ...

    def get_execution(self, tenant_id: str, execution_id: str) -> Execution:
        """The record with output and logs. Raises NotFoundError."""
        ...

    def list_executions(
        self,
        tenant_id: str,
        job_id: str,
        *,
        limit: int,
        cursor: str | None,
        with_children: bool = False,
        status: ExecutionStatus | None = None,
        skip: int | None = None,
    ) -> Page[Execution]:
        """Newest occurrence first, latest attempt first; with output, without logs. Only those of ``status``, if given.

        ``with_children``: what the job's children ran is listed among its own. Without them, and with a status, a page
        may end once 1,000 rows were read, however few of them were wanted. With ``skip`` the page lies behind so many
        and is full as long as there are enough. With ``limit`` 0 the cursor of a page leads to the beginning.
        Raises InvalidInputError: "cursor"; "page" where ``skip`` leads further than this engine counts.
        """
        ...

    def attempts_at(self, occurrence: OccurrenceKey) -> Sequence[Execution]:
        """The records of one occurrence, first attempt first; with output, without logs. Consistent."""
        ...

    def put_skip(self, skip: Skip) -> None:
        """Record left-out occurrences, once per job and first instant: of several ranges the longest stands."""
        ...

    def list_skips(self, tenant_id: str, job_id: str, *, limit: int, cursor: str | None) -> Page[Skip]:
        """Newest first. Raises InvalidInputError("cursor")."""
        ...

    def put_dead_letters(self, dead_letters: Sequence[DeadLetter]) -> None:
        """Put each if there is none of its id yet. Notifications are derived from these inserts (rule 9)."""
        ...

    def get_dead_letter(self, tenant_id: str, dead_letter_id: str) -> DeadLetter:
        """Raises NotFoundError."""
        ...

    def list_dead_letters(
        self,
        tenant_id: str,
        *,
        limit: int,
        cursor: str | None,
        wanted: Callable[[DeadLetter], bool] | None = None,
    ) -> Page[DeadLetter]:
        """Newest occurrence first; those that name no occurrence come last. Raises InvalidInputError("cursor").

        ``wanted`` leaves out all others. A page then ends once 1,000 rows were read, however few of them it has.
        """
        ...

    def mark_retried(
        self, tenant_id: str, dead_letter_id: str, *, job_id: str, at: datetime, earlier: str | None
    ) -> bool:
        """Note that the dead letter is retried as the job ``job_id``, instead of as ``earlier`` (None: as none so far).

        False when it is gone, or somebody else has marked it meanwhile. True also when it has just this mark.
        """
        ...

    def delete_dead_letter(self, tenant_id: str, dead_letter_id: str) -> None:
        """Unknown ones are ignored."""
        ...


class DueItems(Protocol):
    """Due items and the safety sync's watermarks."""

    def put(self, items: Sequence[DueItem]) -> None:
        """Write due items, before the jobs that they speak of."""
        ...

    def page(self, shard: int, *, after: DuePosition, until: datetime, limit: int) -> DuePage:
        """Up to ``limit`` items of a shard behind ``after`` with ``look_at`` <= ``until``, in order of position.

        ``reached`` lies at the last item returned or, where nothing more is to come up to there, further on;
        ``complete`` says that ``until`` has been reached. A call reads a bounded stretch of time: it may
        return no items and still be incomplete. Consistent.
        """
        ...

    def known(self, places: Sequence[tuple[int, DuePosition]]) -> Sequence[bool]:
        """Whether there is an item at each of these positions of shards; in order.

        For the operator's repairs. Not consistent: one that was put a second ago may be overlooked.
        """
        ...

    def acquire(
        self, shard: int, *, token: str, now: datetime, lease_until: datetime, first: Watermark
    ) -> Watermark | None:
        """Take the lease on a shard; its watermark (``first`` if it never had one).

        None while another one's lease lives.
        """
        ...

    def save(self, shard: int, *, token: str, watermark: Watermark) -> bool:
        """Move the watermark and give the lease up; False, and nothing is written, when another one has the lease."""
        ...


class AccountStore(Protocol):
    """Users and their tenants."""

    def create(self, user: User) -> None:
        """Write a user and the tenant of its own, both or neither.

        Raises EmailTakenError (compared by ``email_key``).
        """
        ...

    def by_email(self, email: str) -> User:
        """Raises NotFoundError."""
        ...

    def by_id(self, tenant_id: str, user_id: str) -> User:
        """One read of one row: each request makes it. Consistent. Raises NotFoundError."""
        ...

    def replace(self, user: User) -> bool:
        """Write an edit; its version is one higher. False when somebody else's came between, or the user is gone.

        The address never changes.
        """
        ...

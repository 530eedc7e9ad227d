"""The ports of what is kept besides jobs: history, due items, accounts."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from tickwell.domain.account import User
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.due import DueItem, DuePage, DuePosition, Watermark
from tickwell.domain.execution import Execution, ExecutionStatus, OccurrenceKey, Skip
from tickwell.domain.message import JobMessage

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """A page of a listing. ``next_cursor`` is opaque and None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Span(Generic[T]):
    """What lies in a range of instants, earliest first.

    ``reached``: everything up to and including this instant was read, and more may follow; None: all of the range was.
    """

    items: tuple[T, ...]
    reached: datetime | None


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

    def executions_between(
        self, tenant_id: str, job_id: str, *, since: datetime, until: datetime, limit: int, consistent: bool = False
    ) -> Span[Execution]:
        """Up to ``limit`` records of what was due from ``since`` to ``until``, without output and logs.

        What the job's children ran is among them. Those of one occurrence come together, in the order of the attempts;
        only of one with more than ``limit`` some are missing. With ``consistent`` nothing is missed that was recorded
        before.
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

    def skips_between(self, tenant_id: str, job_id: str, *, since: datetime, until: datetime, limit: int) -> Span[Skip]:
        """Up to ``limit`` skips that begin from ``since`` to ``until``, and before them those that reach into that.

        Of these only the ten that begin last are looked for: ranges of one job hardly ever overlap.
        """
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

    def forget(self, messages: Sequence[JobMessage]) -> None:
        """The attempts of ``messages`` have ended, and that is written: the safety sync need not look at them.

        May do nothing, where it costs more to delete an item than to look at it once. What was not written for the
        very instant at which the attempt was to start may stay.
        """
        ...

    def within_reach(self, *, sweep_until: datetime | None, check_until: datetime) -> Collection[int]:
        """The shards that are worth a visit of the safety sync; the others have nothing for it.

        Those with an item between their watermark and the given instants (``sweep_until`` None: it does not sweep), or
        with a watermark that is missing or ahead of them. It may name more, up to all, where it could not tell cheaper
        than by a visit.
        """
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

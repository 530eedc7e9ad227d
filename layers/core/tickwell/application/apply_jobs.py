"""Jobs as code: a file of definitions is applied, with a diff, a dry run, and deletion of what it has no more (X24)."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

from tickwell.application.bulk import OF_ONE
from tickwell.application.create_job import After, NewJob
from tickwell.application.define_job import DefineAction, Defined, DefineJob, KeyedJob
from tickwell.application.manage_job import JobAction
from tickwell.domain.account import Principal
from tickwell.domain.caller_key import KeyHolder
from tickwell.domain.errors import InvalidInputError, NotFoundError, TickwellError, UnavailableError
from tickwell.domain.job import Job, JobStatus

MOST_JOBS = 1000
"""As many jobs may be in a file, and as many are deleted by one request."""

PATIENCE = timedelta(seconds=12)
"""Nothing is begun later than this after the request: the API has 20 seconds."""

_PAGE = 500


class Prune(StrEnum):
    """What became of the deletion of jobs that the file no longer has."""

    NOT_ASKED = "not_asked"
    DONE = "done"
    INCOMPLETE = "incomplete"  # there are more: apply the file again
    LEFT_OUT = "left_out"  # something in the file failed, and what may be deleted is not certain


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A job of the file: its key as far as it could be read, and what is asked for, or what is wrong with it."""

    key: str | None
    job: NewJob | TickwellError


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """How a file is applied.

    ``scope`` names the file: its jobs carry it. ``prune`` (never without a scope): jobs that carry it and are not in
    the file are deleted. ``adopt``: jobs of other scopes are taken over. ``dry_run``: nothing is done.
    """

    scope: str | None = None
    prune: bool = False
    adopt: bool = False
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What became of one key."""

    key: str | None
    outcome: Defined | TickwellError


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplyReport:
    """What became of each job of the file, in order, and behind those what was deleted."""

    applied: tuple[Applied, ...]
    prune: Prune


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplyJobs:
    """The use case; see ``__call__``. ``side_by_side`` says how many jobs are looked at at the same time."""

    define_job: DefineJob
    side_by_side: int = 8

    def __call__(self, principal: Principal, entries: Sequence[Entry], choice: Choice) -> ApplyReport:
        """Make the jobs what the file says, each by itself: one that is refused does not refuse the others.

        May be repeated: what is done already is unchanged then. What could not be begun in time is an
        UnavailableError. Only when nothing failed are jobs deleted, for else one that was only spelled wrong might be
        among them. Raises InvalidInputError("scope"), UnavailableError while reading what there is of a scope.
        """
        if choice.prune and choice.scope is None:
            raise InvalidInputError("scope", "is required with prune: only jobs that carry it are deleted")
        begun_at = self.define_job.create_job.clock.now()
        with ThreadPoolExecutor(self.side_by_side, thread_name_prefix="apply") as threads:
            applied = tuple(
                threads.map(lambda entry: self._apply(principal, entry, choice, begun_at), _without_twins(entries))
            )
            if not choice.prune:
                return ApplyReport(applied=applied, prune=Prune.NOT_ASKED)
            if any(isinstance(one.outcome, TickwellError) for one in applied):
                return ApplyReport(applied=applied, prune=Prune.LEFT_OUT)
            kept = frozenset(entry.key for entry in entries if entry.key is not None)
            deleted, prune = self._prune(principal, kept, choice, begun_at, threads)
        return ApplyReport(applied=applied + deleted, prune=prune)

    def _apply(self, principal: Principal, entry: Entry, choice: Choice, begun_at: datetime) -> Applied:
        if isinstance(entry.job, TickwellError) or entry.key is None:
            fault = entry.job if isinstance(entry.job, TickwellError) else InvalidInputError("key", "is required")
            return Applied(key=entry.key, outcome=fault)
        if self._is_late(begun_at):
            return Applied(key=entry.key, outcome=_TOO_SLOW)
        wanted = KeyedJob(key=entry.key, job=entry.job, scope=choice.scope, adopts=choice.adopt)
        return _outcome(entry.key, lambda: self.define_job(principal, wanted, dry_run=choice.dry_run))

    def _prune(
        self,
        principal: Principal,
        kept: frozenset[str],
        choice: Choice,
        begun_at: datetime,
        threads: ThreadPoolExecutor,
    ) -> tuple[tuple[Applied, ...], Prune]:
        """Delete what carries the scope and is not ``kept``; what was done, and whether that was all."""
        holders = (holder for holder in self._of_scope(principal, str(choice.scope)) if holder.key not in kept)
        deleted: list[Applied] = []
        prune = Prune.DONE
        while chunk := list(islice(holders, self.side_by_side * 8)):
            if self._is_late(begun_at) or len(deleted) >= MOST_JOBS:
                return tuple(deleted), Prune.INCOMPLETE
            done = threads.map(lambda holder: self._delete(principal, holder, choice), chunk)
            deleted += [applied for applied in done if applied is not None]
        if any(isinstance(one.outcome, TickwellError) for one in deleted):
            prune = Prune.INCOMPLETE
        return tuple(deleted), prune

    def _of_scope(self, principal: Principal, scope: str) -> Iterator[KeyHolder]:
        after: str | None = None
        while True:
            page = self.define_job.caller_keys.of_scope(principal.tenant_id, scope, after=after, limit=_PAGE)
            yield from page.items
            after = page.next_cursor
            if after is None:
                return

    def _delete(self, principal: Principal, holder: KeyHolder, choice: Choice) -> Applied | None:
        """Delete the job of ``holder``, if it says itself that it belongs there; None: there is nothing to delete."""
        define, change = self.define_job, self.define_job.change_job
        found: list[Job] = []

        def edit(job: Job, now: datetime) -> Job:
            ours = (job.caller_key, job.scope) == (holder.key, choice.scope)
            if not ours or job.status is JobStatus.DELETED:
                return job
            found.append(job)
            return job if choice.dry_run else change.edit(JobAction.DELETE, job, now)

        def delete() -> Defined:
            job = change.change(principal, holder.job_id, edit)
            return Defined(key=holder.key, action=DefineAction.DELETED, job=job)

        applied = _outcome(holder.key, delete)
        if isinstance(applied.outcome, NotFoundError):  # it expired, or was never written: so nobody has the key
            if not choice.dry_run and holder.is_abandoned(define.create_job.clock.now()):
                define.caller_keys.release(holder.tenant_id, holder.key, holder.job_id)
            return None
        return applied if found or isinstance(applied.outcome, TickwellError) else None

    def _is_late(self, begun_at: datetime) -> bool:
        return self.define_job.create_job.clock.now() - begun_at > PATIENCE


_TOO_SLOW = UnavailableError("store", "it was too slow for so many jobs; apply them again")


def _outcome(key: str, act: Callable[[], Defined]) -> Applied:
    try:
        return Applied(key=key, outcome=act())
    except OF_ONE as error:
        return Applied(key=key, outcome=error)


def _without_twins(entries: Sequence[Entry]) -> list[Entry]:
    """The entries; one whose key stands before it already, and one that would never be unchanged, are refused."""
    places: dict[str, int] = {}
    checked: list[Entry] = []
    for place, entry in enumerate(entries):
        first = place if entry.key is None else places.setdefault(entry.key, place)
        if first != place:
            twin = InvalidInputError("key", f"stands twice: jobs[{first}] has it as well")
            checked.append(replace(entry, job=twin))
        elif isinstance(entry.job, NewJob) and isinstance(entry.job.schedule, After):
            moving = "counts from each request, so that the job would change each time; give scheduled_time instead"
            checked.append(replace(entry, job=InvalidInputError("delay_seconds", moving)))
        else:
            checked.append(entry)
    return checked

"""Run the occurrences of a past range that were not executed, each once (X5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from tickwell.application.arming import Arming, attempt_message
from tickwell.application.ports import Clock, History, JobStore
from tickwell.application.queue_directory import QueueDirectory
from tickwell.domain.account import Principal
from tickwell.domain.child import child_id, stand_in, stands_in_for
from tickwell.domain.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from tickwell.domain.instant import instant
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.occurrence_entry import MILLISECOND, due_between

MOST_OCCURRENCES = 1000
"""A request looks at no more occurrences of the schedule than this."""

STEP = 100
"""So many children are written together: their due items, then they themselves, then their messages."""

PATIENCE = timedelta(seconds=12)
"""Nothing is begun later than this after the request: the API has 20 seconds."""

_CLOCKS_APART = timedelta(minutes=1)
_ROWS = 1000
_MOST_READINGS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class BackfillRange:
    """Occurrences from ``since`` to ``until`` (None: now), both included, started ``spread`` apart; or only counted."""

    since: datetime
    until: datetime | None = None
    spread: timedelta = timedelta(seconds=1)
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Backfilled:
    """What became of the occurrences of a range; in a dry run ``created`` counts those that would be.

    ``existing``: an earlier backfill has made their children. ``executed``: they have an attempt, or wait for one.
    ``until``: as far as occurrences are decided; ``next_from``: the first one that was not come to, None at the end.
    ``last_start_at``: when the last one starts. ``launched`` False: the safety sync will send some messages.
    """

    created: int = 0
    existing: int = 0
    executed: int = 0
    until: datetime
    next_from: datetime | None = None
    last_start_at: datetime | None = None
    launched: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Backfill:
    """The use case; see ``__call__``."""

    jobs: JobStore
    history: History
    directory: QueueDirectory
    arming: Arming
    clock: Clock

    def __call__(self, principal: Principal, job_id: str, wanted: BackfillRange) -> Backfilled:
        """Make the children that run what ``wanted`` has and nobody has executed; oldest first, in steps.

        The schedule as it stands says which occurrences there are, also before the job was created. What is not decided
        yet, from the next run on, is left to the schedule. Ids are derived from job and occurrence, and put if absent:
        whoever asks again, after a crash or at the same time, makes none twice. Due items, children, messages, in this
        order (rule 1). Children belong to their job and take no place in the quota of jobs.

        Raises NotFoundError, IllegalTransitionError (deleted, or a one-time job), InvalidInputError, and, where nothing
        was made, UnavailableError or StaleDueItemError.
        """
        now = self.clock.now()
        job = self._recurring(principal, job_id, now)
        until = _decided_until(job, wanted, now)
        found = list(islice(due_between(job.schedule, instant(wanted.since), until), MOST_OCCURRENCES + 1))
        due, following = found[:MOST_OCCURRENCES], found[MOST_OCCURRENCES:]
        executed, reached = self._executed(job, due, now)
        if reached is not None:
            due, following = _split(due, reached, following)
        missing = [due_at for due_at in due if due_at not in executed]
        standing = self.jobs.get_many([_child_key(job, due_at) for due_at in missing])
        wanting = [due_at for due_at in missing if _child_key(job, due_at) not in standing]
        report = Backfilled(
            executed=len(due) - len(missing),
            existing=len(standing),
            until=until,
            next_from=following[0] if following else None,
        )
        if wanted.dry_run:
            return replace(report, created=len(wanting))
        return self._make(job, wanting, wanted.spread, report, begun_at=now)

    def _recurring(self, principal: Principal, job_id: str, now: datetime) -> Job:
        job = self.jobs.get(principal.tenant_id, job_id)
        if self.directory.hides(job, now):
            raise NotFoundError("job", job_id)
        if job.status is JobStatus.DELETED or not job.is_recurring:
            raise IllegalTransitionError("job" if job.is_recurring else "one-time job", job.status.value, "backfill")
        return job

    def _executed(self, job: Job, due: Sequence[datetime], now: datetime) -> tuple[set[datetime], datetime | None]:
        """Which occurrences were begun, and how far that is known; None: of all of ``due``.

        ``job`` was read before: a record is written before the job is finished, so nothing falls between the two.
        """
        found = {pending.due_at for pending in job.pending} | ({job.slot.due_at} if job.slot is not None else set())
        since = due[0] if due else now
        for _ in range(_MOST_READINGS):
            if not due or since > due[-1]:
                return found, None
            place = (job.tenant_id, job.job_id)
            span = self.history.executions_between(*place, since=since, until=due[-1], limit=_ROWS, consistent=True)
            for execution in span.items:
                is_extra = execution.job_id != job.job_id and stands_in_for(execution.job_id) is None
                found |= set() if is_extra else {stands_in_for(execution.job_id) or execution.due_at}
            if span.reached is None:
                return found, None
            since = span.reached + MILLISECOND
        return found, since - MILLISECOND

    def _make(
        self, job: Job, due: Sequence[datetime], spread: timedelta, report: Backfilled, *, begun_at: datetime
    ) -> Backfilled:
        for at in range(0, len(due), STEP):
            if self.clock.now() - begun_at > PATIENCE:
                return replace(report, next_from=due[at])
            starts = [(due_at, begun_at + (at + number) * spread) for number, due_at in enumerate(due[at : at + STEP])]
            try:
                made = self._step(job, starts)
            except UnavailableError:
                if not at:
                    raise
                return replace(report, next_from=due[at])
            report = replace(
                report,
                created=report.created + made.created,
                existing=report.existing + made.existing,
                launched=report.launched and made.launched,
                last_start_at=starts[-1][1],
            )
            if made.next_from is not None:
                return replace(report, next_from=made.next_from)
        return report

    def _step(self, job: Job, starts: Sequence[tuple[datetime, datetime]]) -> Backfilled:
        """Make the children of some occurrences, each of which starts at an instant of its own."""
        now = self.clock.now()
        children = [stand_in(job, due_at, now=now) for due_at, _ in starts]
        messages = [
            attempt_message(child, due_at=due_at, attempt=1, run_at=run_at)
            for child, (due_at, run_at) in zip(children, starts, strict=True)
        ]
        items = self.arming.prepare(messages, now=now)
        self.arming.require_fresh(prepared_at=now)
        standing = self._create(children)
        new = [
            item
            for item, child in zip(items, children, strict=True)
            if (stored := standing.get(child.key)) is not None and stored.created_at == child.created_at
        ]
        failed = [due_at for child, (due_at, _) in zip(children, starts, strict=True) if child.key not in standing]
        return Backfilled(
            created=len(new),
            existing=len(standing) - len(new),
            until=now,
            next_from=failed[0] if failed else None,
            launched=self.arming.launch(new, now=self.clock.now()),
        )

    def _create(self, children: Sequence[Job]) -> dict[JobKey, Job]:
        """The children that are certain to be there, as they stand: another request may make the same ones."""
        try:
            certain = self.jobs.create_many(children)
        except ConflictError:
            return dict(self.jobs.get_many([child.key for child in children]))
        return {child.key: child for child, is_there in zip(children, certain, strict=True) if is_there}


def _decided_until(job: Job, wanted: BackfillRange, now: datetime) -> datetime:
    """The last instant of the range whose occurrence would have been claimed or skipped by now.

    A job that has no next run may be resumed at this very moment, by a server whose clock is behind.
    """
    if wanted.since > now:
        raise InvalidInputError("from", "must lie in the past: what is to come runs by itself")
    if wanted.until is not None and wanted.until < wanted.since:
        raise InvalidInputError("until", "must not be before from")
    until = instant(now if wanted.until is None else min(wanted.until, now))
    return min(until, now - _CLOCKS_APART if job.next_run_at is None else job.next_run_at - MILLISECOND)


def _split(
    due: Sequence[datetime], reached: datetime, following: Sequence[datetime]
) -> tuple[list[datetime], list[datetime]]:
    """``due`` up to ``reached``, and what comes behind."""
    return [at for at in due if at <= reached], [*(at for at in due if at > reached), *following]


def _child_key(job: Job, due_at: datetime) -> JobKey:
    return JobKey(tenant_id=job.tenant_id, job_id=child_id(job.job_id, due_at))

"""Write the due items that are missing (rule 6): after an outage that they did not outlive, or a loss of the table's.

Everything else finds what is due by due items. This walks through the jobs instead, once, for an operator who asks.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.application.arming import attempt_message, first_attempt, slot_message
from tickwell.application.ports import Clock, DueItems, History, JobWalk, WalkedJobs
from tickwell.domain.due import DueItem
from tickwell.domain.errors import UnavailableError
from tickwell.domain.execution import Execution, OccurrenceKey
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.retry import RetryAt
from tickwell.domain.slot import TAKEOVER_DELAY, Slot

_GRID = timedelta(minutes=5)
_LEAST_AHEAD = timedelta(minutes=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_PAUSES_SECONDS = (1.0, 5.0, 20.0, 60.0)
_TELL_EACH = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How much of a table a walk may take in a second: 1 KB written is a unit, and so are 8 KB read."""

    read_units: float = float("inf")
    write_units: float = float("inf")

    def seconds(self, page: WalkedJobs, written: int, parts: int) -> float:
        """How long one of ``parts`` pauses after it has read ``page`` and written so many due items."""
        return (page.cost / self.read_units + written / self.write_units) * parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuilt:
    """``jobs`` were read, due items for ``awaited`` attempts looked for, and ``missing`` of them were not there."""

    jobs: int = 0
    awaited: int = 0
    missing: int = 0

    def plus(self, other: "Rebuilt") -> "Rebuilt":
        """Both together."""
        return Rebuilt(
            jobs=self.jobs + other.jobs,
            awaited=self.awaited + other.awaited,
            missing=self.missing + other.missing,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Awaited:
    """The due item that an attempt should have, and the instants at which it may lie already."""

    item: DueItem
    looks: frozenset[datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class RebuildDueItems:
    """The use case; see ``__call__``. ``wait`` waits so many seconds; ``tell`` hears now and then how far it is."""

    walk: JobWalk
    due_items: DueItems
    history: History
    clock: Clock
    wait: Callable[[float], object]
    tell: Callable[[Rebuilt], object] = lambda _: None
    pace: Pace = Pace()

    def __call__(self, *, dry_run: bool) -> Rebuilt:
        """Walk through all jobs and write what is missing, or only count it. May run beside everything else.

        May be broken off and repeated: what was written once is found. An overdue job that is looked after further on,
        because its due item was carried there, is left alone: what was carried lives longer than its first due item.
        Of what waits in a slot and is overdue nobody may know where that lay; a second one costs a look.
        Raises UnavailableError when the store fails for longer.
        """
        with ThreadPoolExecutor(self.walk.parts, thread_name_prefix="rebuild") as threads:
            parts = list(threads.map(lambda part: self._part(part, dry_run=dry_run), range(self.walk.parts)))
        total = Rebuilt()
        for part in parts:
            total = total.plus(part)
        return total

    def _part(self, part: int, *, dry_run: bool) -> Rebuilt:
        done, after, pages = Rebuilt(), None, 0
        while True:
            page, found = self._patiently(part, after, dry_run=dry_run)
            done, after, pages = done.plus(found), page.reached, pages + 1
            if after is None:
                return done
            if pages % _TELL_EACH == 0:
                self.tell(done)
            self.wait(self.pace.seconds(page, 0 if dry_run else found.missing, self.walk.parts))

    def _patiently(self, part: int, after: str | None, *, dry_run: bool) -> tuple[WalkedJobs, Rebuilt]:
        """One page; where the store fails, once more after a while: the walk is long, and beginning anew is dear."""
        for pause_seconds in _PAUSES_SECONDS:
            try:
                return self._page(part, after, dry_run=dry_run)
            except UnavailableError:
                self.wait(pause_seconds)
        return self._page(part, after, dry_run=dry_run)

    def _page(self, part: int, after: str | None, *, dry_run: bool) -> tuple[WalkedJobs, Rebuilt]:
        page, now = self.walk.page(part, after=after), self.clock.now()
        awaited = [one for job in page.jobs for one in self._awaited(job, now)]
        missing = self._missing(awaited)
        if not dry_run:
            self.due_items.put(missing)
        return page, Rebuilt(jobs=len(page.jobs), awaited=len(awaited), missing=len(missing))

    def _missing(self, awaited: Sequence[_Awaited]) -> list[DueItem]:
        places = [(one, one.item.looked_at(look_at)) for one in awaited for look_at in one.looks]
        known = self.due_items.known([(item.shard, item.position) for _, item in places])
        there = {id(one) for (one, _), is_known in zip(places, known, strict=True) if is_known}
        return [one.item for one in awaited if id(one) not in there]

    def _awaited(self, job: Job, now: datetime) -> Iterator[_Awaited]:
        if job.status is JobStatus.ACTIVE and job.next_run_at is not None:
            yield _due(job, first_attempt(job, job.next_run_at), now)
        slot = job.slot
        if slot is None:
            return
        if slot.is_running():
            if slot.may_be_taken_over(now):
                yield _abandoned(job, slot, now)
        elif job.status is JobStatus.ACTIVE:
            yield self._retry(job, slot, now)

    def _retry(self, job: Job, slot: Slot, now: datetime) -> _Awaited:
        """The attempt before it has told when it starts; without a record of that, it starts at once."""
        records = self.history.attempts_at(OccurrenceKey(job=job.key, due_at=slot.due_at))
        last = records[-1] if records else None
        run_at = slot.due_at
        if last is not None and isinstance(last.decision, RetryAt) and last.decision.attempt == slot.attempt:
            run_at = last.decision.at
        return _due(job, slot_message(job, slot, run_at), now, last)


def _due(job: Job, message: JobMessage, now: datetime, last: Execution | None = None) -> _Awaited:
    """Of what is still to come the due item lies at its start; of what is overdue where it was written first."""
    if message.run_at > now:
        item = DueItem(message=message, look_at=message.run_at, sent=False)
        return _Awaited(item=item, looks=frozenset({item.look_at}))
    written = (job.created_at, job.updated_at, job.last_executed_at, None if last is None else last.finished_at)
    looks = {max(message.run_at, at) for at in written if at is not None}
    return _overdue(message, looks, now)


def _abandoned(job: Job, slot: Slot, now: datetime) -> _Awaited:
    message = attempt_message(job, due_at=slot.due_at, attempt=slot.attempt, run_at=slot.due_at)
    looks = set() if slot.lease_until is None else {slot.lease_until + TAKEOVER_DELAY}
    return _overdue(message, looks, now)


def _overdue(message: JobMessage, looks: set[datetime], now: datetime) -> _Awaited:
    """To be looked at soon, ahead of the safety sync, and at the same instant when this is repeated at once."""
    ahead = now + _LEAST_AHEAD - _EPOCH
    look_at = _EPOCH - (-ahead // _GRID) * _GRID
    item = DueItem(message=message, look_at=look_at, sent=True)
    return _Awaited(item=item, looks=frozenset({*looks, look_at}))

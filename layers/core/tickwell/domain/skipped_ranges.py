"""Skipped occurrences: told one by one where the schedule still says which they were, else as ranges."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from tickwell.domain.execution import Skip
from tickwell.domain.job import Job
from tickwell.domain.occurrence_entry import (
    OccurrenceEntry,
    OccurrenceOutcome,
    Window,
    due_between,
    is_undecided,
)
from tickwell.domain.schedule import Schedule, next_due

MOST_EXPANDED = 1000
"""A range of more skipped occurrences than this is shown as one."""


def skipped(
    job: Job, skips: Sequence[Skip], window: Window, most: int
) -> tuple[list[OccurrenceEntry], dict[datetime, OccurrenceEntry]]:
    """Ranges to be shown as one, and single skipped occurrences: a range as these where the schedule still says which.

    Ends once there are enough: skips are in the order of their first instants.
    """
    ranges: list[OccurrenceEntry] = []
    singles: dict[datetime, OccurrenceEntry] = {}
    for skip in skips:
        if len(ranges) + len(singles) > most:
            break
        if is_undecided(job, skip.first_due_at):
            continue
        outcome = OccurrenceOutcome(skip.outcome.value)
        instants = _instants(skip, job.schedule)
        if instants is not None:
            within = (due_at for due_at in instants if window.has(due_at) and not is_undecided(job, due_at))
            for due_at in within:
                singles[due_at] = OccurrenceEntry(due_at=due_at, outcome=outcome, reason=skip.reason)
        elif window.after is None or skip.first_due_at >= window.after:
            ranges.append(
                OccurrenceEntry(
                    due_at=skip.first_due_at,
                    last_due_at=skip.last_due_at,
                    count=skip.count,
                    outcome=outcome,
                    reason=skip.reason,
                )
            )
    return ranges, singles


def _instants(skip: Skip, schedule: Schedule) -> Sequence[datetime] | None:
    """Which occurrences a skip speaks of; None where they are many, or the schedule tells others by now."""
    if skip.first_due_at == skip.last_due_at:
        return [skip.first_due_at]
    if skip.count is None or skip.count > MOST_EXPANDED:
        return None
    found = list(islice(due_between(schedule, skip.first_due_at, skip.last_due_at), skip.count + 1))
    same = len(found) == skip.count and (found[0], found[-1]) == (skip.first_due_at, skip.last_due_at)
    return found if same else None


def beside_singles(
    ranges: Sequence[OccurrenceEntry], singles: Mapping[datetime, OccurrenceEntry], schedule: Schedule
) -> Iterator[OccurrenceEntry]:
    """``ranges``, in order, without the instants of ``singles``, of which something else is told.

    So where an occurrence was executed after all, and where one was recorded twice: whoever leaves occurrences out
    records that before the job is written, and does so again for fewer of them if another worker was faster. Children
    in between may have been backfilled by another schedule: they are not among those that the range counts.
    """
    for entry in _merged(ranges):
        last = entry.last_due_at or entry.due_at
        among = [at for at, told in singles.items() if entry.due_at < at <= last and told.child_id is None]
        count = None if entry.count is None else entry.count - len(among) - (entry.due_at in singles)
        due_at = _first_beside(entry.due_at, last, singles, schedule)
        if due_at is not None and (count is None or count > 0):
            yield replace(entry, due_at=due_at, count=count)


def _first_beside(
    due_at: datetime, last: datetime, singles: Collection[datetime], schedule: Schedule
) -> datetime | None:
    """Where a range begins that goes on behind ``singles``, as well as the schedule by now can tell."""
    following: datetime | None = due_at
    while following is not None and following in singles:
        following = next_due(schedule, following)
    if following is not None and following <= last:
        return following
    return None if last in singles else last


def _merged(ranges: Sequence[OccurrenceEntry]) -> Iterator[OccurrenceEntry]:
    """Those that overlap as one. How many a later end adds is not known, for the schedule does not say it any more."""
    whole: OccurrenceEntry | None = None
    for entry in ranges:
        if whole is None or whole.last_due_at is None or entry.due_at > whole.last_due_at:
            if whole is not None:
                yield whole
            whole = entry
        elif entry.last_due_at is not None and entry.last_due_at > whole.last_due_at:
            whole = replace(whole, last_due_at=entry.last_due_at, count=None)
    if whole is not None:
        yield whole

"""The occurrences of a job, past and to come, each with its one outcome (X4, X5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.application.ports import Clock, History, JobListing, JobStore, Span
from tickwell.application.queue_directory import QueueDirectory
from tickwell.domain.account import Principal
from tickwell.domain.child import parent_of
from tickwell.domain.errors import InvalidInputError, NotFoundError
from tickwell.domain.instant import from_epoch_ms, instant
from tickwell.domain.job import Job
from tickwell.domain.occurrence_entry import MILLISECOND, OccurrenceEntry, Recorded, Window
from tickwell.domain.occurrence_outcome import occurrence_entries

MOST_ON_A_PAGE = 1000

LOOK_BACK = timedelta(hours=24)
"""So long before now, or before its end where that is past, the listing begins unless the caller says otherwise."""

_LATEST = from_epoch_ms(10**13 - 1)
_CLOCKS_APART = timedelta(minutes=1)
_SPARE_ROWS = 240
"""Room for all attempts of two occurrences (101 by retries, and some that were lost or returned): a whole one, and the
one that the page before ended with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OccurrencePage:
    """Entries in order; ``reached``: where to go on behind, None at the end."""

    entries: tuple[OccurrenceEntry, ...]
    reached: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListOccurrences:
    """The use case; see ``__call__``."""

    jobs: JobStore
    history: History
    listing: JobListing
    directory: QueueDirectory
    clock: Clock

    def __call__(
        self,
        principal: Principal,
        job_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: datetime | None = None,
        limit: int,
    ) -> OccurrencePage:
        """Up to ``limit`` entries from ``since`` (else from ``LOOK_BACK`` ago) to ``until`` (else as far as it goes).

        Behind ``after``, which a page before has reached. A page costs what it shows, wherever it lies: the job, as
        many rows of history as entries and up to 240 more, and nothing for what is to come. It may be short although
        more follow. Raises NotFoundError, InvalidInputError.
        """
        now = self.clock.now()
        last = instant(_LATEST if until is None else min(until, _LATEST))
        first = instant(min(now, last) - LOOK_BACK if since is None else since)
        if last < first:
            raise InvalidInputError("until", "must not be before from")
        if not 1 <= limit <= MOST_ON_A_PAGE:
            raise InvalidInputError("limit", f"must be from 1 to {MOST_ON_A_PAGE}")
        job = self.jobs.get(principal.tenant_id, job_id)
        if self.directory.hides(job, now):
            raise NotFoundError("job", job_id)
        if after is not None:
            first = max(first, after + MILLISECOND)
        window = Window(since=first, until=last, after=after)
        recorded, reached = self._recorded(job, window, rows=limit + _SPARE_ROWS, now=now)
        if reached is not None:
            window = Window(since=first, until=min(reached, last), after=after)
        entries = occurrence_entries(job, recorded, window, most=limit + 1, now=now)
        if len(entries) > limit:
            reached = entries[limit - 1].due_at
        return OccurrencePage(entries=tuple(entries[:limit]), reached=reached)

    def _recorded(self, job: Job, window: Window, *, rows: int, now: datetime) -> tuple[Recorded, datetime | None]:
        """What lies in the past of ``window``, and up to where that was read; None: all of it.

        Workers' clocks may be ahead: what they have begun is looked for a minute beyond now. And from where the page
        before ended, for a range of skipped ones may begin right there.
        """
        since = window.since if window.after is None else min(window.since, window.after)
        until = min(window.until, now + _CLOCKS_APART)
        if until < since:
            return Recorded(), None
        place = (job.tenant_id, job.job_id)
        skips = self.history.skips_between(*place, since=since, until=until, limit=rows)
        executions = self.history.executions_between(*place, since=since, until=until, limit=rows)
        children: Span[Job] = Span(items=(), reached=None)
        if parent_of(job.job_id) is None:
            children = self.listing.stand_ins(*place, since=since, until=until, limit=rows)
        cuts = [span.reached for span in (skips, executions, children) if span.reached is not None]
        found = Recorded(executions=executions.items, skips=skips.items, children=children.items)
        return found, min(cuts, default=None)

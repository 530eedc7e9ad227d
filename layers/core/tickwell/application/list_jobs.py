"""List jobs: filtered, in four orders, by cursor or by number of page; and what is to come."""

from dataclasses import dataclass, replace
from datetime import timedelta

from tickwell.application.ports import Clock, JobListing, JobsFound, Page
from tickwell.application.queue_directory import QueueDirectory
from tickwell.domain.account import Principal
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.execution import require_page_limit
from tickwell.domain.job import Job
from tickwell.domain.job_listing import JobQuery

NEWEST_FIRST = JobQuery()
"""All jobs."""

UPCOMING = timedelta(hours=24)
"""How far ahead ``upcoming`` looks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListJobs:
    """The tenant's jobs."""

    listing: JobListing
    directory: QueueDirectory
    clock: Clock

    def __call__(
        self,
        principal: Principal,
        query: JobQuery = NEWEST_FIRST,
        *,
        limit: int,
        cursor: str | None = None,
        page: int | None = None,
    ) -> JobsFound:
        """A page behind ``cursor``, or the ``page``-th one (from 1), or the first.

        Raises InvalidInputError for ``limit`` (1 to 100), ``cursor`` and ``page``, and as ``JobListing.find``.
        """
        skip = rows_before(page, limit=require_page_limit(limit), cursor=cursor)
        past_kept = self.directory.past_kept(principal.tenant_id, self.clock.now())
        query = replace(query, past_kept=past_kept)
        return self.listing.find(principal.tenant_id, query, limit=limit, cursor=cursor, skip=skip)

    def upcoming(self, principal: Principal, *, limit: int, cursor: str | None = None) -> Page[Job]:
        """What is to run within 24 hours, soonest first. Raises InvalidInputError for ``limit`` and ``cursor``."""
        now = self.clock.now()
        return self.listing.upcoming(
            principal.tenant_id, after=now, until=now + UPCOMING, limit=require_page_limit(limit), cursor=cursor
        )


def rows_before(page: int | None, *, limit: int, cursor: str | None) -> int | None:
    """How many rows lie before the ``page``-th page; None where no page is asked for. Raises InvalidInputError."""
    if page is None:
        return None
    if cursor is not None:
        raise InvalidInputError("page", "does not go with a cursor: give one of the two")
    if page < 1:
        raise InvalidInputError("page", "must be 1 or more")
    return (page - 1) * limit

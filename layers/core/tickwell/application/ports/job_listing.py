"""The port that finds jobs among all of a tenant's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from tickwell.application.ports.stores import Page, Span
from tickwell.domain.job import Job
from tickwell.domain.job_listing import JobQuery

MOST_SORTED: Final = 10_000
"""An engine without an index for an order or a filter goes through no more of a tenant's jobs than this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobsFound:
    """A page of jobs. ``total`` counts all that the query chooses, or is None where counting them would cost more."""

    items: tuple[Job, ...]
    next_cursor: str | None
    total: int | None


class JobListing(Protocol):
    """Finds jobs; without payload and description. What is found may be a moment old."""

    def find(
        self, tenant_id: str, query: JobQuery, *, limit: int, cursor: str | None = None, skip: int | None = None
    ) -> JobsFound:
        """A page of what ``query`` chooses, behind ``cursor``, or behind the first ``skip`` of them.

        Without ``skip`` a page may be short although more follow: its cursor goes on. With ``skip`` (0 for the first
        page) it is full as long as there are enough. A cursor costs the same at any depth, ``skip`` what it leaves out.
        Raises InvalidInputError: "cursor" for one that no listing of this order gave; "page" where ``skip`` leads
        further than this engine counts; "sort_by", "tag" or "search" where this engine would have to go through more
        than ``MOST_SORTED`` jobs.
        """
        ...

    def upcoming(
        self, tenant_id: str, *, after: datetime, until: datetime, limit: int, cursor: str | None
    ) -> Page[Job]:
        """Active jobs whose next run lies behind ``after`` and not behind ``until``, soonest first.

        A page may be short; its cursor goes on. Raises InvalidInputError("cursor").
        """
        ...

    def stand_ins(self, tenant_id: str, parent_id: str, *, since: datetime, until: datetime, limit: int) -> Span[Job]:
        """Up to ``limit`` children that run an occurrence of ``parent_id`` in its place, in the order of these.

        Those of the occurrences from ``since`` to ``until``; deleted ones are among them.
        """
        ...

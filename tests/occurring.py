"""Listing the occurrences of a job in a world, and backfilling them, as the API does."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.world import ADA, World
from tickwell.application.backfill import Backfill, Backfilled, BackfillRange
from tickwell.application.list_occurrences import ListOccurrences
from tickwell.domain.account import Principal
from tickwell.domain.job import Job
from tickwell.domain.occurrence_entry import OccurrenceEntry


def occurrences(
    world: World, job: Job, principal: Principal = ADA, *, limit: int = 1000, **window: Any
) -> Sequence[OccurrenceEntry]:
    """All entries of a window, page by page."""
    core = world.core
    use_case = ListOccurrences(
        jobs=core.jobs, history=core.history, listing=core.listing, directory=core.directory, clock=core.clock
    )
    found: list[OccurrenceEntry] = []
    after: datetime | None = None
    while True:
        page = use_case(principal, job.job_id, after=after, limit=limit, **window)
        assert len(page.entries) <= limit
        found += page.entries
        if page.reached is None:
            return found
        assert after is None or page.reached > after, "a page gets on"
        after = page.reached


def outcomes(world: World, job: Job, **window: Any) -> list[tuple[datetime, str]]:
    """When, and what."""
    return [(entry.due_at, entry.outcome.value) for entry in occurrences(world, job, **window)]


def backfill(
    world: World,
    job: Job,
    since: datetime,
    until: datetime | None = None,
    *,
    principal: Principal = ADA,
    spread: float = 0,
    dry_run: bool = False,
) -> Backfilled:
    """One request."""
    core = world.core
    use_case = Backfill(
        jobs=core.jobs, history=core.history, directory=core.directory, arming=core.arming, clock=core.clock
    )
    wanted = BackfillRange(since=since, until=until, spread=timedelta(seconds=spread), dry_run=dry_run)
    return use_case(principal, job.job_id, wanted)

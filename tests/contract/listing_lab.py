"""Many different jobs, and what a listing of them is to give."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.contract.makers import DAILY, TENANT, TOMORROW, created
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tests.pages import every
from tickwell.application.ports import JobsFound, Page
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.job_listing import JobQuery
from tickwell.domain.lane import Lane
from tickwell.domain.schedule import OneTime
from tickwell.domain.slot import Slot

MINUTE = timedelta(minutes=1)
NAMES = ["Daily backup", "daily Backup", "Über uns", "ÜBER", "zeta", "Alpha", "_x", "漢字 🐘", "a" * 255, "🐘" * 255]
RUNNING = Slot(due_at=NOON, attempt=1, token="t", lease_until=NOON + MINUTE)
WAITING_RETRY = Slot(due_at=NOON, attempt=2)


def mixed(stores: Stores, count: int, seed: int = 1) -> list[Job]:
    """Jobs of all kinds, at several times; those that are listed are returned."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        stores.clock.advance(draw.choice([0.0, 0.001, 3.0]))
        now = stores.clock.now()
        status = draw.choice([*JobStatus, JobStatus.ACTIVE, JobStatus.ACTIVE])
        ended = status not in {JobStatus.ACTIVE, JobStatus.PAUSED}
        recurring = draw.random() < 0.4
        next_run_at = None if status is not JobStatus.ACTIVE else _next_run(draw)
        made.append(
            created(
                stores,
                name=draw.choice(NAMES),
                task=draw.choice(["echo", "send_email"]),
                schedule=DAILY if recurring else OneTime(at=next_run_at or NOON),
                next_run_at=next_run_at,
                status=status,
                lane=draw.choice(list(Lane)),
                queue=draw.choice([None, None, "images"]),
                tags=draw.choice([(), ("blue",), ("green", "blue"), ("ünïcode",)]),
                slot=draw.choice([None, None, RUNNING, WAITING_RETRY]) if not ended else None,
                created_at=now,
                updated_at=now + draw.choice([0, 1, 2]) * MINUTE,
                expires_at=now + draw.choice([timedelta(seconds=5), timedelta(days=1)]) if ended else None,
            )
        )
    created(stores, tenant_id="tenant-2")
    return made


def _next_run(draw: random.Random) -> datetime | None:
    return draw.choice([None, NOON, NOON + MINUTE, NOON + 16 * MINUTE, TOMORROW, NOON + timedelta(days=2)])


def oracle(jobs: list[Job], query: JobQuery, now: datetime) -> list[str]:
    """What the listing is to give, by the simplest means."""
    living = [one for one in jobs if one.expires_at is None or one.expires_at > now]
    chosen = [one for one in living if query.wants(one, now)]
    return [one.job_id for one in sorted(chosen, key=query.position, reverse=query.descending)]


def walk(find: Callable[[str | None], JobsFound | Page[Job]], limit: int) -> list[str]:
    """All pages by cursor."""
    return [one.job_id for one in every(find, most=limit)]


def upcoming(stores: Stores, *, limit: int = 3, tenant_id: str = TENANT) -> list[str]:
    """What is to run within a day, by cursor."""
    now = stores.clock.now()
    until = now + timedelta(hours=24)
    return walk(
        lambda cursor: stores.listing.upcoming(tenant_id, after=now, until=until, limit=limit, cursor=cursor), limit
    )

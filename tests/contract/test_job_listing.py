"""Finding jobs: filters, orders and pages against a plain oracle, on every engine."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.listing_lab import MINUTE, mixed, oracle, upcoming, walk
from tests.contract.makers import DAILY, TENANT, TOMORROW, claim, created, message
from tests.contract.store_engines import Stores, embedded_stores
from tests.doubles import NOON, FakeClock
from tickwell.adapters.cursors import encode_cursor
from tickwell.application.ports import JobsFound
from tickwell.domain.child import child
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.job import JobStatus
from tickwell.domain.job_filter import JobFilter
from tickwell.domain.job_listing import JobQuery, JobSort, PastKept
from tickwell.domain.schedule import JobType, OneTime

FILTERS = [
    JobFilter(),
    JobFilter(status="active"),
    JobFilter(status="pending"),
    JobFilter(state="running"),
    JobFilter(state="retrying"),
    JobFilter(status="waiting"),
    JobFilter(status="delayed", job_type=JobType.RECURRING),
    JobFilter(status="failed", state="completed"),
    JobFilter(status="deleted"),
    JobFilter(status="completed", queue="images"),
    JobFilter(queue="default-high"),
    JobFilter(job_type=JobType.ONE_TIME),
    JobFilter(task="echo", tag="blue"),
    JobFilter(tag="ünïcode"),
    JobFilter(tag="gre"),
    JobFilter(search="BACKUP"),
    JobFilter(search="über", status="active"),
    JobFilter(search="100%"),
    JobFilter(task="none"),
]
ORDERS = [(sort, descending) for sort in JobSort for descending in (True, False)]


@pytest.mark.parametrize(("sort_by", "descending"), ORDERS)
def test_every_filter_in_every_order_gives_what_an_oracle_gives(
    stores: Stores, sort_by: JobSort, descending: bool
) -> None:
    made = mixed(stores, 70)
    now = stores.clock.now()
    find = stores.listing.find
    for chosen in FILTERS[ORDERS.index((sort_by, descending)) % 4 :: 4]:
        query = JobQuery(chosen=chosen, sort_by=sort_by, descending=descending)
        expected = oracle(made, query, now)
        found = walk(lambda at, q=query: find(TENANT, q, limit=19, cursor=at), 19)  # type: ignore[misc]
        assert found == expected, chosen
        pages = [find(TENANT, query, limit=30, skip=skip) for skip in range(0, len(expected) + 1, 30)]
        assert [one.job_id for page in pages for one in page.items] == expected, chosen
        assert {page.total for page in pages} <= {None, len(expected)}
        assert pages[-1].total == len(expected)


def test_the_oracle_has_something_to_compare() -> None:
    made = mixed(embedded_stores(":memory:", FakeClock()).stores, 70)
    now = made[-1].created_at
    sizes = [len(oracle(made, JobQuery(chosen=chosen), now)) for chosen in FILTERS]
    assert sum(size > 2 for size in sizes) > len(FILTERS) // 2
    assert sizes[0] < len(made)


def test_listed_jobs_come_without_payload_and_whole_otherwise(stores: Stores) -> None:
    made = created(stores, payload="x" * 1000, description="long " * 200, tags=("a", "b"))
    for sort_by in JobSort:
        found = stores.listing.find(TENANT, JobQuery(sort_by=sort_by), limit=5)
        assert found == JobsFound(items=(replace(made, payload=None, description=None),), next_cursor=None, total=1)


def test_names_sort_without_regard_to_case_and_what_has_no_next_run_comes_last(stores: Stores) -> None:
    for name, at in (("b", None), ("A", NOON), ("a", TOMORROW), ("C", None)):
        created(stores, name=name, next_run_at=at)

    def names(**order: Any) -> list[str]:
        return [one.name for one in stores.listing.find(TENANT, JobQuery(**order), limit=10).items]

    assert names(sort_by=JobSort.NAME, descending=False) == ["A", "a", "b", "C"]
    assert names(sort_by=JobSort.NEXT_RUN, descending=False) == ["A", "a", "b", "C"]
    assert names(sort_by=JobSort.NEXT_RUN) == ["a", "A", "C", "b"]


def test_what_a_queue_keeps_no_longer_is_neither_listed_nor_counted(stores: Stores) -> None:
    ended: dict[str, Any] = {"queue": "images", "status": JobStatus.COMPLETED, "expires_at": TOMORROW}
    old = created(stores, **ended)
    kept = [
        created(stores, **ended, updated_at=NOON + MINUTE),
        created(stores, **{**ended, "status": JobStatus.FAILED}),
        created(stores, **{**ended, "queue": "others"}),
        created(stores, **ended, schedule=DAILY),
    ]
    past = PastKept(queue="images", completed=True, ended_before=NOON + MINUTE)
    for sort_by in JobSort:
        query = JobQuery(sort_by=sort_by, descending=False, past_kept=(past,))
        found = stores.listing.find(TENANT, query, limit=10)
        assert {one.job_id for one in found.items} == {one.job_id for one in kept}
        assert found.total == 4
        assert stores.listing.find(TENANT, query, limit=2, skip=4).items == ()
    assert old.job_id in {one.job_id for one in stores.listing.find(TENANT, JobQuery(), limit=10).items}


@pytest.mark.parametrize(
    ("sort_by", "cursor"),
    [
        (JobSort.CREATED_AT, "x"),
        (JobSort.CREATED_AT, encode_cursor("jobs:created_at:asc", ["x"])),
        (JobSort.NEXT_RUN, encode_cursor("jobs", ["x"])),
        (JobSort.NEXT_RUN, encode_cursor("jobs:next_run:desc", ["x", "y"])),
        (JobSort.NEXT_RUN, encode_cursor("jobs:next_run:desc", [1 << 64, "y"])),
        (JobSort.NAME, encode_cursor("jobs:name:desc", [1, "y"])),
        (JobSort.UPDATED_AT, encode_cursor("jobs:next_run:desc", [1, "y"])),
    ],
)
def test_a_cursor_of_another_order_is_refused(stores: Stores, sort_by: JobSort, cursor: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        stores.listing.find(TENANT, JobQuery(sort_by=sort_by), limit=5, cursor=cursor)
    assert refused.value.field == "cursor"


def test_another_tenant_finds_nothing(stores: Stores) -> None:
    created(stores, next_run_at=NOON + MINUTE)
    for sort_by in JobSort:
        assert stores.listing.find("tenant-2", JobQuery(sort_by=sort_by), limit=5) == JobsFound(
            items=(), next_cursor=None, total=0
        )
    assert upcoming(stores, tenant_id="tenant-2") == []


def test_jobs_that_are_created_during_a_listing_do_not_disturb_it(stores: Stores) -> None:
    made = [created(stores).job_id for _ in range(6)]
    query = JobQuery(descending=False)
    first = stores.listing.find(TENANT, query, limit=4)
    last = created(stores).job_id
    second = stores.listing.find(TENANT, query, limit=4, cursor=first.next_cursor)
    assert [one.job_id for one in (*first.items, *second.items)] == [*made, last]


def test_upcoming_shows_what_runs_within_a_day_soonest_first(stores: Stores) -> None:
    made = [one for one in mixed(stores, 90) if one.status is JobStatus.ACTIVE]
    now = stores.clock.now()
    soon = [one for one in made if one.next_run_at is not None and now < one.next_run_at <= now + timedelta(hours=24)]
    expected = [one.job_id for one in sorted(soon, key=lambda one: (one.next_run_at, one.job_id))]
    assert len(expected) > 6
    for limit in (4, 100):
        assert upcoming(stores, limit=limit) == expected


def test_upcoming_follows_claims_skips_edits_and_pauses(stores: Stores) -> None:
    near = created(stores, schedule=OneTime(at=NOON + MINUTE), next_run_at=NOON + MINUTE)
    far = created(stores, schedule=OneTime(at=TOMORROW), next_run_at=TOMORROW)
    daily = created(stores, schedule=DAILY, next_run_at=NOON + 2 * MINUTE)
    assert upcoming(stores) == [near.job_id, daily.job_id, far.job_id]
    stores.clock.advance(2 * MINUTE)
    assert upcoming(stores) == [far.job_id]
    due: dict[str, Any] = {"due_at": NOON + 2 * MINUTE, "now": NOON + 2 * MINUTE}
    stores.jobs.claim_many([claim(daily, next_run_at=NOON + 5 * MINUTE, **due)])
    assert upcoming(stores) == [daily.job_id, far.job_id]
    stores.clock.advance(3 * MINUTE)
    assert stores.jobs.skip(
        message(daily, due_at=NOON + 5 * MINUTE), next_run_at=NOON + 9 * MINUTE, now=stores.clock.now()
    )
    assert upcoming(stores) == [daily.job_id, far.job_id]
    paused = stores.jobs.get(TENANT, daily.job_id)
    assert stores.jobs.replace(paused.pause(stores.clock.now()), read=paused)
    assert upcoming(stores) == [far.job_id]
    moved = replace(far, version=2, next_run_at=NOON + 7 * MINUTE, updated_at=stores.clock.now())
    assert stores.jobs.replace(moved, read=far)
    assert upcoming(stores) == [far.job_id]
    stores.clock.advance(2 * MINUTE)
    assert upcoming(stores) == []


def test_an_old_job_with_a_derived_id_is_upcoming_too(stores: Stores) -> None:
    made = created(stores, job_id="00000000-0000-7000-8000-000000000000", next_run_at=NOON + MINUTE)
    assert upcoming(stores) == [made.job_id]


@pytest.mark.parametrize("cursor", ["x", encode_cursor("jobs", ["x"]), encode_cursor("upcoming", [1 << 64, "x"])])
def test_upcoming_refuses_a_cursor_that_it_did_not_give(stores: Stores, cursor: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        stores.listing.upcoming(TENANT, after=NOON, until=TOMORROW, limit=5, cursor=cursor)
    assert refused.value.field == "cursor"


def test_children_are_in_no_listing(stores: Stores) -> None:
    parent = created(stores)
    stores.jobs.create(child(parent, NOON, mark="00", now=NOON))
    for sort_by in JobSort:
        found = stores.listing.find(TENANT, JobQuery(sort_by=sort_by), limit=1)
        assert ([one.job_id for one in found.items], found.next_cursor) == ([parent.job_id], None)
        assert stores.listing.find(TENANT, JobQuery(sort_by=sort_by), limit=5, skip=1).total in {None, 1}

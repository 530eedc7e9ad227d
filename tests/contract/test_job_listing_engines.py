"""What finding jobs costs, and where it ends, on each engine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.contract.dynamodb_probe import counted, noting
from tests.contract.listing_lab import MINUTE, mixed, upcoming, walk
from tests.contract.makers import TENANT, created, job
from tests.contract.older_file import put_older_file
from tests.contract.sqlite_probe import steps
from tests.contract.store_engines import DynamoStores, EmbeddedStores, embedded_stores
from tests.doubles import NOON, FakeClock
from tickwell.adapters.aws.dynamodb import job_listing, listing
from tickwell.domain.counts import Counts, HourTally, JobCell
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.job import JobStatus
from tickwell.domain.job_filter import JobFilter
from tickwell.domain.job_listing import JobQuery, JobSort
from tickwell.domain.lane import Lane
from tickwell.domain.schedule import JobType
from tickwell.domain.usage import UsageByDay


def test_most_one_time_jobs_cost_nothing_in_the_index(dynamodb: DynamoStores) -> None:
    stores = dynamodb.stores
    created(stores)
    created(stores, next_run_at=NOON + 15 * MINUTE)
    assert "up" not in str(dynamodb.client.scan(TableName="tickwell")["Items"])
    far = job(stores, next_run_at=NOON + 16 * MINUTE)
    stores.jobs.create(far)
    assert dynamodb.client.scan(TableName="tickwell", IndexName="upcoming")["Count"] == 1


def test_a_cursor_costs_the_same_at_any_depth(dynamodb: DynamoStores) -> None:
    for _ in range(400):
        created(dynamodb.stores)
    costs = []
    cursor = None
    while True:
        with counted(dynamodb) as calls, rows_read(dynamodb) as rows:
            page = dynamodb.stores.listing.find(TENANT, JobQuery(), limit=20, cursor=cursor)
        cursor = page.next_cursor
        if cursor is None:
            break
        costs.append((calls["Query"], sum(rows)))
    first_calls, first_rows = costs[0]
    assert len(costs) == 19
    assert all(calls <= 2 * first_calls and read <= 2 * first_rows for calls, read in costs[:-3])


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("by", JobSort)
def test_a_cursor_takes_sqlite_as_far_at_any_depth(sqlite: EmbeddedStores, by: JobSort, *, descending: bool) -> None:
    stores = sqlite.stores
    stores.jobs.create_many(
        [
            job(
                stores,
                name=f"job {at * 7 % 600}",
                next_run_at=NOON + at % 5 * MINUTE,
                updated_at=NOON + at % 7 * MINUTE,
            )
            for at in range(600)
        ]
    )
    query = JobQuery(sort_by=by, descending=descending)
    costs: list[int] = []
    cursor = None
    while cursor is not None or not costs:
        with steps(sqlite.database) as counting:
            page = stores.listing.find(TENANT, query, limit=20, cursor=cursor)
        cursor = page.next_cursor
        costs.append(counting.taken)
    assert len(costs) == 30
    assert max(costs) <= 1.1 * min(costs[1:])
    assert costs[0] <= max(costs)


def test_a_filter_that_selects_little_ends_its_page_early_and_goes_on(
    dynamodb: DynamoStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_MOST_READ", 40)
    stores = dynamodb.stores
    rare = [created(stores, task="rare").job_id]
    for _ in range(120):
        created(stores)
    rare.append(created(stores, task="rare").job_id)
    query = JobQuery(chosen=JobFilter(task="rare"))
    first = stores.listing.find(TENANT, query, limit=5)
    assert ([one.job_id for one in first.items], first.total) == (rare[1:], None)
    assert first.next_cursor is not None
    assert walk(lambda cursor: stores.listing.find(TENANT, query, limit=5, cursor=cursor), 5) == rare[::-1]
    whole = stores.listing.find(TENANT, query, limit=5, skip=0)
    assert ([one.job_id for one in whole.items], whole.total) == (rare[::-1], 2)


def test_what_has_no_index_is_refused_beyond_a_bound(dynamodb: DynamoStores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_listing, "MOST_SORTED", 50)
    monkeypatch.setattr(listing, "MOST_SORTED", 50)
    stores = dynamodb.stores
    for _ in range(50):
        created(stores, tags=("blue",))
    queries = {
        "sort_by": JobQuery(sort_by=JobSort.NAME),
        "search": JobQuery(chosen=JobFilter(search="job")),
        "tag": JobQuery(chosen=JobFilter(tag="blue")),
    }
    for query in queries.values():
        assert stores.listing.find(TENANT, query, limit=5).total == 50
    for _ in range(40):
        created(stores)
    for field, query in queries.items():
        with pytest.raises(InvalidInputError, match="works over up to 50 jobs") as refused:
            stores.listing.find(TENANT, query, limit=5)
        assert refused.value.field == field
    with pytest.raises(InvalidInputError, match="go on with next_cursor") as too_far:
        stores.listing.find(TENANT, JobQuery(chosen=JobFilter(task="none")), limit=5, skip=5)
    assert too_far.value.field == "page"


def test_jobs_that_were_there_before_the_listing_are_found_by_every_order(tmp_path: Path) -> None:
    path, later = tmp_path / "tickwell.db", tmp_path / "later.db"
    model = embedded_stores(str(later), FakeClock())
    made = created(model.stores, name="old", next_run_at=NOON + MINUTE)
    model.database.close()
    put_older_file(path, 2, jobs_of=later)
    new = embedded_stores(str(path), FakeClock())
    for sort_by in JobSort:
        query = JobQuery(chosen=JobFilter(search="OLD"), sort_by=sort_by)
        assert [one.job_id for one in new.stores.listing.find(TENANT, query, limit=5).items] == [made.job_id]
    assert upcoming(new.stores) == [made.job_id]
    new.database.close()


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort_by", JobSort)
def test_sqlite_goes_through_an_index_and_sorts_nothing(
    sqlite: EmbeddedStores, sort_by: JobSort, descending: bool
) -> None:
    plans: list[str] = []
    stores = sqlite.stores
    mixed(stores, 40)
    query = JobQuery(sort_by=sort_by, descending=descending)
    cursor = stores.listing.find(TENANT, query, limit=5).next_cursor
    with statements(sqlite) as seen:
        stores.listing.find(TENANT, query, limit=5, cursor=cursor)
    with sqlite.database.read() as reading:
        for statement in seen:
            plans += [str(row[3]) for row in reading.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert any("USING INDEX" in plan for plan in plans)
    assert not any("TEMP B-TREE" in plan or plan.startswith("SCAN jobs") for plan in plans), plans


class _Counters:
    """Counters that say what they are told."""

    def __init__(self, *counted: tuple[JobCell, int]) -> None:
        self._counts = Counts(jobs=dict(counted))

    def read(self, tenant_id: str) -> Counts:
        assert tenant_id == TENANT
        return self._counts

    def hours(self, tenant_id: str, *, since: datetime, until: datetime) -> Mapping[datetime, HourTally]:
        raise AssertionError(f"nobody asked for the hours of {tenant_id} from {since} to {until}")

    def usage(self, tenant_id: str, *, since: date, until: date) -> UsageByDay:
        raise AssertionError(f"nobody asked for the usage of {tenant_id} from {since} to {until}")


def _cell(status: JobStatus, queue: str = "default-medium") -> JobCell:
    return JobCell(queue=queue, lane=Lane.MEDIUM, status=status, job_type=JobType.ONE_TIME, running=False)


@pytest.mark.parametrize(
    ("chosen", "total"),
    [
        (JobFilter(), 12),
        (JobFilter(status="active"), 7),
        (JobFilter(queue="images"), None),
        (JobFilter(job_type=JobType.ONE_TIME), 12),
        (JobFilter(task="echo"), None),
        (JobFilter(status="waiting"), None),
    ],
)
def test_counters_tell_the_total_where_they_count_and_are_not_behind(
    dynamodb: DynamoStores, chosen: JobFilter, total: int | None
) -> None:
    for _ in range(3):
        created(dynamodb.stores)
        created(dynamodb.stores, queue="images")
    counters = _Counters(
        (_cell(JobStatus.ACTIVE), 6),
        (_cell(JobStatus.ACTIVE, "images"), 1),
        (_cell(JobStatus.FAILED), 5),
        (_cell(JobStatus.DELETED), 9),
    )
    found = job_listing.DynamoJobListing(dynamodb.table, dynamodb.stores.clock, counters)
    page = found.find(TENANT, JobQuery(chosen=chosen), limit=2)
    assert (len(page.items), page.total) == (2, total)


@contextmanager
def statements(sqlite: EmbeddedStores) -> Iterator[list[str]]:
    """What is asked of SQLite inside the block, with its values."""
    seen: list[str] = []
    connections = list(sqlite.database._idle_readers)
    for connection in connections:
        connection.set_trace_callback(seen.append)
    yield seen
    for connection in connections:
        connection.set_trace_callback(None)


@contextmanager
def rows_read(dynamodb: DynamoStores) -> Iterator[list[int]]:
    """How many rows each query inside the block gives."""
    rows: list[int] = []

    def note(parsed: dict[str, Any], **_: object) -> None:
        rows.append(parsed["Count"])

    with noting(dynamodb, "after-call.dynamodb.Query", note):
        yield rows

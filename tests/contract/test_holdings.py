"""What ``Holdings`` promises: all of a tenant, once, in one order, at the same cost at any depth."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from tests.contract.dynamodb_probe import counted, noting
from tests.contract.makers import TENANT, TOMORROW, created, dead_letter, execution, job, recurring, skip
from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores
from tests.contract.test_audit_log import appended
from tests.contract.test_notifying import record
from tests.doubles import NOON
from tickwell.adapters.embedded import holdings
from tickwell.adapters.export_cursors import EncodedExportCursors
from tickwell.application.ports import HistoryItem, Stretch
from tickwell.domain.child import child
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.execution import LogEntry
from tickwell.domain.export import ExportPlace, ExportSection
from tickwell.domain.job import Job, JobStatus

T = TypeVar("T")
LIMITS = [1, 2, 7, 100]
OTHER = "tenant-2"
SECOND = timedelta(seconds=1)
BEGIN = ExportPlace(begun_at=NOON)


def walked(read: Callable[..., Stretch[T]], *arguments: Any, limit: int = 7) -> list[T]:
    """All items, stretch by stretch; going on behind any of them leads to the rest."""
    found: list[T] = []
    places: list[str] = []
    after = None
    while True:
        stretch = read(*arguments, after=after, limit=limit)
        assert len(stretch.items) <= limit
        found += [item for _, item in stretch.items]
        places += [position for position, _ in stretch.items]
        if stretch.reached is None:
            break
        after = stretch.reached
    assert len(set(places)) == len(places)
    for number, place in enumerate(places):
        assert [item for _, item in read(*arguments, after=place, limit=100).items] == found[number + 1 :][:100]
    return found


@pytest.mark.parametrize("limit", LIMITS)
def test_jobs_of_all_kinds_come_in_the_order_of_their_ids(stores: Stores, limit: int) -> None:
    made = [
        created(stores),
        created(stores, payload={"long": "ü" * 1000}, description="d"),
        created(stores, payload=None, payload_blob=f"tenants/{TENANT}/payloads/x.json"),
        recurring(stores),
        created(stores, status=JobStatus.DELETED, next_run_at=None, expires_at=TOMORROW),
        *(created(stores) for _ in range(5)),
    ]
    children = [child(made[0], NOON + SECOND * n, mark="0a", now=TOMORROW) for n in range(2)]
    for one in children:
        stores.jobs.create(one)
    created(stores, tenant_id=OTHER)
    created(stores, status=JobStatus.COMPLETED, next_run_at=None, expires_at=NOON - SECOND)
    expected = sorted([*made, *children], key=lambda one: one.job_id)
    assert expected[:3] == [made[0], *children]
    assert walked(stores.holdings.jobs, TENANT, limit=limit) == expected
    assert walked(stores.holdings.jobs, "nobody") == []


def chronicle(stores: Stores) -> tuple[Job, list[HistoryItem]]:
    """A job with a history of everything, as it is to come."""
    parent = recurring(stores)
    beside = [child(parent, NOON + SECOND, mark=mark, now=TOMORROW) for mark in ("0a", "0b")]
    logs = (LogEntry(at=NOON, level="info", message="hello", metadata={"n": 1}),)
    executions = [
        execution(parent, output={"a": 1}, logs=logs),
        execution(parent, attempt=2, output="o" * 3000, logs=logs * 3),
        execution(parent, due_at=NOON + SECOND),
        *(execution(one, due_at=NOON + SECOND, output="c" * 3000) for one in beside),
        execution(parent, due_at=NOON + SECOND, attempt=2),
        *(execution(parent, due_at=NOON + SECOND * n, output="o" * 2000) for n in range(3, 9)),
    ]
    skips = [skip(parent, first_due_at=NOON + SECOND * n, last_due_at=NOON + SECOND * n) for n in range(3)]
    told = [
        record(
            job_id=parent.job_id, due_at=NOON + SECOND * n, attempt=attempt, notification_id=f"failed-{attempt}.{to}"
        )
        for n in range(2)
        for attempt in (1, 2)
        for to in ("email", "hook-1")
    ]
    stores.history.record_many(executions[::-1])
    stores.history.record_many([execution(parent, due_at=NOON - SECOND, expires_at=NOON - SECOND)])
    stores.history.record_many([execution(replace(parent, tenant_id=OTHER))])
    for one in skips:
        stores.history.put_skip(one)
    for told_one in told:
        stores.notifying.records.put(told_one)
    stores.notifying.records.put(record(job_id=beside[0].job_id))
    return parent, [*executions, *skips, *told]


@pytest.mark.parametrize("limit", LIMITS)
def test_a_history_has_executions_then_skips_then_notifications(stores: Stores, limit: int) -> None:
    parent, expected = chronicle(stores)
    assert walked(stores.holdings.history, TENANT, parent.job_id, limit=limit) == expected
    (ran,) = {one.job_id for one in expected[3:4]}
    assert walked(stores.holdings.history, TENANT, ran, limit=limit) == [record(job_id=ran)]
    assert walked(stores.holdings.history, TENANT, stores.ids.new(), limit=limit) == []
    assert walked(stores.holdings.history, "nobody", parent.job_id, limit=limit) == []


@pytest.mark.parametrize("limit", LIMITS)
def test_dead_letters_and_audit_records_come_oldest_first(stores: Stores, limit: int) -> None:
    one = created(stores)
    letters = [dead_letter(one, due_at=NOON + SECOND * n) for n in range(10)]
    nameless = dead_letter(one, dead_letter_id="of a message that nobody could read", due_at=None, job_id=None)
    stores.history.put_dead_letters([*letters[::-1], nameless, dead_letter(replace(one, tenant_id=OTHER))])
    stores.history.put_dead_letters([dead_letter(one, due_at=NOON - SECOND, expires_at=NOON)])
    assert walked(stores.holdings.dead_letters, TENANT, limit=limit) == [nameless, *letters]
    records = [appended(stores) for _ in range(10)]
    appended(stores, tenant_id=OTHER)
    appended(stores, expires_at=NOON)
    assert walked(stores.holdings.audit_records, TENANT, limit=limit) == records


@pytest.mark.parametrize(
    "position",
    [
        "",
        "X#0000000000001#0001#",
        "E#1#0001#",
        "E#0000000000001#0001#.nonsense",
        "E#0000000000001#0001",
        "K#0000000000001#0001#x",
        "N#0000000000001#0001#\ud800",
        f"N#0000000000001#0001#{'x' * 600}",
    ],
)
def test_what_is_no_position_is_refused(stores: Stores, position: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        stores.holdings.history(TENANT, "job-1", after=position, limit=1)
    assert refused.value.field == "cursor"


@pytest.mark.parametrize(
    "place",
    [
        BEGIN,
        BEGIN.at(ExportSection.JOBS, "a", "b"),
        BEGIN.at(ExportSection.HISTORY, "a", "E#0000000000001#0001#"),
        BEGIN.at(ExportSection.PARENT_HISTORY, "a"),
        BEGIN.at(ExportSection.AUDIT_RECORDS, "a"),
    ],
)
def test_a_cursor_is_good_for_its_tenant_alone(place: ExportPlace) -> None:
    cursors = EncodedExportCursors()
    assert cursors.read(TENANT, cursors.spell(TENANT, place)) == place
    with pytest.raises(InvalidInputError):
        cursors.read(OTHER, cursors.spell(TENANT, place))


@pytest.mark.parametrize(
    "place",
    [
        BEGIN.at(ExportSection.HISTORY),
        BEGIN.at(ExportSection.MEMBERS, "a", "b"),
        BEGIN.at(ExportSection.JOBS, None, "b"),
        BEGIN.at(ExportSection.JOBS, "a" * 800),
    ],
)
def test_a_place_to_which_no_export_comes_is_refused(place: ExportPlace) -> None:
    cursors = EncodedExportCursors()
    with pytest.raises(InvalidInputError):
        cursors.read(TENANT, cursors.spell(TENANT, place))


def test_depth_costs_nothing_on_dynamodb(dynamodb: DynamoStores) -> None:
    stores = dynamodb.stores
    made = [job(stores) for _ in range(400)]
    stores.jobs.create_many(made)
    first = created(stores)
    stores.history.record_many([execution(first, due_at=NOON + SECOND * n) for n in range(400)])
    history = stores.holdings.history(TENANT, first.job_id, after=None, limit=390)
    for after in (None, made[360].job_id):
        with counted(dynamodb) as calls:
            assert len(stores.holdings.jobs(TENANT, after=after, limit=25).items) == 25
        assert set(calls) == {"Query"}
        assert 16 <= calls["Query"] <= 24  # one for each shard, and another where a shard has more than its share
    for after in (None, history.reached):
        with counted(dynamodb) as calls:
            stores.holdings.history(TENANT, first.job_id, after=after, limit=25)
        assert dict(calls) == {"Query": 1}


def test_nothing_is_missed_on_dynamodb_because_it_is_new(dynamodb: DynamoStores) -> None:
    stores, consistent = dynamodb.stores, set()

    def note(params: dict[str, Any], **_: object) -> None:
        consistent.add(params["ConsistentRead"])

    with noting(dynamodb, "provide-client-params.dynamodb.Query", note):
        stores.holdings.jobs(TENANT, after=None, limit=1)
        stores.holdings.history(TENANT, "job-1", after=None, limit=1)
        stores.holdings.dead_letters(TENANT, after=None, limit=1)
        stores.holdings.audit_records(TENANT, after=None, limit=1)
    assert consistent == {True}


def test_a_short_history_costs_one_query_details_included(dynamodb: DynamoStores) -> None:
    stores = dynamodb.stores
    one = created(stores)
    stores.history.record_many([execution(one, output="o" * 3000), execution(one, attempt=2)])
    with counted(dynamodb) as calls:
        assert len(stores.holdings.history(TENANT, one.job_id, after=None, limit=25).items) == 2
    assert dict(calls) == {"Query": 1}


@pytest.mark.parametrize(
    "statement",
    [
        holdings._JOBS,
        holdings._EXECUTIONS,
        holdings._SKIPS,
        holdings._NOTIFICATIONS,
        holdings._DEAD_LETTERS,
        holdings._AUDIT_RECORDS,
    ],
)
def test_depth_costs_nothing_on_sqlite(sqlite: EmbeddedStores, statement: str) -> None:
    names = ("tenant", "after", "now", "limit", "rank", "job", "at", "attempt", "rest")
    with sqlite.database.read() as cursor:
        values = dict.fromkeys(names, 1)
        plan = [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert [step for step in plan if step.startswith("SCAN") and "(subquery" not in step] == []
    assert "(subquery" in "".join(plan) or "TEMP B-TREE" not in "".join(plan)
    searches = [step for step in plan if step.startswith("SEARCH")]
    assert searches
    assert all(">" in step for step in searches), searches

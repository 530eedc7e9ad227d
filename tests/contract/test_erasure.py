"""The deletion of tenants: nothing of one is left in any table, and nothing of another is touched."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.makers import claimed, created, user
from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores
from tests.contract.test_notifying import about, record
from tests.doubles import NOON
from tickwell.domain.child import child
from tickwell.domain.completion import Outside
from tickwell.domain.deletion import begun
from tickwell.domain.errors import NotFoundError
from tickwell.domain.stop import Stop

EVE = user(tenant_id="tenant-2", user_id="user-2", email="eve@example.com")
DELETION = begun("tenant-1", NOON)


def test_the_condemned_are_listed_until_they_are_forgotten(stores: Stores) -> None:
    for _ in range(2):
        stores.erasure.condemn(DELETION)
    assert list(stores.erasure.condemned(limit=10)) == [DELETION]
    stop = stores.stop_switch.find("tenant-1")
    assert stop is not None
    assert stop.since == NOON
    later = DELETION.later(NOON + timedelta(minutes=5))
    stores.erasure.postpone(later)
    assert list(stores.erasure.condemned(limit=10)) == [later]
    for _ in range(2):
        stores.erasure.forget("tenant-1")
    assert (list(stores.erasure.condemned(limit=10)), stores.stop_switch.find("tenant-1")) == ([], None)


def test_who_is_to_be_looked_at_first_is_listed_first(stores: Stores) -> None:
    deletions = [begun(f"tenant-{number}", NOON - timedelta(minutes=number)) for number in range(4)]
    for deletion in deletions:
        stores.erasure.condemn(deletion)
    late = deletions[3].later(NOON)
    stores.erasure.postpone(late)
    expected = [deletions[2], deletions[1], deletions[0], late]
    assert [list(stores.erasure.condemned(limit=limit)) for limit in (2, 10)] == [expected[:2], expected]


def test_users_go_at_once_and_their_addresses_are_free(stores: Stores) -> None:
    stores.accounts.create(user())
    stores.accounts.create(EVE)
    stores.erasure.condemn(DELETION)
    with pytest.raises(NotFoundError):
        stores.accounts.by_id("tenant-1", "user-1")
    with pytest.raises(NotFoundError):
        stores.accounts.by_email("ada@example.com")
    assert not stores.stop_switch.tenant_exists("tenant-1")
    assert stores.accounts.by_email("eve@example.com") == EVE
    again = user(tenant_id="tenant-3", user_id="user-3")
    stores.accounts.create(again)
    stores.erasure.condemn(DELETION)
    assert stores.accounts.by_email("ada@example.com") == again


def test_who_has_joined_a_moment_before_is_not_overlooked(dynamodb: DynamoStores) -> None:
    """A query that is not consistent may not show yet what has just been written."""
    queries: list[Any] = []
    dynamodb.client.meta.events.register(
        "provide-client-params.dynamodb.Query", lambda params, **_: queries.append(params)
    )
    dynamodb.stores.erasure.condemn(DELETION)
    assert list(dynamodb.stores.erasure.condemned(limit=10)) == [DELETION]
    assert [query["ConsistentRead"] for query in queries] == [True] * 3


def test_the_stop_stays_until_all_is_over(stores: Stores) -> None:
    stores.stop_switch.put(Stop(tenant_id="tenant-2", since=NOON, reason="of another one"))
    stores.erasure.condemn(DELETION)
    assert stores.erasure.erase("tenant-1", now=NOON, has_time=lambda: True)
    assert stores.stop_switch.find("tenant-1") is not None
    stores.erasure.forget("tenant-1")
    assert [stop.tenant_id for stop in stores.stop_switch.stops(limit=10)] == ["tenant-2"]


def test_what_was_told_of_children_goes_too(stores: Stores) -> None:
    parent = created(stores)
    beside = child(parent, NOON, mark="0a", now=NOON)
    stores.jobs.create(beside)
    for job_id in (parent.job_id, beside.job_id):
        stores.notifying.records.put(record(job_id=job_id))
        assert about(stores, job_id=job_id)
    assert stores.erasure.erase("tenant-1", now=NOON, has_time=lambda: True)
    for job_id in (parent.job_id, beside.job_id):
        assert about(stores, job_id=job_id) == []


def test_what_goes_on_outside_of_any_worker_does_not_delay_it(stores: Stores) -> None:
    running = claimed(stores, created(stores))
    stores.jobs.let_go_many([(running, Outside(since=NOON, timeout_seconds=30 * 24 * 3600))])
    assert stores.erasure.erase("tenant-1", now=NOON, has_time=lambda: True)
    with pytest.raises(NotFoundError):
        stores.jobs.get("tenant-1", running.job_id)


def test_no_table_is_forgotten(sqlite: EmbeddedStores) -> None:
    """Each table with tenants gets a row of two of them, whatever its columns."""
    with sqlite.database.read() as cursor:
        tables = [name for (name,) in cursor.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        columns = {
            table: list(cursor.execute("SELECT name, type FROM pragma_table_info(?)", (table,))) for table in tables
        }
    with_tenants = {table: found for table, found in columns.items() if "tenant_id" in dict(found) and table != "stops"}
    assert len(with_tenants) >= 15
    with sqlite.database.transaction() as cursor:  # they want sense in the rows
        for (trigger,) in cursor.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            cursor.execute(f"DROP TRIGGER {trigger}")
    for tenant_id in ("tenant-1", "tenant-2"):
        with sqlite.database.transaction() as cursor:
            for table, found in with_tenants.items():
                row = {name: 1 if kind == "INTEGER" else json.dumps({name: tenant_id}) for name, kind in found}
                row |= {"tenant_id": tenant_id}
                row = {name: value for name, value in row.items() if name != "number" or table == "usage_days"}
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                cursor.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", list(row.values()))
    sqlite.stores.erasure.erase("tenant-1", now=NOON, has_time=lambda: True)
    with sqlite.database.read() as cursor:
        for table in with_tenants:
            tenants = {tenant for (tenant,) in cursor.execute(f"SELECT tenant_id FROM {table}")}
            assert tenants == {"tenant-2"}, table

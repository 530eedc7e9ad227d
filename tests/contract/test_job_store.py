"""Jobs as they are written and read back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.makers import DAILY, TENANT, TOMORROW, claimed, created, job, recurring
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tests.pages import every
from tickwell.adapters.cursors import encode_cursor
from tickwell.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tickwell.domain.job import Job, JobKey, JobStatus, Tally
from tickwell.domain.lane import Lane
from tickwell.domain.retry import OnLost, Policy, Precision, RetryPolicy, RetryStrategy
from tickwell.domain.schedule import Interval, OneTime
from tickwell.domain.slot import Slot

PAYLOADS: dict[str, Any] = {
    "null": None,
    "text": "hello",
    "not ASCII": "Größe 漢字 🐘 \x00 \u2028",
    "a lone surrogate, which JSON allows": "\ud800",
    "a whole number beyond 2^53": 2**53 + 1,
    "forty digits": 10**40 + 7,
    "the largest floats": [1e308, -1e308, 5e-324, 0.1, -0.0],
    "nested": {"a": [{"b": [[], {}, None, True]}], "": 0},
    "400 bytes": "x" * 385,
    "401 bytes": "x" * 390,
    "300 KB": {"data": "ä" * 150_000},
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_comes_back_exactly(stores: Stores, payload: Any) -> None:
    made = created(stores, payload=payload)
    found = stores.jobs.get(TENANT, made.job_id)
    assert found == made
    assert repr(found.payload) == repr(payload)


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "what it is for"},
        {"description": "long " * 200},
        {"description": ""},
        {"payload": None, "payload_blob": "tenants/tenant-1/payloads/x"},
        {"schedule": DAILY},
        {"schedule": Interval(seconds=90, anchor_at=NOON)},
        {"schedule": OneTime(at=NOON, immediate=True), "next_run_at": None},
        {"lane": Lane.HIGH, "tags": ("a", "ünïcode", "")},
        {"queue": "images"},
        {"policy": Policy(timeout_seconds=900, max_retries=0, on_lost=OnLost.FAIL)},
        {"policy": Policy(precision=Precision.SUBSECOND)},
        {"policy": Policy(stall_seconds=30)},
        {"policy": Policy(retry=RetryPolicy(strategy=RetryStrategy.EXPONENTIAL, jitter=0.1, delays_seconds=(0.1,)))},
        {"status": JobStatus.PAUSED, "next_run_at": None, "paused_at": NOON, "schedule": DAILY},
        {"slot": Slot(due_at=NOON, attempt=2, losses=1), "last_executed_at": NOON},
        {"slot": Slot(due_at=NOON, attempt=1, token="t", lease_until=TOMORROW), "next_run_at": None},
        {"tally": Tally(executions=3, successful=1, failed=2, duration_ms=10**12)},
        {"expires_at": NOON + timedelta(milliseconds=1), "status": JobStatus.DELETED},
    ],
    ids=", ".join,
)
def test_every_field_comes_back(stores: Stores, changes: dict[str, Any]) -> None:
    made = created(stores, **changes)
    assert stores.jobs.get(TENANT, made.job_id) == made


def test_creating_the_same_job_again_is_harmless(stores: Stores) -> None:
    made = created(stores, payload="x" * 1000)
    running = claimed(stores, made)
    stores.jobs.create(made)
    assert stores.jobs.get(TENANT, made.job_id) == running


@pytest.mark.parametrize(
    "changes",
    [{"name": "another"}, {"payload": 1}, {"payload": "y" * 1000}, {"user_id": "user-2"}, {"created_at": TOMORROW}],
    ids="".join,
)
def test_another_job_of_the_same_id_is_a_conflict_and_changes_nothing(stores: Stores, changes: dict[str, Any]) -> None:
    made = created(stores, payload="x" * 1000)
    with pytest.raises(ConflictError):
        stores.jobs.create(replace(made, **changes))
    assert stores.jobs.get(TENANT, made.job_id) == made


def test_what_another_tenant_owns_does_not_exist(stores: Stores) -> None:
    made = created(stores)
    stranger = JobKey(tenant_id="tenant-2", job_id=made.job_id)
    with pytest.raises(NotFoundError):
        stores.jobs.get("tenant-2", made.job_id)
    assert stores.jobs.get_many([stranger]) == {}
    assert stores.jobs.list_jobs("tenant-2", limit=10, cursor=None).items == ()


def test_get_of_an_unknown_job_raises_not_found(stores: Stores) -> None:
    with pytest.raises(NotFoundError):
        stores.jobs.get(TENANT, stores.ids.new())


def test_get_many_finds_what_exists_without_payload_and_ignores_repeats(stores: Stores) -> None:
    made = [created(stores, description="long " * 200) for _ in range(120)]
    keys = [one.key for one in made]
    found = stores.jobs.get_many([*keys, JobKey(tenant_id=TENANT, job_id="unknown"), keys[0]])
    assert found == {one.key: _head(one) for one in made}


def test_get_many_of_nothing_is_nothing(stores: Stores) -> None:
    assert stores.jobs.get_many([]) == {}


def test_an_expired_job_is_gone_at_its_very_instant(stores: Stores) -> None:
    made = created(stores, status=JobStatus.COMPLETED, expires_at=NOON + timedelta(milliseconds=1500))
    stores.clock.advance(1.499)
    assert stores.jobs.get(TENANT, made.job_id) == made
    stores.clock.advance(0.001)
    with pytest.raises(NotFoundError):
        stores.jobs.get(TENANT, made.job_id)
    assert stores.jobs.get_many([made.key]) == {}
    assert stores.jobs.list_jobs(TENANT, limit=10, cursor=None).items == ()


def test_an_expired_job_gives_way_to_a_new_one_of_its_id(stores: Stores) -> None:
    old = created(stores, status=JobStatus.COMPLETED, expires_at=NOON)
    new = created(stores, job_id=old.job_id, name="the new one")
    assert stores.jobs.get(TENANT, old.job_id) == new


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_a_listing_gives_every_job_once_newest_first(stores: Stores, limit: int) -> None:
    count = {1: 25, 7: 60, 100: 250}[limit]
    made = [created(stores, name=f"job {number}") for number in range(count)]
    created(stores, tenant_id="tenant-2")
    assert _list_all(stores, limit) == [_head(one) for one in reversed(made)]


def test_a_listing_leaves_deleted_and_expired_jobs_out(stores: Stores) -> None:
    kept = [
        created(stores, **changes)
        for changes in (
            {},
            {"status": JobStatus.DELETED, "expires_at": TOMORROW},
            {"status": JobStatus.COMPLETED, "expires_at": NOON},
            {"status": JobStatus.CANCELLED},
        )
    ]
    assert _list_all(stores, 3) == [_head(kept[3]), _head(kept[0])]


def test_jobs_that_are_created_during_a_listing_do_not_disturb_it(stores: Stores) -> None:
    made = [created(stores) for _ in range(10)]
    first = stores.jobs.list_jobs(TENANT, limit=5, cursor=None)
    created(stores)
    second = stores.jobs.list_jobs(TENANT, limit=5, cursor=first.next_cursor)
    assert [one.job_id for one in (*first.items, *second.items)] == [one.job_id for one in reversed(made)]


def test_a_long_row_of_deleted_jobs_does_not_hide_the_rest(stores: Stores) -> None:
    oldest = created(stores)
    for _ in range(60):
        created(stores, status=JobStatus.DELETED, expires_at=TOMORROW)
    assert _list_all(stores, 2) == [_head(oldest)]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "ä", "!!!!", "e30", "W10", "W" * 5000, encode_cursor("executions", ["x"]), encode_cursor("jobs", [1])],
    ids=range(9),
)
def test_a_cursor_that_no_listing_gave_is_refused(stores: Stores, cursor: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        stores.jobs.list_jobs(TENANT, limit=5, cursor=cursor)
    assert refused.value.field == "cursor"


def test_a_cursor_of_another_tenant_shows_nothing_of_that_tenant(stores: Stores) -> None:
    for _ in range(3):
        created(stores)
    foreign = stores.jobs.list_jobs(TENANT, limit=1, cursor=None).next_cursor
    own = [created(stores, tenant_id="tenant-2"), created(stores, tenant_id="tenant-2")]
    page = stores.jobs.list_jobs("tenant-2", limit=10, cursor=foreign)
    assert {one.tenant_id for one in page.items} <= {own[0].tenant_id}


def test_ping_answers(stores: Stores) -> None:
    stores.jobs.ping()


def test_a_recurring_job_keeps_its_expression(stores: Stores) -> None:
    made = recurring(stores)
    assert stores.jobs.get(TENANT, made.job_id).schedule == DAILY
    assert job(stores).schedule != DAILY


def _head(made: Job) -> Job:
    return replace(made, payload=None, description=None)


def _list_all(stores: Stores, limit: int) -> list[Job]:
    return every(lambda cursor: stores.jobs.list_jobs(TENANT, limit=limit, cursor=cursor), most=limit)

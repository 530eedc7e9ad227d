"""Dead letters: kept whole, found by what they are, marked when they are retried, deleted when told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.dynamodb_probe import counted, items, stream_records
from tests.contract.makers import TENANT, TOMORROW, dead_letter, execution, job
from tests.contract.queue_engines import REGION
from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores
from tests.doubles import NOON
from tests.pages import every
from tickwell.adapters.aws.dynamodb.stream import events_from
from tickwell.adapters.embedded.outcome_feed import EmbeddedOutcomeFeed
from tickwell.domain.dead_letter import AttemptError, DeadLetter
from tickwell.domain.errors import NotFoundError
from tickwell.domain.execution import ExecutionStatus, Failure, OccurrenceKey
from tickwell.domain.lane import Lane
from tickwell.domain.retry import OnLost, Policy, RetryPolicy, RetryStrategy

ERRORS = tuple(
    AttemptError(
        attempt=number,
        status=ExecutionStatus.FAILED,
        code="HTTP_STATUS",
        message=f"503, ü{number}",
        at=NOON + timedelta(minutes=number),
    )
    for number in (1, 2)
)
WHOLE: dict[str, Any] = {
    "queue": "campaign",
    "lane": Lane.LOW,
    "policy": Policy(
        timeout_seconds=7,
        max_retries=1,
        retry=RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=2.5),
        on_lost=OnLost.FAIL,
    ),
    "tags": ("a", "ü"),
    "payload_kept": True,
    "payload": {"to": ["x", None, 1.5]},
    "first_attempt_at": NOON + timedelta(milliseconds=7),
    "errors": (*ERRORS, AttemptError(attempt=3, status=ExecutionStatus.LOST, code=None, message=None, at=NOON)),
}


def put(stores: Stores, **changes: Any) -> DeadLetter:
    made = dead_letter(job(stores), **changes)
    stores.history.put_dead_letters([made])
    return made


@pytest.mark.parametrize(
    "changes",
    [
        {},
        WHOLE,
        {**WHOLE, "payload": None},
        {**WHOLE, "payload": "\ud800 lone"},
        {**WHOLE, "policy": Policy()},
        {**WHOLE, "payload": None, "payload_blob": "tenants/tenant-1/dead-letters/x.json"},
        {**WHOLE, "payload": "p" * 4000},
    ],
    ids=["nothing of it", "all of it", "null", "lone surrogate", "default policy", "blob", "large"],
)
def test_a_dead_letter_comes_back_whole(stores: Stores, changes: dict[str, Any]) -> None:
    made = put(stores, **changes)
    assert stores.history.get_dead_letter(TENANT, made.dead_letter_id) == made
    assert stores.history.list_dead_letters(TENANT, limit=10, cursor=None).items == (made,)


def test_a_dead_letter_is_marked_as_retried(stores: Stores) -> None:
    made = put(stores, **WHOLE)
    assert mark(stores, made, "job-1")
    marked = replace(made, retried_as="job-1", retried_at=NOON)
    assert stores.history.get_dead_letter(TENANT, made.dead_letter_id) == marked
    assert stores.history.list_dead_letters(TENANT, limit=10, cursor=None).items == (marked,)


def test_a_mark_gives_way_only_to_who_knows_it(stores: Stores) -> None:
    made = put(stores)
    assert mark(stores, made, "job-1")
    assert not mark(stores, made, "job-2")
    assert not mark(stores, made, "job-2", earlier="job-0")
    assert mark(stores, made, "job-1")
    assert mark(stores, made, "job-2", earlier="job-1")
    assert stores.history.get_dead_letter(TENANT, made.dead_letter_id).retried_as == "job-2"


def test_of_many_marks_one_stands(stores: Stores) -> None:
    made = put(stores)
    with ThreadPoolExecutor(max_workers=8) as threads:
        done = list(threads.map(lambda number: mark(stores, made, f"job-{number}"), range(8)))
    assert sum(done) == 1
    assert stores.history.get_dead_letter(TENANT, made.dead_letter_id).retried_as == f"job-{done.index(True)}"


def test_what_is_not_there_cannot_be_marked(stores: Stores) -> None:
    made = put(stores, expires_at=TOMORROW)
    assert not mark(stores, replace(made, tenant_id="tenant-2"), "job-1")
    assert not mark(stores, replace(made, dead_letter_id="unknown"), "job-1")
    stores.clock.set(TOMORROW)
    assert not mark(stores, made, "job-1")
    assert stores.history.list_dead_letters("tenant-2", limit=10, cursor=None).items == ()


def test_a_dead_letter_that_follows_an_expired_one_of_its_id_is_not_retried(stores: Stores) -> None:
    made = put(stores, expires_at=TOMORROW)
    assert mark(stores, made, "job-1")
    stores.clock.set(TOMORROW)
    new = replace(made, expires_at=TOMORROW + timedelta(days=1))
    stores.history.put_dead_letters([new])
    assert stores.history.get_dead_letter(TENANT, made.dead_letter_id) == new


def test_putting_it_again_keeps_the_mark(stores: Stores) -> None:
    made = put(stores)
    assert mark(stores, made, "job-1")
    stores.history.put_dead_letters([made])
    assert stores.history.get_dead_letter(TENANT, made.dead_letter_id).retried_as == "job-1"


def test_a_deleted_dead_letter_is_gone_and_others_stay(stores: Stores) -> None:
    made, other = put(stores), put(stores)
    stores.history.delete_dead_letter("tenant-2", made.dead_letter_id)
    assert stores.history.get_dead_letter(TENANT, made.dead_letter_id) == made
    for _ in range(2):
        stores.history.delete_dead_letter(TENANT, made.dead_letter_id)
    with pytest.raises(NotFoundError):
        stores.history.get_dead_letter(TENANT, made.dead_letter_id)
    assert stores.history.list_dead_letters(TENANT, limit=10, cursor=None).items == (other,)


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_a_listing_shows_those_that_are_wanted_in_order(stores: Stores, limit: int) -> None:
    made = [
        dead_letter(job(stores), due_at=NOON + timedelta(minutes=number), error_code="ODD" if number % 2 else "EVEN")
        for number in range(20)
    ]
    stores.history.put_dead_letters(made)
    found = every(
        lambda cursor: stores.history.list_dead_letters(TENANT, limit=limit, cursor=cursor, wanted=is_code("ODD")),
        most=limit,
    )
    assert found == made[1::2][::-1]


def test_a_page_ends_after_a_thousand_rows_however_few_were_wanted(sqlite: EmbeddedStores) -> None:
    stores = sqlite.stores
    made = [dead_letter(job(stores), due_at=NOON + timedelta(minutes=number)) for number in range(1200)]
    stores.history.put_dead_letters([replace(made[0], error_code="RARE"), *made[1:]])
    first = stores.history.list_dead_letters(TENANT, limit=10, cursor=None, wanted=is_code("RARE"))
    assert first.items == ()
    assert first.next_cursor is not None
    rest = stores.history.list_dead_letters(TENANT, limit=10, cursor=first.next_cursor, wanted=is_code("RARE"))
    assert [letter.error_code for letter in rest.items] == ["RARE"]
    assert rest.next_cursor is None


def test_marking_and_deleting_tell_nobody(dynamodb: DynamoStores, sqlite: EmbeddedStores) -> None:
    for stores in (dynamodb.stores, sqlite.stores):
        made = put(stores)
        assert mark(stores, made, "job-1")
        stores.history.delete_dead_letter(TENANT, made.dead_letter_id)
    assert len(events_from({"Records": stream_records(REGION)})) == 1
    assert len(EmbeddedOutcomeFeed(sqlite.database).read(10)) == 1
    assert items(dynamodb, "dead_letter") == []


def test_the_attempts_of_an_occurrence_are_read_with_one_query(dynamodb: DynamoStores) -> None:
    of = job(dynamodb.stores)
    dynamodb.stores.history.record_many([execution(of, attempt=number) for number in (1, 2, 3)])
    with counted(dynamodb) as calls:
        found = dynamodb.stores.history.attempts_at(OccurrenceKey(job=of.key, due_at=NOON))
    assert [one.attempt for one in found] == [1, 2, 3]
    assert calls == {"Query": 1}


def test_the_attempts_of_an_occurrence_are_those_of_no_other(stores: Stores) -> None:
    of = job(stores)
    failure = Failure(code="TASK_ERROR", message="m" * 2000, traceback="t" * 3000)
    made = [execution(of, attempt=number, failure=failure) for number in (1, 2, 9, 10, 11)]
    others = [
        execution(of, due_at=NOON + timedelta(milliseconds=1)),
        execution(of, due_at=NOON - timedelta(milliseconds=1)),
        execution(job(stores)),
        replace(made[0], tenant_id="tenant-2"),
        execution(of, attempt=12, expires_at=NOON),
    ]
    stores.history.record_many([*others, *made[::-1]])
    assert list(stores.history.attempts_at(OccurrenceKey(job=of.key, due_at=NOON))) == made


def mark(stores: Stores, letter: DeadLetter, job_id: str, *, earlier: str | None = None) -> bool:
    return stores.history.mark_retried(letter.tenant_id, letter.dead_letter_id, job_id=job_id, at=NOON, earlier=earlier)


def is_code(code: str) -> Callable[[DeadLetter], bool]:
    return lambda letter: letter.error_code == code

"""What only the table can show: what is written how often, bodies, details, the stream, and a faulty network."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from tests.contract.dynamodb_probe import answers_lost, counted, first_answer, items, network_down, stream_records
from tests.contract.makers import (
    RETENTION,
    TENANT,
    TOMORROW,
    claim,
    claimed,
    created,
    dead_letter,
    execution,
    finished,
    job,
    message,
    recurring,
    skip,
)
from tests.contract.store_engines import DynamoStores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb import listing
from tickwell.adapters.aws.dynamodb.keys import Key
from tickwell.adapters.aws.dynamodb.named_queues import DynamoQueueStore
from tickwell.adapters.aws.dynamodb.stream import events_from
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.application.ports import Claimed, QueueKey
from tickwell.domain.due import DuePosition, Watermark, due_item
from tickwell.domain.errors import UnavailableError
from tickwell.domain.execution import ExecutionStatus, LogEntry
from tickwell.domain.job import JobStatus
from tickwell.domain.retry import GiveUp, RetryAt
from tickwell.domain.schedule import OneTime
from tickwell.domain.slot import Slot

WRITES = {"PutItem", "UpdateItem", "BatchWriteItem", "BatchExecuteStatement", "TransactWriteItems"}
LONG = "x" * 2000


def test_a_job_item_with_400_bytes_of_payload_stays_under_1_kb(dynamodb: DynamoStores) -> None:
    claimed(
        dynamodb.stores,
        recurring(
            dynamodb.stores,
            tenant_id=dynamodb.stores.ids.new(),
            user_id=dynamodb.stores.ids.new(),
            name="n" * 60,
            payload="x" * (400 - len('{"payload":""}')),
            tags=("nightly", "billing"),
            traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
        dynamodb.stores.ids.token(),
        next_run_at=TOMORROW,
    )
    (item,) = items(dynamodb, "job")
    assert sum(len(name) + len(str(value).encode()) for name, value in item.items()) < 1024


def test_a_one_time_job_costs_five_writes(dynamodb: DynamoStores) -> None:
    stores = dynamodb.stores
    with counted(dynamodb) as calls:
        made = job(stores)
        stores.due_items.put([due_item(message(made), now=NOON, direct_horizon=timedelta(minutes=15))])
        stores.jobs.create(made)
        attempt = execution(claimed(stores, made))
        stores.history.record_many([attempt])
        assert finished(stores, attempt)
    assert sum(calls[name] for name in WRITES) == 5
    assert sum(calls.values()) == 5


@pytest.mark.parametrize("decision", [None, RetryAt(at=TOMORROW, attempt=2)])
def test_finishing_an_occurrence_of_a_recurring_job_is_one_write(
    dynamodb: DynamoStores, decision: RetryAt | None
) -> None:
    running = claimed(dynamodb.stores, recurring(dynamodb.stores), next_run_at=TOMORROW)
    changes = {} if decision is None else {"decision": decision}
    with counted(dynamodb) as calls:
        assert finished(dynamodb.stores, execution(running, **changes))
    assert calls == {"UpdateItem": 1}


def test_every_item_says_what_it_is_and_of_which_version(dynamodb: DynamoStores) -> None:
    _one_of_each(dynamodb)
    assert {(item["kind"], item["v"]) for item in items(dynamodb)} == {
        (kind, 1) for kind in ("job", "body", "execution", "detail", "skip", "dead_letter", "due", "watermark")
    }


def test_ttl_is_in_whole_seconds_and_never_early(dynamodb: DynamoStores) -> None:
    created(dynamodb.stores, status=JobStatus.COMPLETED, expires_at=NOON + timedelta(milliseconds=1))
    (item,) = items(dynamodb, "job")
    assert item["ttl"] == int(NOON.timestamp()) + 1


def test_a_body_lives_as_long_as_its_job_may_need_it(dynamodb: DynamoStores) -> None:
    due_at = NOON + timedelta(days=400)
    created(dynamodb.stores, payload=LONG, schedule=OneTime(at=due_at), next_run_at=due_at)
    (body,) = items(dynamodb, "body")
    assert body["ttl"] == int((due_at + timedelta(days=65) + RETENTION).timestamp())


def test_the_body_of_a_recurring_job_does_not_expire_until_the_job_is_deleted(dynamodb: DynamoStores) -> None:
    made = recurring(dynamodb.stores, payload=LONG)
    (body,) = items(dynamodb, "body")
    assert "ttl" not in body
    assert dynamodb.stores.jobs.replace(made.delete(NOON, expires_at=TOMORROW), read=made)
    (body,) = items(dynamodb, "body")
    assert body["ttl"] == int(TOMORROW.timestamp())


def test_the_body_of_a_job_that_runs_again_lives_as_long_as_a_new_ones(dynamodb: DynamoStores) -> None:
    made = created(dynamodb.stores, payload=LONG)
    cancelled = made.cancel(NOON, expires_at=NOON + RETENTION)
    assert dynamodb.stores.jobs.replace(cancelled, read=made)
    again_at = NOON + timedelta(days=20)
    dynamodb.stores.clock.set(again_at)
    assert dynamodb.stores.jobs.replace(cancelled.retry(again_at), read=cancelled)
    (item,) = items(dynamodb, "job")
    assert "ttl" not in item
    assert "ex" not in item
    (body,) = [body for body in items(dynamodb, "body") if str(body["sk"]).endswith(str(item["body"]))]
    assert body["ttl"] == int((again_at + timedelta(days=65) + RETENTION).timestamp())


def test_an_edit_that_leaves_the_content_alone_does_not_write_it_again(dynamodb: DynamoStores) -> None:
    made = recurring(dynamodb.stores, payload=LONG)
    renamed = replace(made, version=2, name="renamed")
    with counted(dynamodb) as calls:
        assert dynamodb.stores.jobs.replace(renamed, read=made)
        assert dynamodb.stores.jobs.replace(replace(renamed, version=3), read=renamed)
    assert calls == {"GetItem": 2, "UpdateItem": 2}
    assert len(items(dynamodb, "body")) == 1


def test_the_body_that_an_edit_replaces_expires_later(dynamodb: DynamoStores) -> None:
    made = recurring(dynamodb.stores, payload=LONG)
    assert dynamodb.stores.jobs.replace(replace(made, version=2, payload=LONG * 2), read=made)
    old, new = sorted(items(dynamodb, "body"), key=lambda body: str(body["sk"]))
    assert old["ttl"] == int((NOON + timedelta(days=65)).timestamp())
    assert "ttl" not in new


def test_an_edit_that_is_refused_leaves_the_content_alone(dynamodb: DynamoStores) -> None:
    made = created(dynamodb.stores, payload=LONG)
    for payload in ("y" * 2000, LONG):
        lost = replace(made, version=2, payload=payload, schedule=OneTime(at=NOON - timedelta(days=300)))
        assert not dynamodb.stores.jobs.replace(lost, read=replace(made, next_run_at=None))
    assert dynamodb.stores.jobs.get(TENANT, made.job_id) == made
    kept = [body for body in items(dynamodb, "body") if str(body["sk"]).startswith(f"B#{made.job_id}#1#")]
    assert [body["ttl"] for body in kept] == [int((NOON + timedelta(days=65) + RETENTION).timestamp())]


def test_a_short_execution_is_one_item_and_a_long_one_has_its_detail_beside_it(dynamodb: DynamoStores) -> None:
    of = job(dynamodb.stores)
    dynamodb.stores.history.record_many([execution(of, output="x" * 300)])
    assert len(items(dynamodb)) == 1
    logs = tuple(LogEntry(at=NOON, level="info", message=str(number)) for number in range(100))
    dynamodb.stores.history.record_many([execution(of, attempt=2, logs=logs)])
    assert Counter(item["kind"] for item in items(dynamodb)) == {"execution": 2, "detail": 1}


def test_the_stream_tells_of_what_was_written_only(dynamodb: DynamoStores, aws: str) -> None:
    dynamodb.stores.history.put_dead_letters([dead_letter(job(dynamodb.stores))])
    created(dynamodb.stores)
    records = stream_records(aws)
    assert len(events_from({"Records": records})) == 1
    removals = [{**record, "eventName": "REMOVE"} for record in records]
    assert events_from({"Records": removals}) == []
    assert events_from({}) == []


def test_only_an_attempt_that_ran_out_of_time_can_be_filtered_by_its_event(dynamodb: DynamoStores) -> None:
    of = created(dynamodb.stores)
    statuses = [ExecutionStatus.SUCCESS, ExecutionStatus.FAILED, ExecutionStatus.TIMEOUT, ExecutionStatus.LOST]
    dynamodb.stores.history.record_many(
        [execution(of, attempt=number, status=status) for number, status in enumerate(statuses, 1)]
    )
    assert [item.get("ev") for item in items(dynamodb, "execution")].count("timeout") == 1
    assert [item.get("ev") for item in items(dynamodb, "execution")].count(None) == 3


def test_a_claim_whose_answer_was_lost_is_won(dynamodb: DynamoStores) -> None:
    made = created(dynamodb.stores)
    with answers_lost(dynamodb, "UpdateItem") as lost:
        (result,) = dynamodb.stores.jobs.claim_many([claim(made)])
    assert isinstance(result, Claimed)
    assert lost == ["UpdateItem"]


def test_a_record_whose_answer_was_lost_stands(dynamodb: DynamoStores) -> None:
    attempt = execution(job(dynamodb.stores), output=LONG)
    with answers_lost(dynamodb, "PutItem"):
        assert list(dynamodb.stores.history.record_many([attempt])) == [attempt]


def test_an_edit_whose_answer_was_lost_is_made(dynamodb: DynamoStores) -> None:
    made = recurring(dynamodb.stores)
    with answers_lost(dynamodb, "UpdateItem"):
        assert dynamodb.stores.jobs.replace(replace(made, version=2, name="renamed"), read=made)


def test_a_skip_whose_answer_was_lost_is_made(dynamodb: DynamoStores) -> None:
    made = recurring(dynamodb.stores, slot=Slot(due_at=NOON - timedelta(days=1), attempt=2))
    with answers_lost(dynamodb, "UpdateItem"):
        assert dynamodb.stores.jobs.skip(message(made), next_run_at=TOMORROW, now=NOON)


def test_a_retry_whose_answer_was_lost_is_left_waiting(dynamodb: DynamoStores) -> None:
    running = claimed(dynamodb.stores, created(dynamodb.stores))
    attempt = execution(running, status=ExecutionStatus.FAILED, decision=RetryAt(at=TOMORROW, attempt=2))
    with answers_lost(dynamodb, "UpdateItem"):
        assert finished(dynamodb.stores, attempt)
    assert dynamodb.stores.jobs.get(TENANT, running.job_id).tally.executions == 1


def test_a_watermark_whose_answer_was_lost_is_saved(dynamodb: DynamoStores) -> None:
    mark = Watermark(swept_to=DuePosition(look_at=NOON), checked_to=DuePosition(look_at=NOON))
    lease_until = NOON + timedelta(minutes=1)
    dynamodb.stores.due_items.acquire(1, token="a", now=NOON, lease_until=lease_until, first=mark)
    with answers_lost(dynamodb, "UpdateItem"):
        assert dynamodb.stores.due_items.save(1, token="a", watermark=mark)


def test_what_a_batch_left_over_is_sent_again(dynamodb: DynamoStores) -> None:
    made = created(dynamodb.stores)
    item = due_item(message(made), now=NOON, direct_horizon=timedelta(minutes=15))
    with first_answer(dynamodb, "BatchWriteItem", lambda sent: {"UnprocessedItems": sent["RequestItems"]}):
        dynamodb.stores.due_items.put([item])
    after = DuePosition(look_at=NOON - timedelta(minutes=1))
    assert dynamodb.stores.due_items.page(item.shard, after=after, until=NOON, limit=5).items == (item,)
    with first_answer(
        dynamodb, "BatchGetItem", lambda sent: {"Responses": {}, "UnprocessedKeys": sent["RequestItems"]}
    ):
        assert list(dynamodb.stores.jobs.get_many([made.key])) == [made.key]


def test_a_network_that_is_down_is_unavailable(dynamodb: DynamoStores) -> None:
    made = created(dynamodb.stores)

    calls: tuple[Callable[[], object], ...] = (
        lambda: dynamodb.stores.jobs.get(TENANT, made.job_id),
        lambda: dynamodb.stores.jobs.claim_many([claim(made), claim(made, "token-2")]),
        lambda: dynamodb.stores.history.record_many([execution(made)]),
    )
    for call in calls:
        with network_down(dynamodb), pytest.raises(UnavailableError) as raised:
            call()
        assert raised.value.service == "dynamodb"
        assert isinstance(raised.value.__cause__, ConnectTimeoutError)


def test_a_table_that_does_not_exist_is_a_fault_and_propagates(dynamodb: DynamoStores) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        Table(dynamodb.client, "another", dynamodb.table._executor).get(Key("pk", "sk"))


def test_a_listing_reads_a_bounded_number_of_rows_and_says_where_to_go_on(
    dynamodb: DynamoStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_MOST_READ", 60)
    oldest = created(dynamodb.stores)
    for _ in range(200):
        created(dynamodb.stores, status=JobStatus.DELETED)
    first = dynamodb.stores.jobs.list_jobs(TENANT, limit=10, cursor=None)
    assert first.items == ()
    found: list[str] = []
    cursor, pages = first.next_cursor, 1
    while cursor is not None:
        page = dynamodb.stores.jobs.list_jobs(TENANT, limit=10, cursor=cursor)
        found += [one.job_id for one in page.items]
        cursor, pages = page.next_cursor, pages + 1
    assert found == [oldest.job_id]
    assert pages > 2


def _one_of_each(dynamodb: DynamoStores) -> None:
    stores = dynamodb.stores
    made = created(stores, payload=LONG)
    stores.history.record_many([execution(made, output=LONG, decision=GiveUp(reason="enough"))])
    stores.history.put_dead_letters([dead_letter(made)])
    stores.history.put_skip(skip(made))
    stores.due_items.put([due_item(message(made), now=NOON, direct_horizon=timedelta(minutes=15))])
    mark = Watermark(swept_to=DuePosition(look_at=NOON), checked_to=DuePosition(look_at=NOON))
    stores.due_items.acquire(0, token="a", now=NOON, lease_until=TOMORROW, first=mark)


def test_who_meets_another_one_at_a_gate_steps_aside_for_a_random_time(dynamodb: DynamoStores) -> None:
    waited: list[float] = []
    store = DynamoQueueStore(dynamodb.table, dynamodb.stores.clock, draw=lambda: 0.5, wait=waited.append)
    key = QueueKey(tenant_id=TENANT, name="busy")
    read = store.gate(key)
    assert store.save_gate(key, read, read=read)
    assert waited == []
    assert not store.save_gate(key, read, read=read)
    assert waited == [0.05]

"""What the stores of webhook endpoints and of records of notifications promise."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.dynamodb_probe import answers_lost
from tests.contract.makers import TENANT, TOMORROW
from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores
from tests.doubles import NOON
from tickwell.adapters.embedded.expiry import EmbeddedExpiry
from tickwell.domain.notification import Channel, NotificationRecord
from tickwell.domain.outcome_event import EventType
from tickwell.domain.webhook import WebhookEndpoint, Webhooks


def endpoint(**changes: Any) -> WebhookEndpoint:
    fields: dict[str, Any] = {
        "endpoint_id": "hook-1",
        "url": "https://example.com/hooks?key=ü",
        "events": (EventType.FAILED, EventType.PAUSED),
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "created_at": NOON,
    }
    return WebhookEndpoint(**fields | changes)


def record(**changes: Any) -> NotificationRecord:
    fields: dict[str, Any] = {
        "tenant_id": TENANT,
        "job_id": "job-1",
        "due_at": NOON,
        "attempt": 1,
        "notification_id": "failed-1.email",
        "channel": Channel.EMAIL,
        "target": "a***@example.com",
        "event_type": "job.failed",
        "at": NOON,
        "expires_at": TOMORROW,
    }
    return NotificationRecord(**fields | changes)


def about(stores: Stores, **changes: Any) -> list[NotificationRecord]:
    fields: dict[str, Any] = {"tenant_id": TENANT, "job_id": "job-1", "due_at": NOON, "attempt": 1}
    return list(stores.notifying.records.about(**fields | changes))


def test_a_tenant_without_webhooks_has_none(stores: Stores) -> None:
    assert stores.notifying.webhooks.read(TENANT) == Webhooks(tenant_id=TENANT)


def test_webhooks_come_back_as_they_were_written(stores: Stores) -> None:
    rotated = endpoint(endpoint_id="hook-2", description="second").rotated("whsec_new", NOON)
    first = Webhooks(tenant_id=TENANT).adding(endpoint(disabled_at=NOON))
    second = first.adding(rotated)
    assert stores.notifying.webhooks.replace(first)
    assert stores.notifying.webhooks.replace(second)
    assert stores.notifying.webhooks.read(TENANT) == second
    assert stores.notifying.webhooks.read("tenant-2").endpoints == ()


def test_an_edit_of_what_was_changed_meanwhile_is_refused(stores: Stores) -> None:
    webhooks = stores.notifying.webhooks
    empty = webhooks.read(TENANT)
    assert webhooks.replace(empty.adding(endpoint()))
    assert not webhooks.replace(empty.adding(endpoint(endpoint_id="hook-2")))
    assert not webhooks.replace(replace(empty, version=3))
    assert [each.endpoint_id for each in webhooks.read(TENANT).endpoints] == ["hook-1"]


def test_an_edit_of_what_does_not_exist_is_refused(stores: Stores) -> None:
    assert not stores.notifying.webhooks.replace(Webhooks(tenant_id=TENANT, version=2))


def test_of_many_edits_at_once_one_comes_through(stores: Stores) -> None:
    empty = stores.notifying.webhooks.read(TENANT)
    edits = [empty.adding(endpoint(endpoint_id=f"hook-{number}")) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(stores.notifying.webhooks.replace, edits))
    assert sum(done) == 1


def test_an_edit_whose_answer_was_lost_was_made(dynamodb: DynamoStores) -> None:
    webhooks = dynamodb.stores.notifying.webhooks
    with answers_lost(dynamodb, "UpdateItem"):
        assert webhooks.replace(webhooks.read(TENANT).adding(endpoint()))


def test_a_secret_is_in_no_text_of_an_endpoint() -> None:
    assert "whsec" not in repr(Webhooks(tenant_id=TENANT).adding(endpoint().rotated("whsec_x", NOON)))


def test_records_lie_beside_their_execution_in_the_order_of_their_instants(stores: Stores) -> None:
    later = record(notification_id="failed-1.a-hook", at=NOON + timedelta(minutes=1), error="HTTP_STATUS: 500")
    for each in (later, record(), record(attempt=2), record(due_at=TOMORROW), record(job_id="job-2")):
        stores.notifying.records.put(each)
    assert about(stores) == [record(), later]
    assert about(stores, attempt=3) == about(stores, tenant_id="tenant-2") == []


def test_a_record_is_overwritten(stores: Stores) -> None:
    stores.notifying.records.put(record(error="MAIL_UNAVAILABLE"))
    stores.notifying.records.put(record())
    assert about(stores) == [record()]


def test_an_expired_record_is_gone_at_its_very_instant(stores: Stores) -> None:
    stores.notifying.records.put(record())
    stores.clock.set(TOMORROW)
    assert about(stores) == []


def test_the_sweep_deletes_expired_records(sqlite: EmbeddedStores) -> None:
    sqlite.stores.notifying.records.put(record(expires_at=NOON))
    sqlite.stores.notifying.records.put(record(attempt=2))
    assert EmbeddedExpiry(sqlite.database, sqlite.stores.clock).sweep() == 1


@pytest.mark.parametrize("make", [lambda: "x" * 3000, lambda: "\ud800", lambda: "a#b"])
def test_strange_ids_find_nothing(stores: Stores, make: Callable[[], str]) -> None:
    assert about(stores, job_id=make()) == []

"""The contract of ``QuotaStore``, and what quotas cost on AWS."""

from datetime import timedelta
from typing import Any

import pytest

from tests.contract.dynamodb_probe import counted, noting, stream_records
from tests.contract.makers import TENANT, created, recurring, user
from tests.contract.queue_engines import REGION
from tests.contract.store_engines import DynamoStores, Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb.count_stream import changes_from
from tickwell.adapters.aws.dynamodb.counts import DynamoTenantCounts
from tickwell.application.quotas import Quotas
from tickwell.domain.deletion import begun
from tickwell.domain.job import JobStatus
from tickwell.domain.quota import DEFAULT_LIMITS, LARGEST_LIMIT, JobUse, QuotaName

JOBS, MEMBERS = QuotaName.JOBS, QuotaName.MEMBERS


def follow_stream(stores: Stores) -> None:
    """On AWS jobs are counted from the table's stream."""
    if isinstance(stores.counts, DynamoTenantCounts):
        stores.counts.apply(changes_from({"Records": stream_records(REGION)}))


def test_limits_are_set_one_by_one_and_forgotten(stores: Stores) -> None:
    store = stores.quotas
    assert store.own(TENANT) == {}
    store.change(TENANT, {JOBS: 5})
    store.change(TENANT, {MEMBERS: None})
    assert store.own(TENANT) == {JOBS: 5, MEMBERS: None} == store.read(TENANT).limits
    for _ in range(2):
        store.change(TENANT, {JOBS: 0}, forgotten=[MEMBERS])
    assert store.own(TENANT) == {JOBS: 0}
    store.change(TENANT, {MEMBERS: LARGEST_LIMIT}, forgotten=[JOBS])
    assert store.own(TENANT) == {MEMBERS: LARGEST_LIMIT}
    store.change(TENANT, {}, forgotten=[JOBS, MEMBERS])
    assert store.own(TENANT) == {} == store.own("tenant-2")


def test_what_is_set_and_forgotten_at_once_is_set(stores: Stores) -> None:
    stores.quotas.change(TENANT, {JOBS: 1})
    stores.quotas.change(TENANT, {JOBS: 2}, forgotten=[JOBS])
    assert stores.quotas.own(TENANT) == {JOBS: 2}


def test_jobs_that_have_not_ended_are_used(stores: Stores) -> None:
    assert stores.quotas.read(TENANT).unfinished == 0
    jobs = [created(stores) for _ in range(3)]
    paused = recurring(stores)
    assert stores.jobs.replace(paused.pause(NOON), read=paused)
    created(stores, tenant_id="tenant-2")
    follow_stream(stores)
    assert stores.quotas.read(TENANT).unfinished == 4
    ended = jobs[0].cancel(NOON, expires_at=NOON + timedelta(days=30))
    assert ended.status is JobStatus.CANCELLED
    assert stores.jobs.replace(ended, read=jobs[0])
    follow_stream(stores)
    assert [stores.quotas.read(tenant).unfinished for tenant in (TENANT, "tenant-2", "nobody")] == [3, 1, 0]


def test_who_says_that_it_is_exact_counts_at_once(stores: Stores) -> None:
    created(stores)
    use = stores.quotas.read(TENANT)
    assert use.unfinished == (1 if use.exact else 0)


@pytest.mark.parametrize("strange", ["\ud800", "x" * 3000, ""])
def test_names_that_no_store_can_hold_have_no_quotas(stores: Stores, strange: str) -> None:
    assert stores.quotas.own(strange) == {}
    read = stores.quotas.read(strange)
    assert (read.limits, read.unfinished) == ({}, 0)


def test_quotas_go_with_their_tenant(stores: Stores) -> None:
    stores.accounts.create(user())
    for tenant_id in (TENANT, "tenant-2"):
        stores.quotas.change(tenant_id, {JOBS: 5})
    stores.erasure.condemn(begun(TENANT, NOON))
    assert stores.erasure.erase(TENANT, now=NOON, has_time=lambda: True)
    stores.erasure.forget(TENANT)
    assert [stores.quotas.own(tenant_id) for tenant_id in (TENANT, "tenant-2")] == [{}, {JOBS: 5}]


def test_a_thousand_places_cost_one_call_in_five_seconds(dynamodb: DynamoStores) -> None:
    stores = dynamodb.stores
    quotas = Quotas(stores.quotas, DEFAULT_LIMITS, stores.clock)
    with counted(dynamodb) as calls:
        for _ in range(1000):
            with quotas.places(TENANT, 1) as places:
                assert places.granted == 1
    assert calls == {"BatchGetItem": 1}
    stores.clock.advance(5)
    with counted(dynamodb) as calls, quotas.places(TENANT, 1000) as places:
        assert places.granted == 1000
    assert calls == {"BatchGetItem": 1}


def test_what_is_behind_anyway_is_not_read_at_the_double_price(dynamodb: DynamoStores) -> None:
    asked: list[Any] = []

    def note(params: dict[str, Any], **_: object) -> None:
        asked.extend(params["RequestItems"].values())

    with noting(dynamodb, "provide-client-params.dynamodb.BatchGetItem", note):
        dynamodb.stores.quotas.read(TENANT)
    assert [(len(request["Keys"]), request["ConsistentRead"]) for request in asked] == [(5, False)]


def test_refusals_cost_no_more(dynamodb: DynamoStores) -> None:
    stores = dynamodb.stores
    stores.quotas.change(TENANT, {JOBS: 0})
    quotas = Quotas(stores.quotas, DEFAULT_LIMITS, stores.clock)
    with counted(dynamodb) as calls:
        for _ in range(100):
            with quotas.places(TENANT, 1) as places:
                assert places.granted == 0
    assert calls == {"BatchGetItem": 1}


def test_a_limit_of_a_later_release_is_left_alone(dynamodb: DynamoStores) -> None:
    dynamodb.stores.quotas.change(TENANT, {JOBS: 5})
    dynamodb.client.update_item(
        TableName="tickwell",
        Key={"pk": {"S": f"T#{TENANT}"}, "sk": {"S": "QUOTA"}},
        UpdateExpression="SET campaigns = :n",
        ExpressionAttributeValues={":n": {"N": "7"}},
    )
    dynamodb.stores.quotas.change(TENANT, {MEMBERS: 1}, forgotten=[JOBS])
    assert dynamodb.stores.quotas.read(TENANT) == JobUse(limits={MEMBERS: 1}, exact=False)

"""The contract of ``CallerKeys``, on every engine."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.dynamodb_probe import answers_lost, counted, items, stream_records
from tests.contract.makers import TENANT, created
from tests.contract.queue_engines import REGION
from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb.caller_key_stream import keyed_jobs_removed
from tickwell.adapters.aws.dynamodb.caller_keys import DynamoCallerKeys
from tickwell.adapters.aws.dynamodb.keys import job_key
from tickwell.adapters.embedded.expiry import EmbeddedExpiry
from tickwell.domain.caller_key import KeyHolder

LATER = NOON + timedelta(minutes=1)


def holder(**changes: Any) -> KeyHolder:
    fields: dict[str, Any] = {"tenant_id": TENANT, "key": "a/b:c", "job_id": "job-1", "taken_at": NOON}
    return KeyHolder(**fields | changes)


def taken(stores: Stores, **changes: Any) -> KeyHolder:
    made = holder(**changes)
    assert stores.caller_keys.take(made, standing=None)
    return made


def of_scope(stores: Stores, scope: str, *, limit: int = 100) -> list[str]:
    """All keys of a scope, page by page."""
    found: list[str] = []
    after: str | None = None
    while True:
        page = stores.caller_keys.of_scope(TENANT, scope, after=after, limit=limit)
        found += [each.key for each in page.items]
        after = page.next_cursor
        if after is None:
            return found


@pytest.mark.parametrize("scope", [None, "file:a"])
def test_a_key_is_found_as_it_was_taken(stores: Stores, scope: str | None) -> None:
    assert stores.caller_keys.find(TENANT, "a/b:c") is None
    made = taken(stores, scope=scope)
    assert stores.caller_keys.find(TENANT, "a/b:c") == made


def test_tenants_and_keys_are_apart(stores: Stores) -> None:
    others = [
        taken(stores),
        taken(stores, tenant_id="tenant-2"),
        taken(stores, key="A/b:c"),
        taken(stores, key="k" * 128),
    ]
    assert [stores.caller_keys.find(other.tenant_id, other.key) for other in others] == others


def test_what_is_taken_is_not_taken_again(stores: Stores) -> None:
    first = taken(stores)
    assert not stores.caller_keys.take(holder(job_id="job-2"), standing=None)
    assert stores.caller_keys.find(TENANT, first.key) == first


def test_it_is_taken_over_only_from_whom_it_was_read(stores: Stores) -> None:
    first = taken(stores)
    second = replace(first, job_id="job-2", taken_at=LATER, scope="s")
    for stale in ({"job_id": "job-0"}, {"taken_at": LATER}, {"scope": "s"}):
        assert not stores.caller_keys.take(second, standing=replace(first, **stale))
    assert stores.caller_keys.take(second, standing=first)
    assert not stores.caller_keys.take(replace(first, job_id="job-3"), standing=first)
    assert not stores.caller_keys.take(replace(first, job_id="job-3"), standing=replace(second, scope=None))
    assert stores.caller_keys.find(TENANT, first.key) == second
    back = replace(second, scope=None)
    assert stores.caller_keys.take(back, standing=second)
    assert stores.caller_keys.find(TENANT, first.key) == back
    assert of_scope(stores, "s") == []


def test_what_was_freed_meanwhile_is_not_taken_over(stores: Stores) -> None:
    first = taken(stores)
    stores.caller_keys.release(TENANT, first.key, first.job_id)
    assert not stores.caller_keys.take(replace(first, job_id="job-2"), standing=first)
    assert stores.caller_keys.find(TENANT, first.key) is None


def test_only_who_has_a_key_frees_it(stores: Stores) -> None:
    first = taken(stores)
    stores.caller_keys.release(TENANT, first.key, "job-2")
    stores.caller_keys.release("tenant-2", first.key, first.job_id)
    assert stores.caller_keys.find(TENANT, first.key) == first
    for _ in range(2):
        stores.caller_keys.release(TENANT, first.key, first.job_id)
    assert stores.caller_keys.find(TENANT, first.key) is None


def test_the_keys_of_a_scope_come_in_order_page_by_page(stores: Stores) -> None:
    keys = [f"k{number:03d}" for number in range(25)]
    for key in keys:
        taken(stores, key=key, scope="s")
    for scope, key in ((None, "k0"), ("s.b", "k1"), ("s/b", "k2"), ("r", "k3"), ("S", "k4")):
        taken(stores, key=f"{key}-of-others", scope=scope)
    taken(stores, key="k005", scope="s", tenant_id="tenant-2")
    for limit in (1, 7, 25, 100):
        assert of_scope(stores, "s", limit=limit) == keys
    assert of_scope(stores, "nobody's") == []


def test_of_many_one_takes_a_free_key(stores: Stores) -> None:
    barrier = threading.Barrier(8)

    def take(number: int) -> bool:
        barrier.wait()
        return stores.caller_keys.take(holder(job_id=f"job-{number}"), standing=None)

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(take, range(8)))
    assert sum(won) == 1
    found = stores.caller_keys.find(TENANT, "a/b:c")
    assert found is not None
    assert found.job_id == f"job-{won.index(True)}"


@pytest.mark.parametrize("key", ["", "x" * 5000, "a\ud800", "a\x00b", "ä" * 36, "a#J#0", "%"])
def test_what_cannot_be_a_key_is_free(stores: Stores, key: str) -> None:
    taken(stores)
    assert stores.caller_keys.find(TENANT, key) is None
    stores.caller_keys.release(TENANT, key, "job-1")


def test_a_tenant_that_is_erased_has_no_keys(stores: Stores) -> None:
    mine, theirs = taken(stores, scope="s"), taken(stores, tenant_id="tenant-2")
    assert stores.erasure.erase(TENANT, now=NOON, has_time=lambda: True)
    assert stores.caller_keys.find(mine.tenant_id, mine.key) is None
    assert stores.caller_keys.find(theirs.tenant_id, theirs.key) == theirs


def test_an_expired_job_leaves_its_key_free(sqlite: EmbeddedStores) -> None:
    stores = sqlite.stores
    mine, other = (created(stores, caller_key=key, expires_at=LATER) for key in ("mine", "taken-over"))
    for key, job_id in (("mine", mine.job_id), ("taken-over", "a newer job"), ("unborn", "nothing")):
        taken(stores, key=key, job_id=job_id)
    stores.clock.advance(61)
    assert EmbeddedExpiry(sqlite.database, stores.clock).sweep() == 2
    assert [stores.caller_keys.find(TENANT, key) is None for key in ("mine", "taken-over", "unborn")] == [
        True,
        False,
        False,
    ]
    assert other.caller_key == "taken-over"


def test_what_ttl_deletes_leaves_its_key_free_by_the_stream(dynamodb: DynamoStores) -> None:
    stores = dynamodb.stores
    held: list[tuple[str | None, str | None]] = [("mine", None), ("taken-over", "a newer job"), (None, None)]
    for key, other in held:
        job = created(stores, caller_key=key)
        if key is not None:
            taken(stores, key=key, job_id=other or job.job_id)
        dynamodb.table.delete_many([job_key(job.key)])
    stores.caller_keys.release(TENANT, "unknown", "job-1")
    removed = keyed_jobs_removed({"Records": stream_records(REGION)})
    assert [job.caller_key for job in removed] == ["mine", "taken-over"]
    for _ in range(2):
        DynamoCallerKeys(dynamodb.table).release_all(removed)
    assert [stores.caller_keys.find(TENANT, key) is None for key in ("mine", "taken-over")] == [True, False]


def test_a_lost_answer_on_aws_is_no_refusal(dynamodb: DynamoStores) -> None:
    with answers_lost(dynamodb, "PutItem"):
        first = taken(dynamodb.stores)
    second = replace(first, job_id="job-2", taken_at=LATER)
    with answers_lost(dynamodb, "UpdateItem"):
        assert dynamodb.stores.caller_keys.take(second, standing=first)
    assert dynamodb.stores.caller_keys.find(TENANT, first.key) == second


def test_a_key_on_aws_is_one_small_item_and_in_the_index_only_for_its_scope(dynamodb: DynamoStores) -> None:
    with counted(dynamodb) as calls:
        taken(dynamodb.stores, key="plain")
        taken(dynamodb.stores, key="scoped", scope="s")
        dynamodb.stores.caller_keys.find(TENANT, "plain")
    assert calls == {"PutItem": 2, "GetItem": 1}
    found = {item["sk"]: item for item in items(dynamodb, "caller_key")}
    assert ["up" in found[sort] for sort in ("Y#plain", "Y#scoped")] == [False, True]
    assert all(len(str(item)) < 250 for item in found.values())

"""API keys are kept as they were added, for their tenant only, and are gone once deleted."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.store_engines import Stores
from tests.contract.test_strange_ids import STRANGE
from tests.doubles import NOON
from tickwell.domain.account import Role, Scope
from tickwell.domain.api_key import ApiKey
from tickwell.domain.errors import ConflictError, NotFoundError

TENANT = "tenant-1"


def api_key(key_id: str = "key-1", **changes: Any) -> ApiKey:
    fields: dict[str, Any] = {
        "tenant_id": TENANT,
        "key_id": key_id,
        "user_id": "user-1",
        "name": "Bau-Server №1",
        "role": Role.MEMBER,
        "scopes": frozenset({Scope.JOBS_WRITE, Scope.JOBS_READ}),
        "digest": "00ff" * 16,
        "created_at": NOON,
    }
    return ApiKey(**fields | changes)


@pytest.mark.parametrize("expires_at", [None, NOON + timedelta(days=1), NOON - timedelta(days=1)])
def test_a_key_comes_back_as_it_was_added_expired_or_not(stores: Stores, expires_at: datetime | None) -> None:
    key = api_key(expires_at=expires_at)
    stores.api_keys.add(key)
    assert stores.api_keys.get(TENANT, "key-1") == key
    assert list(stores.api_keys.list_keys(TENANT)) == [key]


def test_adding_the_same_key_again_is_harmless_and_another_one_of_its_id_is_refused(stores: Stores) -> None:
    stores.api_keys.add(api_key())
    stores.api_keys.add(api_key())
    with pytest.raises(ConflictError):
        stores.api_keys.add(api_key(role=Role.OWNER))
    assert stores.api_keys.get(TENANT, "key-1").role is Role.MEMBER


def test_keys_are_listed_oldest_first_and_all_of_them(stores: Stores) -> None:
    assert list(stores.api_keys.list_keys(TENANT)) == []
    keys = [api_key(f"{number:04d}") for number in range(120)]
    for key in reversed(keys):
        stores.api_keys.add(key)
    assert list(stores.api_keys.list_keys(TENANT)) == keys


def test_a_key_belongs_to_its_tenant(stores: Stores) -> None:
    mine, theirs = api_key(), api_key(tenant_id="tenant-2", name="theirs")
    stores.api_keys.add(mine)
    assert list(stores.api_keys.list_keys("tenant-2")) == []
    with pytest.raises(NotFoundError):
        stores.api_keys.get("tenant-2", "key-1")
    assert not stores.api_keys.delete("tenant-2", "key-1")
    stores.api_keys.add(theirs)
    stores.api_keys.mark_used(theirs, at=NOON)
    assert stores.api_keys.delete("tenant-2", "key-1")
    assert stores.api_keys.get(TENANT, "key-1") == mine


def test_a_deleted_key_is_gone_and_its_use_does_not_bring_it_back(stores: Stores) -> None:
    key = api_key()
    stores.api_keys.add(key)
    assert stores.api_keys.delete(TENANT, "key-1")
    assert not stores.api_keys.delete(TENANT, "key-1")
    stores.api_keys.mark_used(key, at=NOON)
    with pytest.raises(NotFoundError):
        stores.api_keys.get(TENANT, "key-1")
    assert list(stores.api_keys.list_keys(TENANT)) == []


def test_of_those_who_saw_the_same_last_use_the_first_writes(stores: Stores) -> None:
    unused, first, later = api_key(), NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    stores.api_keys.add(unused)
    stores.api_keys.mark_used(unused, at=first)
    stores.api_keys.mark_used(unused, at=later)
    used = stores.api_keys.get(TENANT, "key-1")
    assert used == replace(unused, last_used_at=first)
    stores.api_keys.mark_used(used, at=later)
    assert stores.api_keys.get(TENANT, "key-1").last_used_at == later


def test_of_many_who_delete_one_did(stores: Stores) -> None:
    stores.api_keys.add(api_key())
    with ThreadPoolExecutor(max_workers=8) as threads:
        assert sum(threads.map(lambda _: stores.api_keys.delete(TENANT, "key-1"), range(8))) == 1


@pytest.mark.parametrize("identifier", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_id_is_not_found(stores: Stores, identifier: str) -> None:
    stores.api_keys.add(api_key())
    for tenant_id, key_id in ((TENANT, identifier), (identifier, "key-1")):
        with pytest.raises(NotFoundError):
            stores.api_keys.get(tenant_id, key_id)
        assert not stores.api_keys.delete(tenant_id, key_id)
    assert list(stores.api_keys.list_keys(identifier)) == []

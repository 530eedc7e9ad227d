"""Hooks are kept as they were added, for their tenant only, and are gone once deleted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.store_engines import Stores
from tests.contract.test_strange_ids import STRANGE
from tests.doubles import NOON
from tickwell.domain.deletion import begun
from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.hook import Hook, HookSignature, SignatureScheme

TENANT = "tenant-1"


def hook(hook_id: str = "hook-1", **changes: Any) -> Hook:
    fields: dict[str, Any] = {
        "tenant_id": TENANT,
        "hook_id": hook_id,
        "user_id": "user-1",
        "name": "Läden №1",
        "task": "echo",
        "queue": "message",
        "payload": {"text": ["{{message.content}}", 1, None], "who": {"is": "{{message.sender}}"}},
        "fields": {"sender": "data.from", "id": "data.0.id"},
        "signature": HookSignature(scheme=SignatureScheme.SHA256, secret="hook-shop", header="x-signature"),
        "digest": "00ff" * 16,
        "created_at": NOON,
    }
    return Hook(**fields | changes)


@pytest.mark.parametrize("changes", [{}, {"queue": None, "payload": None, "fields": {}, "signature": None}])
def test_a_hook_comes_back_as_it_was_added(stores: Stores, changes: dict[str, Any]) -> None:
    stores.hooks.add(hook(**changes))
    assert stores.hooks.get(TENANT, "hook-1") == hook(**changes)
    assert list(stores.hooks.list_hooks(TENANT)) == [hook(**changes)]


def test_adding_the_same_hook_again_is_harmless_and_another_one_of_its_id_is_refused(stores: Stores) -> None:
    stores.hooks.add(hook())
    stores.hooks.add(hook())
    with pytest.raises(ConflictError):
        stores.hooks.add(hook(task="another"))
    assert stores.hooks.get(TENANT, "hook-1").task == "echo"


def test_hooks_are_listed_oldest_first_and_all_of_them_however_large(stores: Stores) -> None:
    hooks = [hook(f"{number:04d}", payload="x" * 16_000) for number in range(100)]
    for each in reversed(hooks):
        stores.hooks.add(each)
    assert list(stores.hooks.list_hooks(TENANT)) == hooks


def test_a_hook_belongs_to_its_tenant_and_is_no_api_key(stores: Stores) -> None:
    stores.hooks.add(hook())
    assert list(stores.hooks.list_hooks("tenant-2")) == []
    assert list(stores.api_keys.list_keys(TENANT)) == []
    assert stores.hooks.delete("tenant-2", "hook-1") is False
    with pytest.raises(NotFoundError):
        stores.hooks.get("tenant-2", "hook-1")


def test_a_deleted_hook_is_gone_and_deleting_it_again_says_so(stores: Stores) -> None:
    stores.hooks.add(hook())
    assert stores.hooks.delete(TENANT, "hook-1") is True
    assert stores.hooks.delete(TENANT, "hook-1") is False
    with pytest.raises(NotFoundError):
        stores.hooks.get(TENANT, "hook-1")


def test_a_use_is_noted_unless_somebody_did_since_or_the_hook_is_gone(stores: Stores) -> None:
    stores.hooks.add(hook())
    later = NOON + timedelta(hours=1)
    stores.hooks.mark_used(hook(), at=later)
    stores.hooks.mark_used(hook(), at=later + timedelta(hours=1))
    assert stores.hooks.get(TENANT, "hook-1") == replace(hook(), last_used_at=later)
    stores.hooks.delete(TENANT, "hook-1")
    stores.hooks.mark_used(hook(last_used_at=later), at=later + timedelta(hours=2))
    assert list(stores.hooks.list_hooks(TENANT)) == []


def test_the_hooks_of_a_tenant_that_is_deleted_are_gone_at_once(stores: Stores) -> None:
    stores.hooks.add(hook())
    stores.hooks.add(hook(tenant_id="tenant-2"))
    stores.erasure.condemn(begun(TENANT, NOON))
    assert list(stores.hooks.list_hooks(TENANT)) == []
    assert len(stores.hooks.list_hooks("tenant-2")) == 1


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE.keys())
def test_strange_ids_name_no_hook(stores: Stores, strange: str) -> None:
    with pytest.raises(NotFoundError):
        stores.hooks.get(strange, strange)
    assert stores.hooks.delete(strange, strange) is False
    assert list(stores.hooks.list_hooks(strange)) == []

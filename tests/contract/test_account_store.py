"""Users and their tenants: an address belongs to one user."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.dynamodb_probe import counted
from tests.contract.store_engines import DynamoStores, Stores
from tests.doubles import NOON
from tickwell.domain.account import Role, User
from tickwell.domain.errors import ConflictError, EmailTakenError, NotFoundError
from tickwell.domain.session import RevokedToken, Sessions


def _user(**changes: Any) -> User:
    fields: dict[str, Any] = {
        "tenant_id": "tenant-1",
        "user_id": "user-1",
        "email": "Ada@Example.com",
        "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        "role": Role.OWNER,
        "created_at": NOON,
        "updated_at": NOON + timedelta(milliseconds=1),
    }
    return User(**fields | changes)


def test_a_user_is_found_by_id_and_by_address_in_any_case(stores: Stores) -> None:
    ada = _user()
    stores.accounts.create(ada)
    assert stores.accounts.by_id("tenant-1", "user-1") == ada
    for email in ("Ada@Example.com", "ada@example.com", "ADA@EXAMPLE.COM", " ada@example.com "):
        assert stores.accounts.by_email(email) == ada


def test_an_unknown_address_costs_as_many_reads_as_a_known_one(dynamodb: DynamoStores) -> None:
    accounts = dynamodb.stores.accounts
    accounts.create(_user())
    with counted(dynamodb) as known:
        accounts.by_email("ada@example.com")
    with counted(dynamodb) as unknown, pytest.raises(NotFoundError):
        accounts.by_email("eve@example.com")
    assert known == unknown == {"GetItem": 2}


@pytest.mark.parametrize("email", ["Ada@Example.com", "ada@example.com"])
def test_an_address_is_taken_once_and_the_refused_user_does_not_exist(stores: Stores, email: str) -> None:
    ada = _user()
    stores.accounts.create(ada)
    with pytest.raises(EmailTakenError):
        stores.accounts.create(_user(tenant_id="tenant-2", user_id="user-2", email=email))
    assert stores.accounts.by_email(email) == ada
    with pytest.raises(NotFoundError):
        stores.accounts.by_id("tenant-2", "user-2")


def test_creating_the_same_user_again_is_harmless(stores: Stores) -> None:
    ada = _user()
    stores.accounts.create(ada)
    stores.accounts.create(ada)
    assert stores.accounts.by_email(ada.email) == ada


def test_a_tenant_that_exists_is_not_taken_over(stores: Stores) -> None:
    stores.accounts.create(_user())
    with pytest.raises(ConflictError):
        stores.accounts.create(_user(user_id="user-2", email="grace@example.com"))
    with pytest.raises(NotFoundError):
        stores.accounts.by_email("grace@example.com")


@pytest.mark.parametrize("email", ["unknown@example.com", "", "user-1"])
def test_an_unknown_address_is_not_found(stores: Stores, email: str) -> None:
    stores.accounts.create(_user())
    with pytest.raises(NotFoundError):
        stores.accounts.by_email(email)


@pytest.mark.parametrize(("tenant_id", "user_id"), [("tenant-2", "user-1"), ("tenant-1", "user-2"), ("", "")])
def test_a_user_is_found_in_the_own_tenant_only(stores: Stores, tenant_id: str, user_id: str) -> None:
    stores.accounts.create(_user())
    with pytest.raises(NotFoundError):
        stores.accounts.by_id(tenant_id, user_id)


def test_of_many_threads_one_gets_the_address(stores: Stores) -> None:
    rivals = [_user(tenant_id=f"tenant-{number}", user_id=f"user-{number}") for number in range(8)]

    def create(rival: User) -> bool:
        try:
            stores.accounts.create(rival)
        except EmailTakenError:
            return False
        return True

    with ThreadPoolExecutor(max_workers=8) as threads:
        won = list(threads.map(create, rivals))
    assert sum(won) == 1
    assert stores.accounts.by_email("ada@example.com") == rivals[won.index(True)]


ENDED = Sessions(
    generation=3,
    since=NOON,
    revoked=(RevokedToken(token_id="a", issued_at=NOON, expires_at=NOON + timedelta(milliseconds=1)),),
)


def test_an_edit_is_written_once(stores: Stores) -> None:
    stores.accounts.create(_user())
    edited = _user(version=2, role=Role.VIEWER, password_hash="$new", sessions=ENDED, updated_at=NOON)
    assert stores.accounts.replace(edited)
    assert stores.accounts.by_id("tenant-1", "user-1") == edited == stores.accounts.by_email("ada@example.com")
    assert not stores.accounts.replace(replace(edited, password_hash="$other"))
    again = replace(edited, version=3, sessions=Sessions())
    assert stores.accounts.replace(again)
    assert stores.accounts.by_id("tenant-1", "user-1") == again


@pytest.mark.parametrize("change", [{"tenant_id": "tenant-2"}, {"user_id": "user-2"}])
def test_an_edit_of_nobody_makes_nobody(stores: Stores, change: dict[str, str]) -> None:
    stores.accounts.create(_user())
    nobody = _user(version=2, **change)
    assert not stores.accounts.replace(nobody)
    with pytest.raises(NotFoundError):
        stores.accounts.by_id(nobody.tenant_id, nobody.user_id)


def test_of_edits_at_the_same_time_one_is_written(stores: Stores) -> None:
    stores.accounts.create(_user())
    edits = [_user(version=2, password_hash=f"${number}") for number in range(8)]
    with ThreadPoolExecutor(max_workers=8) as threads:
        won = list(threads.map(stores.accounts.replace, edits))
    assert sum(won) == 1
    assert stores.accounts.by_id("tenant-1", "user-1") == edits[won.index(True)]

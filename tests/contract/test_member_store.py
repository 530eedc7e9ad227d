"""Organizations: who belongs to a tenant, and who may join it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb import members
from tickwell.domain.account import Role, User
from tickwell.domain.errors import EmailTakenError, NotFoundError
from tickwell.domain.one_time import PendingReset
from tickwell.domain.organization import Invitation, Tenant


def _user(number: int = 1, **changes: Any) -> User:
    fields: dict[str, Any] = {
        "tenant_id": "tenant-1",
        "user_id": f"user-{number}",
        "email": f"User-{number}@example.com",
        "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        "role": Role.OWNER,
        "created_at": NOON,
        "updated_at": NOON,
        "resets": (PendingReset(digest="d", expires_at=NOON),),
    }
    return User(**fields | changes)


def _invitation(number: int = 1, **changes: Any) -> Invitation:
    fields: dict[str, Any] = {
        "tenant_id": "tenant-1",
        "invitation_id": f"invitation-{number}",
        "email": f"user-{number}@example.com",
        "role": Role.MEMBER,
        "invited_by": "user-1",
        "created_at": NOON,
        "expires_at": NOON + timedelta(days=7),
    }
    return Invitation(**fields | changes)


def _invited(stores: Stores, number: int) -> Invitation:
    invitation = _invitation(number)
    stores.members.invite(invitation)
    assert stores.members.note_sent(invitation, digest=f"digest-{number}")
    return replace(invitation, digest=f"digest-{number}")


def _join(stores: Stores, user: User, *, invitation: Invitation, tenant: Tenant | None = None) -> bool:
    """Join the tenant as it stands, or as it was read."""
    return stores.members.join(user, invitation=invitation, tenant=tenant or stores.members.tenant(user.tenant_id))


def test_a_tenant_is_named_after_its_first_user_and_can_be_renamed(stores: Stores) -> None:
    stores.accounts.create(_user())
    tenant = stores.members.tenant("tenant-1")
    assert (tenant.name, tenant.created_at, tenant.version) == ("User-1@example.com", NOON, 1)
    renamed = replace(tenant, name="Ada & Co.", version=2)
    assert stores.members.replace_tenant(renamed)
    assert stores.members.tenant("tenant-1") == renamed
    assert not stores.members.replace_tenant(replace(tenant, name="late", version=2))
    assert not stores.members.replace_tenant(replace(tenant, tenant_id="tenant-2", version=2))
    for unknown in ("tenant-2", ""):
        with pytest.raises(NotFoundError):
            stores.members.tenant(unknown)


def test_who_joins_is_a_member_and_uses_the_invitation_up(stores: Stores) -> None:
    stores.accounts.create(_user())
    stores.accounts.create(_user(9, tenant_id="tenant-9"))
    invitation, grace = _invited(stores, 2), _user(2, role=Role.MEMBER)
    assert _join(stores, grace, invitation=invitation)
    assert stores.members.members("tenant-1") == [_user(), grace]
    assert stores.accounts.by_email("USER-2@example.com") == grace
    assert stores.members.invitations("tenant-1") == []
    assert stores.members.tenant("tenant-1").version == 2
    assert not _join(stores, _user(3), invitation=invitation)
    assert stores.members.members("tenant-9") == [_user(9, tenant_id="tenant-9")]
    assert stores.members.members("tenant-2") == []


def test_an_address_with_an_account_cannot_join_and_the_invitation_stays(stores: Stores) -> None:
    stores.accounts.create(_user())
    stores.accounts.create(_user(2, tenant_id="tenant-2"))
    invitation = _invited(stores, 2)
    with pytest.raises(EmailTakenError):
        _join(stores, _user(2, user_id="user-5"), invitation=invitation)
    assert stores.members.invitations("tenant-1") == [invitation]
    assert stores.members.members("tenant-1") == [_user()]
    assert stores.members.tenant("tenant-1").version == 1


@pytest.mark.parametrize("change", [{"digest": "digest-1"}, {"digest": None}, {"invitation_id": "invitation-5"}])
def test_only_the_newest_token_lets_join(stores: Stores, change: dict[str, Any]) -> None:
    stores.accounts.create(_user())
    invitation = _invited(stores, 2)
    assert not _join(stores, _user(2), invitation=replace(invitation, **change))
    with pytest.raises(NotFoundError):
        stores.accounts.by_email("user-2@example.com")


def test_an_invitation_without_a_tenant_is_worth_nothing(stores: Stores) -> None:
    gone = Tenant(tenant_id="tenant-1", name="gone", created_at=NOON)
    assert not _join(stores, _user(2), invitation=_invited(stores, 2), tenant=gone)


def test_who_joins_on_what_was_read_joins_just_that_many(stores: Stores) -> None:
    """Both read one member; the second must look again."""
    stores.accounts.create(_user())
    tenant = stores.members.tenant("tenant-1")
    invited = [_invited(stores, number) for number in (2, 3)]
    assert _join(stores, _user(2), invitation=invited[0], tenant=tenant)
    assert not _join(stores, _user(3), invitation=invited[1], tenant=tenant)
    assert stores.members.invitations("tenant-1") == [invited[1]]
    assert _join(stores, _user(3), invitation=invited[1])


def test_invitations_are_listed_withdrawn_and_expire(stores: Stores) -> None:
    ours = [_invitation(number) for number in (1, 2, 3)]
    for invitation in [*ours, _invitation(4, tenant_id="tenant-2")]:
        stores.members.invite(invitation)
        stores.members.invite(invitation)
    assert stores.members.invitations("tenant-1") == ours
    assert stores.members.invitation("tenant-1", "invitation-2") == ours[1]
    stores.members.withdraw("tenant-2", "invitation-2")
    for _ in range(2):
        stores.members.withdraw("tenant-1", "invitation-2")
    assert stores.members.invitations("tenant-1") == [ours[0], ours[2]]
    assert not stores.members.note_sent(ours[1], digest="d")
    stores.clock.advance(timedelta(days=7))
    assert stores.members.invitations("tenant-1") == []
    assert not stores.members.note_sent(ours[0], digest="d")
    for gone in ("invitation-1", "invitation-2", "", "\ud800"):
        with pytest.raises(NotFoundError):
            stores.members.invitation("tenant-1", gone)


def test_a_member_changes_and_goes_only_as_read(stores: Stores) -> None:
    stores.accounts.create(_user())
    grace = _user(2, role=Role.MEMBER)
    assert _join(stores, grace, invitation=_invited(stores, 2))
    tenant = stores.members.tenant("tenant-1")
    promoted = replace(grace, role=Role.ADMIN, version=2)
    assert stores.members.change_member(promoted, tenant=tenant)
    assert not stores.members.change_member(replace(promoted, role=Role.OWNER, version=3), tenant=tenant)
    tenant = stores.members.tenant("tenant-1")
    assert not stores.members.change_member(replace(promoted, role=Role.OWNER), tenant=tenant)
    assert stores.members.members("tenant-1") == [_user(), promoted]
    assert not stores.members.remove_member(grace, tenant=tenant)
    assert stores.members.remove_member(promoted, tenant=tenant)
    assert stores.members.members("tenant-1") == [_user()]
    stores.accounts.create(_user(2, tenant_id="tenant-2", user_id="user-3"))


def test_of_two_owners_one_stays(stores: Stores) -> None:
    """Both read the same tenant, and each removes the other."""
    owners = [_user(), _user(2)]
    stores.accounts.create(owners[0])
    assert _join(stores, owners[1], invitation=_invited(stores, 2))
    tenant = stores.members.tenant("tenant-1")
    with ThreadPoolExecutor(max_workers=2) as threads:
        gone = list(threads.map(lambda owner: stores.members.remove_member(owner, tenant=tenant), owners))
    assert sorted(gone) == [False, True]
    assert len(stores.members.members("tenant-1")) == 1


def test_members_of_several_pages_are_all_there(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "_PAGE", 2)
    stores.accounts.create(_user(0))
    many = [_user(number) for number in range(1, 6)]
    for number, user in enumerate(many, 1):
        assert _join(stores, user, invitation=_invited(stores, number))
    assert [user.user_id for user in stores.members.members("tenant-1")] == ["user-0", *(u.user_id for u in many)]

"""Organizations in DynamoDB; see ``MemberStore`` for what they promise."""

from collections.abc import Sequence
from typing import Final

from tickwell.adapters.aws.dynamodb import account_keys
from tickwell.adapters.aws.dynamodb.accounts import (
    FIRST_VERSION,
    NAMES,
    address_item,
    user_from,
    user_item,
    user_write,
    version_condition,
)
from tickwell.adapters.aws.dynamodb.attributes import Item, Value, key_of, number, optional_number, optional_text, text
from tickwell.adapters.aws.dynamodb.items import expiry, is_expired, stamp
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.transactions import Change, PutNew
from tickwell.adapters.aws.dynamodb.writes import Write, Written
from tickwell.application.ports import Clock
from tickwell.domain.account import Role, User, email_key
from tickwell.domain.errors import EmailTakenError, NotFoundError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.organization import Invitation, Tenant

_TENANT_NAMES: Final = {"name": "name", "created": "created", "version": "n"}
_INVITATION_NAMES: Final = {"email": "email", "digest": "dig", "expires": "ex"}
_PAGE: Final = 500


class DynamoMemberStore:
    """The ``MemberStore`` of the ``aws`` engine."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def tenant(self, tenant_id: str) -> Tenant:
        """See the port."""
        item = self._table.get(account_keys.tenant_key(tenant_id))
        if item is None:
            raise NotFoundError("organization", tenant_id)
        return Tenant(
            tenant_id=tenant_id,
            name=optional_text(item, "name") or "",
            created_at=from_epoch_ms(number(item, "created")),
            version=optional_number(item, _TENANT_NAMES["version"]) or FIRST_VERSION,
        )

    def replace_tenant(self, tenant: Tenant) -> bool:
        """See the port."""
        write = Write(
            update="SET #name = :name, #version = :version",
            condition=version_condition(tenant.version - 1, "created"),
            values={"name": tenant.name, "version": tenant.version, "before": tenant.version - 1},
        )
        outcome = self._table.update(account_keys.tenant_key(tenant.tenant_id), write, _TENANT_NAMES)
        if isinstance(outcome, Written):
            return True
        found = outcome.item
        return outcome.retried and found is not None and found.get("name") == tenant.name

    def members(self, tenant_id: str) -> Sequence[User]:
        """See the port."""
        return [user_from(item) for item in self._all(tenant_id, account_keys.MEMBERS)]

    def change_member(self, user: User, *, tenant: Tenant) -> bool:
        """See the port."""
        write = user_write(user)
        edit = Change(
            key=account_keys.user_key(user.tenant_id, user.user_id),
            update=write.update,
            condition=write.condition,
            values=write.values,
            names=NAMES,
        )
        return self._table.transact([edit, _count_edit(tenant)])

    def remove_member(self, user: User, *, tenant: Tenant) -> bool:
        """See the port."""
        gone = Change(
            key=account_keys.user_key(user.tenant_id, user.user_id),
            condition=version_condition(user.version, "password_hash"),
            values={"before": user.version},
            names=NAMES,
        )
        address = Change(
            key=account_keys.address_key(email_key(user.email)),
            condition="#user = :user",
            values={"user": user.user_id},
            names={"user": "user"},
        )
        return self._table.transact([gone, address, _count_edit(tenant)])

    def invite(self, invitation: Invitation) -> None:
        """See the port."""
        item: dict[str, Value | None] = {
            **stamp("invitation"),
            "email": invitation.email,
            "role": invitation.role.value,
            "by": invitation.invited_by,
            "created": to_epoch_ms(invitation.created_at),
            _INVITATION_NAMES["digest"]: invitation.digest,
            **expiry(to_epoch_ms(invitation.expires_at)),
        }
        key = account_keys.invitation_key(invitation.tenant_id, invitation.invitation_id)
        self._table.put_if_absent(key, item, now_ms=self._now_ms())

    def invitation(self, tenant_id: str, invitation_id: str) -> Invitation:
        """See the port."""
        item = self._table.get(account_keys.invitation_key(tenant_id, invitation_id))
        if item is None or is_expired(item, self._now_ms()):
            raise NotFoundError("invitation", invitation_id)
        return _invitation(item)

    def invitations(self, tenant_id: str) -> Sequence[Invitation]:
        """See the port."""
        now_ms = self._now_ms()
        items = self._all(tenant_id, account_keys.INVITATIONS)
        return [_invitation(item) for item in items if not is_expired(item, now_ms)]

    def note_sent(self, invitation: Invitation, *, digest: str) -> bool:
        """See the port."""
        key = account_keys.invitation_key(invitation.tenant_id, invitation.invitation_id)
        write = Write(
            update="SET #digest = :digest",
            condition="attribute_exists(#email) AND #expires > :now",
            values={"digest": digest, "now": self._now_ms()},
        )
        return isinstance(self._table.update(key, write, _INVITATION_NAMES), Written)

    def withdraw(self, tenant_id: str, invitation_id: str) -> None:
        """See the port."""
        key = account_keys.invitation_key(tenant_id, invitation_id)
        if key.is_possible():
            self._table.delete_many([key])

    def join(self, user: User, *, invitation: Invitation, tenant: Tenant) -> bool:
        """See the port."""
        used = Change(
            key=account_keys.invitation_key(invitation.tenant_id, invitation.invitation_id),
            condition="#digest = :digest AND #expires > :now",
            values={"digest": invitation.digest or "", "now": self._now_ms()},
            names=_INVITATION_NAMES,
        )
        address = PutNew(key=account_keys.address_key(email_key(user.email)), item=address_item(user))
        put = PutNew(key=account_keys.user_key(user.tenant_id, user.user_id), item=user_item(user))
        if self._table.transact([used, _count_edit(tenant), address, put]):
            return True
        if self._table.get(account_keys.address_key(email_key(user.email))) is not None:
            raise EmailTakenError
        return False

    def _all(self, tenant_id: str, span: tuple[str, str]) -> list[Item]:
        """All items of a tenant from one sort key to another. Consistent."""
        low, high = span
        found: list[Item] = []
        while True:
            page = self._table.query(
                account_keys.organization_partition(tenant_id), low=low, high=high, limit=_PAGE, consistent=True
            )
            found += page.items
            if not page.more or not page.items:
                return found
            low = text(page.items[-1], "sk") + "\0"

    def _now_ms(self) -> int:
        return to_epoch_ms(self._clock.now())


def _count_edit(tenant: Tenant) -> Change:
    """Of two edits of who belongs to a tenant that read the same one, the second is refused."""
    return Change(
        key=account_keys.tenant_key(tenant.tenant_id),
        update="SET #version = :version",
        condition=version_condition(tenant.version, "created"),
        values={"version": tenant.version + 1, "before": tenant.version},
        names=_TENANT_NAMES,
    )


def _invitation(item: Item) -> Invitation:
    tenant_id, invitation_id = account_keys.parse_invitation_key(key_of(item))
    return Invitation(
        tenant_id=tenant_id,
        invitation_id=invitation_id,
        email=text(item, "email"),
        role=Role(text(item, "role")),
        invited_by=text(item, "by"),
        created_at=from_epoch_ms(number(item, "created")),
        expires_at=from_epoch_ms(number(item, _INVITATION_NAMES["expires"])),
        digest=optional_text(item, _INVITATION_NAMES["digest"]),
    )

"""Users and tenants in DynamoDB; see ``AccountStore`` for what they promise."""

from typing import Final

from tickwell.adapters.account_documents import sessions_from, sessions_text
from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.aws.dynamodb.attributes import Item, Value, number, optional_number, optional_text, text
from tickwell.adapters.aws.dynamodb.items import stamp
from tickwell.adapters.aws.dynamodb.table import Table, Write, Written
from tickwell.domain.account import Role, User, email_key
from tickwell.domain.errors import ConflictError, EmailTakenError, NotFoundError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms

_NAMES: Final = {
    "password_hash": "password_hash",
    "role": "role",
    "updated": "updated",
    "version": "n",
    "sessions": "sess",
}
_FIRST_VERSION: Final = 1


class DynamoAccountStore:
    """The ``AccountStore`` of the ``aws`` engine."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, user: User) -> None:
        """See the port. Raises ConflictError for a tenant that exists."""
        created_ms = to_epoch_ms(user.created_at)
        address: dict[str, Value | None] = {**stamp("address"), "tenant": user.tenant_id, "user": user.user_id}
        tenant: dict[str, Value | None] = {**stamp("tenant"), "created": created_ms}
        items = {
            keys.address_key(email_key(user.email)): address,
            keys.tenant_key(user.tenant_id): tenant,
            keys.user_key(user.tenant_id, user.user_id): _user_item(user),
        }
        if self._table.put_all_new(items):
            return
        try:
            standing = self.by_email(user.email)
        except NotFoundError as error:
            raise ConflictError(f"the tenant {user.tenant_id} exists") from error
        if standing != user:
            raise EmailTakenError

    def by_email(self, email: str) -> User:
        """See the port. Consistent."""
        address = self._table.get(keys.address_key(email_key(email)))
        if address is None:
            raise NotFoundError("user", email)
        return self.by_id(text(address, "tenant"), text(address, "user"))

    def by_id(self, tenant_id: str, user_id: str) -> User:
        """See the port. Consistent."""
        item = self._table.get(keys.user_key(tenant_id, user_id))
        if item is None:
            raise NotFoundError("user", user_id)
        return _user(item)

    def replace(self, user: User) -> bool:
        """See the port. A write whose answer was lost is recognised by what it wrote."""
        sessions = sessions_text(user.sessions)
        change = "SET #password_hash = :password_hash, #role = :role, #updated = :updated, #version = :version"
        condition = "#version = :before"
        if user.version - 1 == _FIRST_VERSION:
            condition = "attribute_exists(#password_hash) AND (attribute_not_exists(#version) OR #version = :before)"
        write = Write(
            update=f"{change} REMOVE #sessions" if sessions is None else f"{change}, #sessions = :sessions",
            condition=condition,
            values={
                "password_hash": user.password_hash,
                "role": user.role.value,
                "updated": to_epoch_ms(user.updated_at),
                "version": user.version,
                "before": user.version - 1,
                "sessions": sessions or "",
            },
        )
        outcome = self._table.update(keys.user_key(user.tenant_id, user.user_id), write, _NAMES)
        if isinstance(outcome, Written):
            return True
        return outcome.retried and outcome.item is not None and _user(outcome.item) == user


def _user_item(user: User) -> dict[str, Value | None]:
    return {
        **stamp("user"),
        "email": user.email,
        "password_hash": user.password_hash,
        "role": user.role.value,
        "created": to_epoch_ms(user.created_at),
        "updated": to_epoch_ms(user.updated_at),
        _NAMES["version"]: user.version,
        _NAMES["sessions"]: sessions_text(user.sessions),
    }


def _user(item: Item) -> User:
    tenant_id, user_id = keys.parse_user_key(keys.Key(text(item, "pk"), text(item, "sk")))
    return User(
        tenant_id=tenant_id,
        user_id=user_id,
        email=text(item, "email"),
        password_hash=text(item, "password_hash"),
        role=Role(text(item, "role")),
        created_at=from_epoch_ms(number(item, "created")),
        updated_at=from_epoch_ms(number(item, "updated")),
        version=optional_number(item, _NAMES["version"]) or _FIRST_VERSION,
        sessions=sessions_from(optional_text(item, _NAMES["sessions"])),
    )

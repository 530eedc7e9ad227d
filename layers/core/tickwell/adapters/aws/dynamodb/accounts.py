"""Users and tenants in DynamoDB; see ``AccountStore`` for what they promise."""

from typing import Final

from tickwell.adapters.account_documents import resets_from, resets_text, sessions_from, sessions_text
from tickwell.adapters.aws.dynamodb import account_keys
from tickwell.adapters.aws.dynamodb.attributes import Item, Value, key_of, number, optional_number, optional_text, text
from tickwell.adapters.aws.dynamodb.items import stamp
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Write, Written
from tickwell.domain.account import Role, User, email_key
from tickwell.domain.audit import NOBODY
from tickwell.domain.errors import ConflictError, EmailTakenError, NotFoundError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms

NAMES: Final = {
    "password_hash": "password_hash",
    "role": "role",
    "updated": "updated",
    "version": "n",
    "sessions": "sess",
    "resets": "rst",
}
"""How the attributes of a user that edits change are spelled."""

FIRST_VERSION: Final = 1
"""Of what carries none: it was written before edits were counted."""


class DynamoAccountStore:
    """The ``AccountStore`` of the ``aws`` engine."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, user: User) -> None:
        """See the port. Raises ConflictError for a tenant that exists."""
        tenant: dict[str, Value | None] = {
            **stamp("tenant"),
            "created": to_epoch_ms(user.created_at),
            "name": user.email,
        }
        items = {
            account_keys.address_key(email_key(user.email)): address_item(user),
            account_keys.tenant_key(user.tenant_id): tenant,
            account_keys.user_key(user.tenant_id, user.user_id): user_item(user),
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
        """See the port. Consistent. Two reads for an unknown address, too: the time tells nobody which are known."""
        address = self._table.get(account_keys.address_key(email_key(email)))
        if address is None:
            self._table.get(account_keys.user_key(NOBODY, NOBODY))
            raise NotFoundError("user", email)
        return self.by_id(text(address, "tenant"), text(address, "user"))

    def by_id(self, tenant_id: str, user_id: str) -> User:
        """See the port. Consistent."""
        item = self._table.get(account_keys.user_key(tenant_id, user_id))
        if item is None:
            raise NotFoundError("user", user_id)
        return user_from(item)

    def replace(self, user: User) -> bool:
        """See the port. A write whose answer was lost is recognised by what it wrote."""
        outcome = self._table.update(account_keys.user_key(user.tenant_id, user.user_id), user_write(user), NAMES)
        if isinstance(outcome, Written):
            return True
        return outcome.retried and outcome.item is not None and user_from(outcome.item) == user


def address_item(user: User) -> dict[str, Value | None]:
    """What says whose an address is."""
    return {**stamp("address"), "tenant": user.tenant_id, "user": user.user_id}


def user_item(user: User) -> dict[str, Value | None]:
    """The item of a user without its key."""
    return {
        **stamp("user"),
        "email": user.email,
        "created": to_epoch_ms(user.created_at),
        **{NAMES[name]: value for name, value in _edited(user).items()},
    }


def user_write(user: User) -> Write:
    """An edit of the version before."""
    edited = _edited(user)
    kept = [f"#{name} = :{name}" for name, value in edited.items() if value is not None]
    gone = [f"#{name}" for name, value in edited.items() if value is None]
    return Write(
        update=f"SET {', '.join(kept)}" + (f" REMOVE {', '.join(gone)}" if gone else ""),
        condition=version_condition(user.version - 1, "password_hash"),
        values={name: value for name, value in edited.items() if value is not None} | {"before": user.version - 1},
    )


def version_condition(version: int, attribute: str) -> str:
    """That an item is of ``version``, which is the value ``before``; each item of its kind has the ``attribute``."""
    if version == FIRST_VERSION:
        return f"attribute_exists(#{attribute}) AND (attribute_not_exists(#version) OR #version = :before)"
    return "#version = :before"


def user_from(item: Item) -> User:
    """The user of an item."""
    tenant_id, user_id = account_keys.parse_user_key(key_of(item))
    return User(
        tenant_id=tenant_id,
        user_id=user_id,
        email=text(item, "email"),
        password_hash=text(item, NAMES["password_hash"]),
        role=Role(text(item, NAMES["role"])),
        created_at=from_epoch_ms(number(item, "created")),
        updated_at=from_epoch_ms(number(item, NAMES["updated"])),
        version=optional_number(item, NAMES["version"]) or FIRST_VERSION,
        sessions=sessions_from(optional_text(item, NAMES["sessions"])),
        resets=resets_from(optional_text(item, NAMES["resets"])),
    )


def _edited(user: User) -> dict[str, Value | None]:
    """What edits change, by the long names of ``NAMES``."""
    return {
        "password_hash": user.password_hash,
        "role": user.role.value,
        "updated": to_epoch_ms(user.updated_at),
        "version": user.version,
        "sessions": sessions_text(user.sessions),
        "resets": resets_text(user.resets),
    }

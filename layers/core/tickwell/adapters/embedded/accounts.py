"""Users and tenants in SQLite; see ``AccountStore`` for what they promise."""

import sqlite3
from typing import Any

from tickwell.adapters.account_documents import resets_from, resets_text, sessions_from, sessions_text
from tickwell.adapters.embedded.database import Database, bindable
from tickwell.domain.account import Role, User, email_key
from tickwell.domain.errors import ConflictError, EmailTakenError, NotFoundError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms

COLUMNS = "tenant_id, user_id, email, password_hash, role, created_ms, updated_ms, version, sessions, resets"
"""Of a user, in the order in which ``user_of`` takes them."""

_BY_EMAIL = f"SELECT {COLUMNS} FROM users WHERE email_key = ?"
_BY_ID = f"SELECT {COLUMNS} FROM users WHERE tenant_id = ? AND user_id = ?"
_PUT_TENANT = "INSERT INTO tenants (tenant_id, name, created_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_PUT_USER = f"INSERT INTO users (email_key, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_REPLACE = """
    UPDATE users SET password_hash = ?, role = ?, updated_ms = ?, version = ?, sessions = ?, resets = ?
    WHERE tenant_id = ? AND user_id = ? AND version = ?
"""


class EmbeddedAccountStore:
    """The embedded ``AccountStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, user: User) -> None:
        """See the port. Raises ConflictError for a tenant that exists."""
        tenant = (user.tenant_id, user.email, to_epoch_ms(user.created_at))
        with self._database.transaction() as cursor:
            if row := cursor.execute(_BY_EMAIL, (email_key(user.email),)).fetchone():
                if user_of(row) == user:
                    return
                raise EmailTakenError
            if not cursor.execute(_PUT_TENANT, tenant).rowcount:
                raise ConflictError(f"the tenant {user.tenant_id} exists")
            put_user(cursor, user)

    def by_email(self, email: str) -> User:
        """See the port."""
        with self._database.read() as cursor:
            row = cursor.execute(_BY_EMAIL, (bindable(email_key(email)),)).fetchone()
        if row is None:
            raise NotFoundError("user", email)
        return user_of(row)

    def by_id(self, tenant_id: str, user_id: str) -> User:
        """See the port."""
        with self._database.read() as cursor:
            row = cursor.execute(_BY_ID, (bindable(tenant_id), bindable(user_id))).fetchone()
        if row is None:
            raise NotFoundError("user", user_id)
        return user_of(row)

    def replace(self, user: User) -> bool:
        """See the port."""
        with self._database.transaction() as cursor:
            return replace_user(cursor, user)


def put_user(cursor: sqlite3.Cursor, user: User) -> None:
    """Insert ``user``, whose address is known to be free."""
    identity = (user.tenant_id, user.user_id, user.email, user.password_hash, user.role.value)
    instants = (to_epoch_ms(user.created_at), to_epoch_ms(user.updated_at))
    state = (user.version, sessions_text(user.sessions), resets_text(user.resets))
    cursor.execute(_PUT_USER, (email_key(user.email), *identity, *instants, *state))


def is_taken(cursor: sqlite3.Cursor, email: str) -> bool:
    """Whether a user has the address."""
    return cursor.execute(_BY_EMAIL, (email_key(email),)).fetchone() is not None


def replace_user(cursor: sqlite3.Cursor, user: User) -> bool:
    """Write an edit of the version before; False when there is none."""
    state = (user.version, sessions_text(user.sessions), resets_text(user.resets))
    values = (user.password_hash, user.role.value, to_epoch_ms(user.updated_at), *state)
    return cursor.execute(_REPLACE, (*values, user.tenant_id, user.user_id, user.version - 1)).rowcount == 1


def user_of(row: tuple[Any, ...]) -> User:
    """The user in ``COLUMNS``."""
    tenant_id, user_id, email, password_hash, role, created_ms, updated_ms, version, sessions, resets = row
    return User(
        tenant_id=tenant_id,
        user_id=user_id,
        email=email,
        password_hash=password_hash,
        role=Role(role),
        created_at=from_epoch_ms(created_ms),
        updated_at=from_epoch_ms(updated_ms),
        version=version,
        sessions=sessions_from(sessions),
        resets=resets_from(resets),
    )

"""Users and tenants in SQLite; see ``AccountStore`` for what they promise."""

from typing import Any

from tickwell.adapters.account_documents import sessions_from, sessions_text
from tickwell.adapters.embedded.database import Database, bindable
from tickwell.domain.account import Role, User, email_key
from tickwell.domain.errors import ConflictError, EmailTakenError, NotFoundError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms

_COLUMNS = "tenant_id, user_id, email, password_hash, role, created_ms, updated_ms, version, sessions"
_BY_EMAIL = f"SELECT {_COLUMNS} FROM users WHERE email_key = ?"
_BY_ID = f"SELECT {_COLUMNS} FROM users WHERE tenant_id = ? AND user_id = ?"
_PUT_TENANT = "INSERT INTO tenants (tenant_id, created_ms) VALUES (?, ?) ON CONFLICT DO NOTHING"
_PUT_USER = f"INSERT INTO users (email_key, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_REPLACE = """
    UPDATE users SET password_hash = ?, role = ?, updated_ms = ?, version = ?, sessions = ?
    WHERE tenant_id = ? AND user_id = ? AND version = ?
"""


class EmbeddedAccountStore:
    """The embedded ``AccountStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, user: User) -> None:
        """See the port. Raises ConflictError for a tenant that exists."""
        created_ms = to_epoch_ms(user.created_at)
        identity = (user.tenant_id, user.user_id, user.email, user.password_hash, user.role.value)
        key = email_key(user.email)
        with self._database.transaction() as cursor:
            if row := cursor.execute(_BY_EMAIL, (key,)).fetchone():
                if _user(row) == user:
                    return
                raise EmailTakenError
            if not cursor.execute(_PUT_TENANT, (user.tenant_id, created_ms)).rowcount:
                raise ConflictError(f"the tenant {user.tenant_id} exists")
            state = (created_ms, to_epoch_ms(user.updated_at), user.version, sessions_text(user.sessions))
            cursor.execute(_PUT_USER, (key, *identity, *state))

    def by_email(self, email: str) -> User:
        """See the port."""
        with self._database.read() as cursor:
            row = cursor.execute(_BY_EMAIL, (bindable(email_key(email)),)).fetchone()
        if row is None:
            raise NotFoundError("user", email)
        return _user(row)

    def by_id(self, tenant_id: str, user_id: str) -> User:
        """See the port."""
        with self._database.read() as cursor:
            row = cursor.execute(_BY_ID, (bindable(tenant_id), bindable(user_id))).fetchone()
        if row is None:
            raise NotFoundError("user", user_id)
        return _user(row)

    def replace(self, user: User) -> bool:
        """See the port."""
        updated_ms, sessions = to_epoch_ms(user.updated_at), sessions_text(user.sessions)
        state = (user.password_hash, user.role.value, updated_ms, user.version, sessions)
        with self._database.transaction() as cursor:
            written = cursor.execute(_REPLACE, (*state, user.tenant_id, user.user_id, user.version - 1))
            return written.rowcount == 1


def _user(row: tuple[Any, ...]) -> User:
    tenant_id, user_id, email, password_hash, role, created_ms, updated_ms, version, sessions = row
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
    )

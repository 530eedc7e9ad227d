"""Organizations in SQLite; see ``MemberStore`` for what they promise."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from tickwell.adapters.embedded.accounts import COLUMNS, is_taken, put_user, replace_user, user_of
from tickwell.adapters.embedded.database import Database, bindable
from tickwell.application.ports import Clock
from tickwell.domain.account import Role, User
from tickwell.domain.errors import EmailTakenError, NotFoundError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.organization import Invitation, Tenant

_TENANT = "SELECT tenant_id, name, created_ms, version FROM tenants WHERE tenant_id = ?"
_RENAME = "UPDATE tenants SET name = ?, version = ? WHERE tenant_id = ? AND version = ?"
_COUNT_EDIT = "UPDATE tenants SET version = version + 1 WHERE tenant_id = ? AND version = ?"
_MEMBERS = f"SELECT {COLUMNS} FROM users WHERE tenant_id = ? ORDER BY user_id"
_REMOVE = "DELETE FROM users WHERE tenant_id = ? AND user_id = ? AND version = ?"
_INVITATION = "tenant_id, invitation_id, email, role, invited_by, created_ms, expires_ms, digest"
_INVITE = f"INSERT INTO invitations ({_INVITATION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_INVITATIONS = f"SELECT {_INVITATION} FROM invitations WHERE tenant_id = ? AND expires_ms > ?"
_THIS = "tenant_id = ? AND invitation_id = ?"
_NOTE_SENT = f"UPDATE invitations SET digest = ? WHERE {_THIS} AND expires_ms > ?"
_WITHDRAW = f"DELETE FROM invitations WHERE {_THIS}"
_USE_UP = f"DELETE FROM invitations WHERE {_THIS} AND digest = ? AND expires_ms > ?"


class EmbeddedMemberStore:
    """The embedded ``MemberStore``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def tenant(self, tenant_id: str) -> Tenant:
        """See the port."""
        with self._database.read() as cursor:
            row = cursor.execute(_TENANT, (bindable(tenant_id),)).fetchone()
        if row is None:
            raise NotFoundError("organization", tenant_id)
        return Tenant(tenant_id=row[0], name=row[1], created_at=from_epoch_ms(row[2]), version=row[3])

    def replace_tenant(self, tenant: Tenant) -> bool:
        """See the port."""
        values = (tenant.name, tenant.version, tenant.tenant_id, tenant.version - 1)
        with self._database.transaction() as cursor:
            return cursor.execute(_RENAME, values).rowcount == 1

    def members(self, tenant_id: str) -> Sequence[User]:
        """See the port."""
        with self._database.read() as cursor:
            return [user_of(row) for row in cursor.execute(_MEMBERS, (bindable(tenant_id),))]

    def change_member(self, user: User, *, tenant: Tenant) -> bool:
        """See the port."""
        with self._database.transaction() as cursor:
            if not _is_as_read(cursor, tenant) or not replace_user(cursor, user):
                return False
            cursor.execute(_COUNT_EDIT, (tenant.tenant_id, tenant.version))
            return True

    def remove_member(self, user: User, *, tenant: Tenant) -> bool:
        """See the port."""
        with self._database.transaction() as cursor:
            if not _is_as_read(cursor, tenant):
                return False
            if not cursor.execute(_REMOVE, (user.tenant_id, user.user_id, user.version)).rowcount:
                return False
            cursor.execute(_COUNT_EDIT, (tenant.tenant_id, tenant.version))
            return True

    def invite(self, invitation: Invitation) -> None:
        """See the port."""
        values = (
            invitation.tenant_id,
            invitation.invitation_id,
            invitation.email,
            invitation.role.value,
            invitation.invited_by,
            to_epoch_ms(invitation.created_at),
            to_epoch_ms(invitation.expires_at),
            invitation.digest,
        )
        with self._database.transaction() as cursor:
            cursor.execute(_INVITE, values)

    def invitation(self, tenant_id: str, invitation_id: str) -> Invitation:
        """See the port."""
        values = (bindable(tenant_id), self._now_ms(), bindable(invitation_id))
        with self._database.read() as cursor:
            row = cursor.execute(f"{_INVITATIONS} AND invitation_id = ?", values).fetchone()
        if row is None:
            raise NotFoundError("invitation", invitation_id)
        return _invitation(row)

    def invitations(self, tenant_id: str) -> Sequence[Invitation]:
        """See the port."""
        values = (bindable(tenant_id), self._now_ms())
        with self._database.read() as cursor:
            return [_invitation(row) for row in cursor.execute(f"{_INVITATIONS} ORDER BY invitation_id", values)]

    def note_sent(self, invitation: Invitation, *, digest: str) -> bool:
        """See the port."""
        values = (digest, invitation.tenant_id, invitation.invitation_id, self._now_ms())
        with self._database.transaction() as cursor:
            return cursor.execute(_NOTE_SENT, values).rowcount == 1

    def withdraw(self, tenant_id: str, invitation_id: str) -> None:
        """See the port."""
        with self._database.transaction() as cursor:
            cursor.execute(_WITHDRAW, (bindable(tenant_id), bindable(invitation_id)))

    def join(self, user: User, *, invitation: Invitation, tenant: Tenant) -> bool:
        """See the port."""
        used = (invitation.tenant_id, invitation.invitation_id, invitation.digest, self._now_ms())
        with self._database.transaction() as cursor:
            if is_taken(cursor, user.email):
                raise EmailTakenError
            if not _is_as_read(cursor, tenant):
                return False
            if not cursor.execute(_USE_UP, used).rowcount:
                return False
            cursor.execute(_COUNT_EDIT, (tenant.tenant_id, tenant.version))
            put_user(cursor, user)
            return True

    def _now_ms(self) -> int:
        return to_epoch_ms(self._clock.now())


def _is_as_read(cursor: sqlite3.Cursor, tenant: Tenant) -> bool:
    row = cursor.execute(_TENANT, (tenant.tenant_id,)).fetchone()
    return row is not None and row[3] == tenant.version


def _invitation(row: tuple[Any, ...]) -> Invitation:
    tenant_id, invitation_id, email, role, invited_by, created_ms, expires_ms, digest = row
    return Invitation(
        tenant_id=tenant_id,
        invitation_id=invitation_id,
        email=email,
        role=Role(role),
        invited_by=invited_by,
        created_at=from_epoch_ms(created_ms),
        expires_at=from_epoch_ms(expires_ms),
        digest=digest,
    )

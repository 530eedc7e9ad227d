"""A tenant's API keys: create, list, look at, delete (X15)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from tickwell.application.ports import ApiKeyStore, Clock, Ids
from tickwell.domain.account import Principal, Role, Scope
from tickwell.domain.api_key import MOST_KEYS, ApiKey, key_digest, require_grantable, spell_key
from tickwell.domain.errors import ConflictError, InvalidInputError, NotFoundError

_SECRET_DIGITS = 48


@dataclass(frozen=True, kw_only=True, slots=True)
class NewKey:
    """A key with its ``text``, which nobody can be told a second time."""

    key: ApiKey
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ManageApiKeys:
    """The use cases, one method each."""

    keys: ApiKeyStore
    clock: Clock
    ids: Ids

    def create(
        self,
        principal: Principal,
        *,
        name: str,
        scopes: Collection[Scope],
        role: Role = Role.MEMBER,
        expires_at: datetime | None = None,
    ) -> NewKey:
        """Raises ForbiddenError (role), InvalidInputError (``expires_at``), ConflictError when there are too many."""
        now = self.clock.now()
        require_grantable(role, principal.role)
        if expires_at is not None and expires_at <= now:
            raise InvalidInputError("expires_at", "must lie in the future")
        key_id = self.ids.new()
        text = spell_key(principal.tenant_id, key_id, self._secret())
        key = ApiKey(
            tenant_id=principal.tenant_id,
            key_id=key_id,
            user_id=principal.user_id,
            name=name,
            role=role,
            scopes=frozenset(scopes),
            digest=key_digest(text),
            created_at=now,
            expires_at=expires_at,
        )
        self._add(key)
        return NewKey(key=key, text=text)

    def all(self, principal: Principal) -> Sequence[ApiKey]:
        """Oldest first, expired ones included."""
        return self.keys.list_keys(principal.tenant_id)

    def get(self, principal: Principal, key_id: str) -> ApiKey:
        """Raises NotFoundError."""
        return self.keys.get(principal.tenant_id, key_id)

    def delete(self, principal: Principal, key_id: str) -> None:
        """From the next request on it is unknown. Raises NotFoundError."""
        if not self.keys.delete(principal.tenant_id, key_id):
            raise NotFoundError("API key", key_id)

    def _add(self, key: ApiKey) -> None:
        """Counted after the write too, so that keys made at the same time never exceed the limit together."""
        self._require_room(key)
        self._put(key)
        try:
            self._require_room(key)
        except ConflictError:
            self.keys.delete(key.tenant_id, key.key_id)
            raise

    def _put(self, key: ApiKey) -> None:
        """An earlier try of the same request (X1) may have left a key of this id, whose secret nobody got: it goes."""
        try:
            self.keys.add(key)
        except ConflictError:
            self.keys.delete(key.tenant_id, key.key_id)
            self.keys.add(key)

    def _require_room(self, key: ApiKey) -> None:
        others = [each for each in self.keys.list_keys(key.tenant_id) if each.key_id != key.key_id]
        if len(others) >= MOST_KEYS:
            raise ConflictError(f"there are {MOST_KEYS} API keys already, the most that a tenant may have")

    def _secret(self) -> bytes:
        return bytes.fromhex((self.ids.token() + self.ids.token())[:_SECRET_DIGITS])

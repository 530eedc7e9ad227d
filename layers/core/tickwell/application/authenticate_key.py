"""From an API key to who calls."""

from dataclasses import dataclass
from datetime import datetime

from tickwell.application.ports import AccountStore, ApiKeyStore, Clock
from tickwell.domain.account import Principal
from tickwell.domain.api_key import ApiKey, parse_key
from tickwell.domain.errors import NotFoundError, UnauthenticatedError, UnavailableError


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthenticateKey:
    """Two consistent reads: the key, and the user who created it, as both are now.

    So a key is dead at once when it is deleted or expires, or when its creator leaves; and when the creator's role
    falls, the key's falls with it. Once an hour a use costs one write.
    """

    keys: ApiKeyStore
    accounts: AccountStore
    clock: Clock

    def __call__(self, text: str) -> Principal:
        """Raises UnauthenticatedError, the same whatever is wrong with the key."""
        now = self.clock.now()
        tenant_id, key_id = parse_key(text)
        key = self._get(tenant_id, key_id)
        if not key.opens_with(text, now):
            raise UnauthenticatedError("not a valid API key")
        principal = self._principal(key)
        if key.use_is_news(now):
            self._mark_used(key, now)
        return principal

    def again(self, tenant_id: str, key_id: str) -> Principal:
        """Whom a key that was accepted before still speaks for. Raises UnauthenticatedError."""
        key = self._get(tenant_id, key_id)
        if key.is_expired(self.clock.now()):
            raise UnauthenticatedError("not a valid API key")
        return self._principal(key)

    def _get(self, tenant_id: str, key_id: str) -> ApiKey:
        try:
            return self.keys.get(tenant_id, key_id)
        except NotFoundError as error:
            raise UnauthenticatedError("not a valid API key") from error

    def _principal(self, key: ApiKey) -> Principal:
        try:
            creator = self.accounts.by_id(key.tenant_id, key.user_id)
        except NotFoundError as error:
            raise UnauthenticatedError("not a valid API key") from error
        return Principal(
            tenant_id=key.tenant_id,
            user_id=key.user_id,
            role=key.role_under(creator.role),
            scopes=key.scopes,
            api_key_id=key.key_id,
        )

    def _mark_used(self, key: ApiKey, now: datetime) -> None:
        try:
            self.keys.mark_used(key, at=now)
        except UnavailableError:
            # When it was used last is worth less than the request: the next one writes it down.
            return

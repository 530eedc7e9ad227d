"""What callers are known by, and the use cases on it."""

from dataclasses import dataclass

from tickwell.application.authenticate_key import AuthenticateKey
from tickwell.application.manage_api_keys import ManageApiKeys
from tickwell.application.ports import AccountStore, ApiKeyStore, Clock, Ids, PasswordHasher, Tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """Accounts with their passwords and tokens, and API keys."""

    accounts: AccountStore
    api_keys: ApiKeyStore
    hasher: PasswordHasher
    tokens: Tokens

    def authenticate_key(self, clock: Clock) -> AuthenticateKey:
        """From an API key to who calls."""
        return AuthenticateKey(keys=self.api_keys, accounts=self.accounts, clock=clock)

    def manage_api_keys(self, clock: Clock, ids: Ids) -> ManageApiKeys:
        """What tenants do with their keys."""
        return ManageApiKeys(keys=self.api_keys, clock=clock, ids=ids)

"""The use cases of passwords and organizations."""

from dataclasses import dataclass

from tickwell.application.accounts import Login, Logout, Me, Register
from tickwell.application.authenticate import Authenticate
from tickwell.application.authenticate_key import AuthenticateKey
from tickwell.application.delete_tenant import DeleteTenant
from tickwell.application.invitations import ManageInvitations
from tickwell.application.login_limits import LoginLimits
from tickwell.application.manage_api_keys import ManageApiKeys
from tickwell.application.organizations import ManageOrganization
from tickwell.application.passwords import ManagePassword
from tickwell.application.ports import (
    AccountStore,
    ApiKeyStore,
    Clock,
    Erasure,
    ForeignTokens,
    Ids,
    MemberStore,
    Notifications,
    PasswordHasher,
    QueueStore,
    RateLimiter,
    Tickets,
    Tokens,
    WebhookStore,
)
from tickwell.application.quotas import Quotas, ReadQuotas
from tickwell.application.tickets import ManageTickets


@dataclass(frozen=True, kw_only=True, slots=True)
class Accounts:
    """What the use cases of accounts stand on. ``mails``: where those wait that the notifier writes."""

    accounts: AccountStore
    api_keys: ApiKeyStore
    members: MemberStore
    mails: Notifications
    hasher: PasswordHasher
    tokens: Tokens
    tickets: Tickets
    limiter: RateLimiter
    clock: Clock
    ids: Ids
    foreign: ForeignTokens | None = None

    def authenticate(self) -> Authenticate:
        """Which credentials count."""
        return Authenticate(accounts=self.accounts, tokens=self.tokens, clock=self.clock, foreign=self.foreign)

    def authenticate_key(self) -> AuthenticateKey:
        """From an API key to who calls."""
        return AuthenticateKey(keys=self.api_keys, accounts=self.accounts, clock=self.clock)

    def manage_tickets(self) -> ManageTickets:
        """What opens a path to a browser that sends no headers."""
        return ManageTickets(
            tickets=self.tickets,
            authenticate=self.authenticate(),
            authenticate_key=self.authenticate_key(),
            clock=self.clock,
        )

    def manage_api_keys(self) -> ManageApiKeys:
        """What tenants do with their keys."""
        return ManageApiKeys(keys=self.api_keys, clock=self.clock, ids=self.ids)

    def delete_tenant(self, erasure: Erasure) -> DeleteTenant:
        """The end of an organization."""
        return DeleteTenant(
            accounts=self.accounts, hasher=self.hasher, limits=self.limits(), erasure=erasure, clock=self.clock
        )

    def register(self) -> Register:
        """A user with a tenant of its own."""
        return Register(accounts=self.accounts, hasher=self.hasher, tokens=self.tokens, clock=self.clock, ids=self.ids)

    def login(self) -> Login:
        """From password to token."""
        return Login(
            accounts=self.accounts, hasher=self.hasher, tokens=self.tokens, limits=self.limits(), clock=self.clock
        )

    def logout(self) -> Logout:
        """The end of a session."""
        return Logout(accounts=self.accounts, clock=self.clock)

    def me(self) -> Me:
        """Who calls."""
        return Me(accounts=self.accounts)

    def limits(self) -> LoginLimits:
        """How often passwords may be tried."""
        return LoginLimits(limiter=self.limiter, clock=self.clock)

    def passwords(self) -> ManagePassword:
        """Change, forget, reset."""
        return ManagePassword(
            accounts=self.accounts,
            hasher=self.hasher,
            tokens=self.tokens,
            mails=self.mails,
            limits=self.limits(),
            clock=self.clock,
        )

    def organization(self) -> ManageOrganization:
        """Name and members."""
        return ManageOrganization(members=self.members, clock=self.clock)

    def read_quotas(self, quotas: Quotas, *, queues: QueueStore, webhooks: WebhookStore) -> ReadQuotas:
        """What a tenant may have, and what it has."""
        return ReadQuotas(quotas=quotas, members=self.members, queues=queues, webhooks=webhooks, api_keys=self.api_keys)

    def invitations(self, quotas: Quotas) -> ManageInvitations:
        """Invite and accept."""
        return ManageInvitations(
            members=self.members,
            hasher=self.hasher,
            tokens=self.tokens,
            mails=self.mails,
            clock=self.clock,
            ids=self.ids,
            quotas=quotas,
        )

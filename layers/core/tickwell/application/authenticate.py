"""From a credential to who makes the request: the one place that says which credentials count."""

from dataclasses import dataclass
from datetime import datetime

from tickwell.application.ports import AccountStore, Clock, ForeignTokens, Tokens
from tickwell.domain.account import Principal, User
from tickwell.domain.errors import NotFoundError, UnauthenticatedError
from tickwell.domain.session import Bearer


@dataclass(frozen=True, kw_only=True, slots=True)
class Authenticate:
    """The use case; see ``__call__``. ``foreign``: the tokens of an OIDC issuer, where they are accepted."""

    accounts: AccountStore
    tokens: Tokens
    clock: Clock
    foreign: ForeignTokens | None = None

    def __call__(self, credential: str) -> Principal:
        """Who the bearer ``credential`` speaks for. Raises UnauthenticatedError, the same whatever is wrong with it.

        One read of the user tells the role as it is now and whether the token still counts: logout, a new password,
        another role and the removal of a member hold from the next request on. Raises UnavailableError when the keys
        of the OIDC issuer were never read.
        """
        try:
            user, bearer = self._user(credential, self.clock.now())
        except NotFoundError as error:
            raise UnauthenticatedError("not a valid token") from error
        return _principal(user, bearer)

    def again(self, session: Bearer) -> Principal:
        """Who speaks in a ``session`` that was accepted before, as of now: one read. Raises UnauthenticatedError."""
        if session.expires_at <= self.clock.now():
            raise UnauthenticatedError("not a valid token")
        try:
            user = self.accounts.by_id(session.tenant_id, session.user_id)
        except NotFoundError as error:
            raise UnauthenticatedError("not a valid token") from error
        return _principal(user, session)

    def _user(self, credential: str, now: datetime) -> tuple[User, Bearer]:
        if self.foreign is None or not self.foreign.claims_to_be(credential):
            bearer = self.tokens.verify(credential, now=now)
            return self.accounts.by_id(bearer.tenant_id, bearer.user_id), bearer
        vouched = self.foreign.verify(credential, now=now)
        user = self.accounts.by_email(vouched.email)
        return user, vouched.bearer_of(user.tenant_id, user.user_id)


def _principal(user: User, session: Bearer) -> Principal:
    if not user.sessions.admits(session):
        raise UnauthenticatedError("not a valid token")
    return Principal(tenant_id=user.tenant_id, user_id=user.user_id, role=user.role, session=session)

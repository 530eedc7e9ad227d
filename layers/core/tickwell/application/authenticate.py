"""From a credential to who makes the request: the one place that says which credentials count."""

from dataclasses import dataclass

from tickwell.application.ports import AccountStore, Clock, Tokens
from tickwell.domain.account import Principal
from tickwell.domain.errors import NotFoundError, UnauthenticatedError


@dataclass(frozen=True, kw_only=True, slots=True)
class Authenticate:
    """The use case; see ``__call__``."""

    accounts: AccountStore
    tokens: Tokens
    clock: Clock

    def __call__(self, credential: str) -> Principal:
        """Who the bearer ``credential`` speaks for. Raises UnauthenticatedError, the same whatever is wrong with it.

        One read of the user tells the role as it is now and whether the token still counts: logout, a new password,
        another role and the removal of a member hold from the next request on.
        """
        bearer = self.tokens.verify(credential, now=self.clock.now())
        try:
            user = self.accounts.by_id(bearer.tenant_id, bearer.user_id)
        except NotFoundError as error:
            raise UnauthenticatedError("not a valid token") from error
        if not user.sessions.admits(bearer):
            raise UnauthenticatedError("not a valid token")
        return Principal(tenant_id=user.tenant_id, user_id=user.user_id, role=user.role, session=bearer)

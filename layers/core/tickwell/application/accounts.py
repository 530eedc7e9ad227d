"""Register, sign in, sign out, and who am I (C1 to C4)."""

from dataclasses import dataclass, replace
from datetime import datetime

from tickwell.application.edit_user import edit_user
from tickwell.application.login_limits import LoginLimits
from tickwell.application.ports import AccountStore, Clock, Ids, PasswordHasher, Tokens
from tickwell.domain.account import TOKEN_LIFE, Principal, Role, User, require_email, require_strong_password
from tickwell.domain.errors import ForbiddenError, InvalidCredentialsError, NotFoundError, UnauthenticatedError


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """A user with a fresh bearer token, good for ``expires_in_seconds``."""

    user: User
    token: str
    expires_in_seconds: int


def signed_in(user: User, tokens: Tokens, now: datetime) -> SignedIn:
    """``user`` with a token of a new session."""
    return SignedIn(user=user, token=tokens.issue(user, now=now), expires_in_seconds=int(TOKEN_LIFE.total_seconds()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """Create a user together with a tenant of its own."""

    accounts: AccountStore
    hasher: PasswordHasher
    tokens: Tokens
    clock: Clock
    ids: Ids

    def __call__(self, email: str, password: str) -> SignedIn:
        """Raises InvalidInputError (``email``, ``password``) and EmailTakenError."""
        address, secret = require_email("email", email), require_strong_password(password)
        now = self.clock.now()
        user = User(
            tenant_id=self.ids.new(),
            user_id=self.ids.new(),
            email=address,
            password_hash=self.hasher.hash(secret),
            role=Role.OWNER,
            created_at=now,
            updated_at=now,
        )
        self.accounts.create(user)
        return signed_in(user, self.tokens, now)


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """Exchange e-mail address and password for a token."""

    accounts: AccountStore
    hasher: PasswordHasher
    tokens: Tokens
    limits: LoginLimits
    clock: Clock

    def __call__(self, email: str, password: str, *, client: str) -> SignedIn:
        """Raises InvalidCredentialsError, the same for an unknown address and for a wrong password.

        The hash runs in both cases, so that the time of the answer tells nothing either. Raises RateLimitedError after
        too many failures of the account or of the ``client``, for the right password too.
        """
        self.limits.admit(email, client)
        try:
            user = self._user(email, password)
        except InvalidCredentialsError:
            self.limits.note_failure(email, client)
            raise
        self.limits.admit(email, client)
        return signed_in(user, self.tokens, self.clock.now())

    def _user(self, email: str, password: str) -> User:
        try:
            user = self.accounts.by_email(email)
        except NotFoundError:
            self.hasher.hash(password)
            raise InvalidCredentialsError from None
        if not self.hasher.verify(user.password_hash, password):
            raise InvalidCredentialsError(user.tenant_id, user.user_id)
        return user


@dataclass(frozen=True, kw_only=True, slots=True)
class Logout:
    """End the session that the request came with (C3)."""

    accounts: AccountStore
    clock: Clock

    def __call__(self, principal: Principal) -> None:
        """The token is dead from the next request on. Raises ForbiddenError where there is no session to end."""
        bearer = principal.session
        if bearer is None:
            raise ForbiddenError("this takes a person who has signed in; an API key is not enough")
        now = self.clock.now()

        def without(user: User) -> User:
            return replace(user, sessions=user.sessions.revoking(bearer, now))

        try:
            edit_user(self.accounts, principal.tenant_id, principal.user_id, without)
        except NotFoundError as error:
            raise UnauthenticatedError("not a valid token") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Me:
    """The user behind a credential."""

    accounts: AccountStore

    def __call__(self, principal: Principal) -> User:
        """Raises UnauthenticatedError when the user is gone although the token is not."""
        try:
            return self.accounts.by_id(principal.tenant_id, principal.user_id)
        except NotFoundError as error:
            raise UnauthenticatedError("the user of this credential does not exist any more") from error

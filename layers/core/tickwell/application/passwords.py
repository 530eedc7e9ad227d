"""A new password: from who knows the old one, and from who can read the account's mail."""

from dataclasses import dataclass, replace

from tickwell.application.accounts import SignedIn
from tickwell.application.edit_user import edit_user
from tickwell.application.login_limits import LoginLimits
from tickwell.application.ports import AccountStore, Clock, Notifications, Outgoing, PasswordHasher, Tokens
from tickwell.domain.account import TOKEN_LIFE, Principal, User, require_strong_password
from tickwell.domain.account_mail import AccountMail, AccountMailKind
from tickwell.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tickwell.domain.one_time import OneTimeToken, PendingReset, Purpose, parse_token

MAIL_GROUP = "accounts"
"""For fair queueing: mails about accounts take turns with those of tenants."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ManagePassword:
    """The use cases, one method each."""

    accounts: AccountStore
    hasher: PasswordHasher
    tokens: Tokens
    mails: Notifications
    limits: LoginLimits
    clock: Clock

    def change(self, principal: Principal, *, old: str, new: str, client: str) -> SignedIn:
        """All sessions end, this one too; the answer has a token of a new one.

        A wrong ``old`` counts as a failed login. Raises InvalidInputError (``old_password``, ``new_password``),
        RateLimitedError, ConflictError when the password was changed by somebody else meanwhile.
        """
        secret = require_strong_password(new, "new_password")
        read = self.accounts.by_id(principal.tenant_id, principal.user_id)
        self.limits.admit(read.email, client)
        if not self.hasher.verify(read.password_hash, old):
            self.limits.note_failure(read.email, client)
            raise InvalidInputError("old_password", "is not the present password")
        self.limits.admit(read.email, client)
        if old == new:
            raise InvalidInputError("new_password", "must differ from the old one")
        password_hash = self.hasher.hash(secret)

        def changed(user: User) -> User:
            if user.password_hash != read.password_hash:
                raise ConflictError("the password was changed meanwhile")
            return self._with_password(user, password_hash)

        user = edit_user(self.accounts, read.tenant_id, read.user_id, changed)
        return SignedIn(
            user=user,
            token=self.tokens.issue(user, now=self.clock.now()),
            expires_in_seconds=int(TOKEN_LIFE.total_seconds()),
        )

    def forgot(self, email: str) -> None:
        """Have a mail sent to that address if an account has it. Nobody looks for it here: time tells nothing."""
        mail = AccountMail(kind=AccountMailKind.RESET, asked_at=self.clock.now(), address=email)
        self.mails.send([Outgoing(message=mail, group=MAIL_GROUP)])

    def reset(self, token: str, password: str) -> None:
        """Set a new password with the token of a mail, once; all sessions end, and all such tokens.

        Raises InvalidInputError (``password``; ``token``, whatever is wrong with it). A weak password leaves the token
        as it is.
        """
        parsed = parse_token(token, Purpose.RESET)
        if parsed is None:
            raise _worthless()
        secret = require_strong_password(password)
        try:
            if self._pending(self.accounts.by_id(parsed.tenant_id, parsed.subject_id), parsed) is None:
                raise _worthless()
            password_hash = self.hasher.hash(secret)

            def changed(user: User) -> User:
                if self._pending(user, parsed) is None:
                    raise _worthless()
                return self._with_password(user, password_hash)

            edit_user(self.accounts, parsed.tenant_id, parsed.subject_id, changed)
        except NotFoundError as error:
            raise _worthless() from error

    def _with_password(self, user: User, password_hash: str) -> User:
        return replace(
            user,
            password_hash=password_hash,
            sessions=user.sessions.ended(),
            resets=(),
            updated_at=self.clock.now(),
        )

    def _pending(self, user: User, token: OneTimeToken) -> PendingReset | None:
        now = self.clock.now()
        living = (reset for reset in user.resets if reset.expires_at > now)
        return next((reset for reset in living if token.matches(reset.digest)), None)


def _worthless() -> InvalidInputError:
    return InvalidInputError("token", "is not valid, or not any more; ask for a new mail")

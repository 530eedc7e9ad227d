"""Writes and sends the mails about accounts: the only place where their tokens are ever seen."""

from dataclasses import dataclass, replace

from tickwell.application.edit_user import edit_user
from tickwell.application.ports import AccountStore, Clock, Ids, Mailer, MemberStore
from tickwell.domain.account import User
from tickwell.domain.account_mail import AccountMail, AccountMailKind
from tickwell.domain.errors import NotFoundError
from tickwell.domain.instant import iso
from tickwell.domain.mail import Mail
from tickwell.domain.one_time import MOST_RESETS, RESET_LIFE, OneTimeToken, PendingReset, Purpose

_RESET = """Somebody, probably you, asked for a new password of your Tickwell account.

{how}

This works once, until {until}. If it was not you, do nothing: your password stays as it is.
"""
_INVITATION = """You are invited to join {name} on Tickwell as {role}.

{how}

This works once, until {until}. One e-mail address belongs to one organization: if you have a Tickwell account
with this address already, ask for an invitation to another address.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SendAccountMail:
    """The use case; see ``__call__``.

    ``public_url``: where people find the pages that take the tokens, the dashboard's or others; None: nobody knows.
    """

    accounts: AccountStore
    members: MemberStore
    mailer: Mailer
    sender_address: str
    public_url: str | None
    clock: Clock
    ids: Ids

    def __call__(self, mail: AccountMail) -> None:
        """Send one; whoever sends it again draws a new token, and the one before is worthless.

        Raises NotFoundError when there is nobody to write to, or nothing to write any more; AttemptFailedError.
        """
        if mail.kind is AccountMailKind.RESET:
            self._reset(mail)
        else:
            self._invitation(mail)

    def _reset(self, mail: AccountMail) -> None:
        user = self.accounts.by_email(mail.address)
        expires_at = mail.asked_at + RESET_LIFE
        token = self._token(Purpose.RESET, user.tenant_id, user.user_id)
        pending = PendingReset(digest=token.digest, expires_at=expires_at)

        def awaiting(user: User) -> User:
            now = self.clock.now()
            others = tuple(one for one in user.resets if one.expires_at > now and one.expires_at != expires_at)
            if expires_at <= now or len(others) >= MOST_RESETS:
                raise NotFoundError("reset", "one that may still be sent")
            return replace(user, resets=(*others, pending))

        edit_user(self.accounts, user.tenant_id, user.user_id, awaiting)
        how = self._how(token, "reset-password", "/api/v1/auth/password/reset", "Set a new password")
        text = _RESET.format(how=how, until=iso(expires_at))
        self._send(user.email, "A new password for Tickwell", text)

    def _invitation(self, mail: AccountMail) -> None:
        invitation = self.members.invitation(mail.tenant_id, mail.invitation_id)
        name = self.members.tenant(mail.tenant_id).name
        token = self._token(Purpose.INVITATION, mail.tenant_id, mail.invitation_id)
        if not self.members.note_sent(invitation, digest=token.digest):
            raise NotFoundError("invitation", mail.invitation_id)
        how = self._how(token, "accept-invitation", "/api/v1/auth/invitations/accept", "Choose a password and join")
        text = _INVITATION.format(name=name, role=invitation.role.value, how=how, until=iso(invitation.expires_at))
        self._send(invitation.email, "You are invited to Tickwell", text)

    def _token(self, purpose: Purpose, tenant_id: str, subject_id: str) -> OneTimeToken:
        secret = self.ids.token() + self.ids.token()
        return OneTimeToken(purpose=purpose, tenant_id=tenant_id, subject_id=subject_id, secret=secret)

    def _how(self, token: OneTimeToken, page: str, path: str, title: str) -> str:
        """The link has the token behind the ``#``, which browsers keep to themselves: no server logs it."""
        if self.public_url is not None:
            return f"{title}: {self.public_url.rstrip('/')}/{page}#token={token.text}"
        return (
            f"{title} on the dashboard's page #/{page},\n"
            f'or with POST {path} and {{"token": "...", "password": "..."}}. The token:\n\n{token.text}'
        )

    def _send(self, to: str, subject: str, text: str) -> None:
        domain = self.sender_address.rpartition("@")[2].strip(">")
        message_id = f"account-{self.ids.new()}@{domain}"
        self.mailer.send(Mail(message_id=message_id, sender=self.sender_address, to=(to,), subject=subject, text=text))

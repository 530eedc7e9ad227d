"""Invitations: how a tenant gets members."""

from collections.abc import Sequence
from dataclasses import dataclass

from tickwell.application.accounts import SignedIn, signed_in
from tickwell.application.passwords import MAIL_GROUP
from tickwell.application.ports import Clock, Ids, MemberStore, Notifications, Outgoing, PasswordHasher, Tokens
from tickwell.application.quotas import Quotas
from tickwell.domain.account import (
    Principal,
    Role,
    User,
    email_key,
    require_email,
    require_strong_password,
)
from tickwell.domain.account_mail import AccountMail, AccountMailKind
from tickwell.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tickwell.domain.one_time import INVITATION_LIFE, OneTimeToken, Purpose, parse_token
from tickwell.domain.organization import MOST_INVITATIONS, Invitation, Tenant, require_above

_TRIES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class ManageInvitations:
    """The use cases, one method each."""

    members: MemberStore
    hasher: PasswordHasher
    tokens: Tokens
    mails: Notifications
    clock: Clock
    ids: Ids
    quotas: Quotas

    def invite(self, principal: Principal, *, email: str, role: Role) -> Invitation:
        """Have a mail sent; an earlier invitation of the address to this tenant is replaced.

        Whether the address has an account elsewhere is not looked at. Raises InvalidInputError (``email``),
        ForbiddenError for a role above the caller's, ConflictError for a member, or for too many invitations,
        QuotaExceededError where nobody could accept. Invitations themselves take no place.
        """
        address = require_email("email", email)
        require_above(principal.role, role)
        key = email_key(address)
        invitation_id = self.ids.new()
        members = self.members.members(principal.tenant_id)
        if any(email_key(member.email) == key for member in members):
            raise ConflictError("who has this e-mail address is a member already")
        earlier = self.members.invitations(principal.tenant_id)
        if all(one.invitation_id != invitation_id for one in earlier):  # else an earlier try of the request made it
            self.quotas.require_member(principal.tenant_id, members=len(members))
        replaced = [one for one in earlier if email_key(one.email) == key]
        if len(earlier) - len(replaced) >= MOST_INVITATIONS:
            raise ConflictError(f"there can be {MOST_INVITATIONS} invitations at a time; withdraw one first")
        for one in replaced:
            require_above(principal.role, one.role)
            self.members.withdraw(principal.tenant_id, one.invitation_id)
        now = self.clock.now()
        invitation = Invitation(
            tenant_id=principal.tenant_id,
            invitation_id=invitation_id,
            email=address,
            role=role,
            invited_by=principal.user_id,
            created_at=now,
            expires_at=now + INVITATION_LIFE,
        )
        self.members.invite(invitation)
        self._send(invitation)
        return invitation

    def all(self, principal: Principal) -> Sequence[Invitation]:
        """Oldest first."""
        return self.members.invitations(principal.tenant_id)

    def withdraw(self, principal: Principal, invitation_id: str) -> None:
        """Raises NotFoundError, ForbiddenError for a role above the caller's."""
        invitation = self.members.invitation(principal.tenant_id, invitation_id)
        require_above(principal.role, invitation.role)
        self.members.withdraw(principal.tenant_id, invitation_id)

    def accept(self, token: str, password: str) -> SignedIn:
        """A new user of the tenant, signed in. One account belongs to one tenant.

        An invitation counts for as long as who sent it is a member and may still give its role.

        Raises InvalidInputError (``password``; ``token``, whatever is wrong with it), EmailTakenError when the invited
        address has an account, QuotaExceededError: the invitation stays.
        """
        parsed = parse_token(token, Purpose.INVITATION)
        if parsed is None:
            raise _worthless()
        secret = require_strong_password(password)
        invitation = self._invited(parsed)
        tenant = self._require_room(invitation)
        now = self.clock.now()
        user = User(
            tenant_id=invitation.tenant_id,
            user_id=self.ids.new(),
            email=invitation.email,
            password_hash=self.hasher.hash(secret),
            role=invitation.role,
            created_at=now,
            updated_at=now,
        )
        for _ in range(_TRIES):
            if self.members.join(user, invitation=invitation, tenant=tenant):
                return signed_in(user, self.tokens, now)
            invitation = self._invited(parsed)
            tenant = self._require_room(invitation)
        raise ConflictError("the organization is being changed by many at once; try again")

    def _invited(self, token: OneTimeToken) -> Invitation:
        """The invitation of a token. Raises InvalidInputError (``token``)."""
        try:
            invitation = self.members.invitation(token.tenant_id, token.subject_id)
        except NotFoundError as error:
            raise _worthless() from error
        if invitation.digest is None or not token.matches(invitation.digest):
            raise _worthless()
        return invitation

    def _require_room(self, invitation: Invitation) -> Tenant:
        """The tenant as it was before its members were counted: who joins on it joins that many.

        Raises InvalidInputError (``token``), QuotaExceededError.
        """
        try:
            tenant = self.members.tenant(invitation.tenant_id)
        except NotFoundError as error:
            raise _worthless() from error
        members = self.members.members(tenant.tenant_id)
        if not invitation.is_backed_by(members):
            raise _worthless()
        self.quotas.require_member(tenant.tenant_id, members=len(members))
        return tenant

    def _send(self, invitation: Invitation) -> None:
        mail = AccountMail(
            kind=AccountMailKind.INVITATION,
            asked_at=invitation.created_at,
            tenant_id=invitation.tenant_id,
            invitation_id=invitation.invitation_id,
        )
        self.mails.send([Outgoing(message=mail, group=MAIL_GROUP)])


def _worthless() -> InvalidInputError:
    return InvalidInputError("token", "is not valid, or not any more; ask to be invited again")

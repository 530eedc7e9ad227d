"""What the routes of passwords and organizations take and give."""

from pydantic import Field
from typing_extensions import TypedDict

from tickwell.domain.account import LONGEST_PASSWORD, Role, User
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.instant import iso
from tickwell.domain.one_time import LONGEST_TOKEN
from tickwell.domain.organization import LONGEST_NAME, Invitation, Tenant
from tickwell.domain.quota import Origin, QuotaUse
from tickwell.http.strict_body import StrictBody

_ROLES = ", ".join(role.value for role in Role)
_RULES = "At least 8 characters, with an upper-case letter, a lower-case letter and a digit."
_LONGEST_EMAIL = 1024


class PasswordChange(StrictBody):
    """The password of now, and the new one."""

    old_password: str = Field(max_length=LONGEST_PASSWORD, examples=["Correct-Horse-9"])
    new_password: str = Field(max_length=LONGEST_PASSWORD, description=_RULES, examples=["Battery-Staple-8"])


class ForgottenPassword(StrictBody):
    """Whose password is forgotten."""

    email: str = Field(max_length=_LONGEST_EMAIL, examples=["ada@example.com"])


class TokenAndPassword(StrictBody):
    """What a mail brought, and a new password."""

    token: str = Field(max_length=LONGEST_TOKEN, description="As it stands in the mail.")
    password: str = Field(max_length=LONGEST_PASSWORD, description=_RULES, examples=["Battery-Staple-8"])


class OrganizationChange(StrictBody):
    """The organization's new name."""

    name: str = Field(max_length=LONGEST_NAME, examples=["Analytical Engines"])


class MemberChange(StrictBody):
    """A member's new role."""

    role: str = Field(max_length=20, description=f"One of {_ROLES}.", examples=["admin"])


class InvitationRequest(StrictBody):
    """Who is invited, and as what."""

    email: str = Field(max_length=_LONGEST_EMAIL, examples=["grace@example.com"])
    role: str = Field(default="member", max_length=20, description=f"One of {_ROLES}.", examples=["member"])


class OrganizationBody(TypedDict):
    """A tenant as its members see it."""

    id: str
    name: str
    created_at: str


class QuotaBody(TypedDict):
    """How much of something there may be, and is. ``limit`` null: any number.

    ``fixed``: the same for everybody; the others are the operator's to change.
    """

    name: str
    limit: int | None
    used: int
    fixed: bool


class QuotaListBody(TypedDict):
    """All quotas."""

    quotas: list[QuotaBody]


class MemberBody(TypedDict):
    """Somebody who belongs to the organization."""

    id: str
    email: str
    role: str
    created_at: str
    updated_at: str


class MemberListBody(TypedDict):
    """All members, the oldest first."""

    members: list[MemberBody]


class RemovedMemberBody(TypedDict):
    """Who was removed."""

    id: str


class InvitationBody(TypedDict):
    """An invitation that was not accepted yet. ``mailed``: its mail was written, and is sent or being tried."""

    id: str
    email: str
    role: str
    invited_by: str
    created_at: str
    expires_at: str
    mailed: bool


class InvitationListBody(TypedDict):
    """All invitations, the oldest first."""

    invitations: list[InvitationBody]


class WithdrawnInvitationBody(TypedDict):
    """Which invitation was withdrawn."""

    id: str


def role_of(text: str) -> Role:
    """Raises InvalidInputError (``role``)."""
    try:
        return Role(text)
    except ValueError:
        raise InvalidInputError("role", f"must be one of {_ROLES}") from None


def organization_body(tenant: Tenant) -> OrganizationBody:
    """``tenant`` as it is shown."""
    return OrganizationBody(id=tenant.tenant_id, name=tenant.name, created_at=iso(tenant.created_at))


def quota_body(quota: QuotaUse) -> QuotaBody:
    """``quota`` as it is shown."""
    return QuotaBody(name=quota.name, limit=quota.limit, used=quota.used, fixed=quota.origin is Origin.FIXED)


def member_body(user: User) -> MemberBody:
    """``user`` as colleagues see it."""
    return MemberBody(
        id=user.user_id,
        email=user.email,
        role=user.role.value,
        created_at=iso(user.created_at),
        updated_at=iso(user.updated_at),
    )


def invitation_body(invitation: Invitation) -> InvitationBody:
    """``invitation`` without anything of its token."""
    return InvitationBody(
        id=invitation.invitation_id,
        email=invitation.email,
        role=invitation.role.value,
        invited_by=invitation.invited_by,
        created_at=iso(invitation.created_at),
        expires_at=iso(invitation.expires_at),
        mailed=invitation.digest is not None,
    )

"""What the account routes take and give."""

from pydantic import Field
from typing_extensions import TypedDict

from tickwell.application.accounts import SignedIn
from tickwell.domain.account import LONGEST_PASSWORD, User
from tickwell.domain.instant import iso
from tickwell.http.strict_body import StrictBody


class Credentials(StrictBody):
    """E-mail address and password."""

    email: str = Field(max_length=1024, examples=["ada@example.com"])
    password: str = Field(
        max_length=LONGEST_PASSWORD,
        description="At least 8 characters, with an upper-case letter, a lower-case letter and a digit.",
        examples=["Correct-Horse-9"],
    )


class DoneBody(TypedDict):
    """It was done; there is nothing to show for it."""

    success: bool
    message: str


class UserBody(TypedDict):
    """A user."""

    id: str
    tenant_id: str
    email: str
    role: str
    created_at: str
    updated_at: str


class SignedInBody(TypedDict):
    """A user with a token for the ``Authorization: Bearer`` header, good for ``expires_in`` seconds."""

    user: UserBody
    token: str
    expires_in: int


def user_body(user: User) -> UserBody:
    """``user`` without the password's hash."""
    return UserBody(
        id=user.user_id,
        tenant_id=user.tenant_id,
        email=user.email,
        role=user.role.value,
        created_at=iso(user.created_at),
        updated_at=iso(user.updated_at),
    )


def signed_in_body(signed_in: SignedIn) -> SignedInBody:
    """The answer to registration and login."""
    return SignedInBody(user=user_body(signed_in.user), token=signed_in.token, expires_in=signed_in.expires_in_seconds)

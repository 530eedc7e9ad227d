"""What the API key routes take and give."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict

from tickwell.application.manage_api_keys import NewKey
from tickwell.domain.account import Role, Scope
from tickwell.domain.api_key import LONGEST_KEY_NAME, ApiKey
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.instant import instant, iso
from tickwell.http.instants import Instant, iso_or_none
from tickwell.http.job_request import Line
from tickwell.http.strict_body import StrictBody

_LONGEST_LIFE_DAYS = 3650

ScopeName = Literal[
    "jobs:read",
    "jobs:write",
    "queues:read",
    "queues:write",
    "files:read",
    "files:write",
    "webhooks:read",
    "webhooks:write",
    "secrets:read",
    "secrets:write",
    "tenant:read",
]


class ApiKeyRequest(StrictBody):
    """A key to create. Without ``expires_at`` and ``expires_in_days`` it holds until it is deleted."""

    name: Line = Field(min_length=1, max_length=LONGEST_KEY_NAME, examples=["build server"])
    scopes: list[ScopeName] = Field(
        min_length=1, max_length=len(Scope), description="What it may be used for, within its role."
    )
    role: Literal["owner", "admin", "member", "viewer"] = Field(
        default="member",
        description="Not above the caller's own. Webhooks and secrets take admin, changes of queues owner.",
    )
    expires_at: Instant | None = None
    expires_in_days: int | None = Field(default=None, ge=1, le=_LONGEST_LIFE_DAYS)

    def expiry(self, now: datetime) -> datetime | None:
        """When the key is to end. Raises InvalidInputError where it is said twice."""
        if self.expires_in_days is None:
            return None if self.expires_at is None else instant(self.expires_at)
        if self.expires_at is not None:
            raise InvalidInputError("expires_in_days", "cannot stand beside expires_at: give one of them")
        return now + timedelta(days=self.expires_in_days)

    def chosen_scopes(self) -> list[Scope]:
        """The domain's."""
        return [Scope(name) for name in self.scopes]

    def chosen_role(self) -> Role:
        """The domain's."""
        return Role(self.role)


class ApiKeyBody(TypedDict):
    """A key without itself. ``created_by`` is a user; ``last_used_at`` is told to the hour."""

    id: str
    name: str
    role: str
    scopes: list[str]
    created_by: str
    created_at: str
    expires_at: str | None
    expired: bool
    last_used_at: str | None


class NewApiKeyBody(ApiKeyBody):
    """A key with itself (``key``), which is shown this once."""

    key: str


class ApiKeyListBody(TypedDict):
    """All keys, oldest first."""

    api_keys: list[ApiKeyBody]


class DeletedApiKeyBody(TypedDict):
    """A key that is gone."""

    id: str


def api_key_body(key: ApiKey, now: datetime) -> ApiKeyBody:
    """``key`` as it is shown at ``now``."""
    return ApiKeyBody(
        id=key.key_id,
        name=key.name,
        role=key.role.value,
        scopes=[scope.value for scope in key.sorted_scopes],
        created_by=key.user_id,
        created_at=iso(key.created_at),
        expires_at=iso_or_none(key.expires_at),
        expired=key.is_expired(now),
        last_used_at=iso_or_none(key.last_used_at),
    )


def new_api_key_body(created: NewKey, now: datetime) -> NewApiKeyBody:
    """``created`` with the key itself."""
    return NewApiKeyBody(**api_key_body(created.key, now), key=created.text)

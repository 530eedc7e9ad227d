"""What the secret routes take and give: never a value."""

from pydantic import Field
from typing_extensions import TypedDict

from tickwell.domain.instant import iso
from tickwell.domain.secret import LARGEST_SECRET_BYTES, SHORTEST_SECRET, SecretInfo
from tickwell.http.strict_body import StrictBody


class SecretRequest(StrictBody):
    """The value of a secret. It is never shown again."""

    value: str = Field(
        min_length=SHORTEST_SECRET,
        max_length=LARGEST_SECRET_BYTES,
        description="Text of up to 64 KB in UTF-8. Shorter ones than 6 characters could not be kept out of logs.",
    )


class SecretBody(TypedDict):
    """That there is a secret, and since when it has its value."""

    name: str
    changed_at: str


class SecretListBody(TypedDict):
    """All secrets of the tenant, by name."""

    secrets: list[SecretBody]


class DeletedSecretBody(TypedDict):
    """A secret that is gone."""

    name: str


def secret_body(info: SecretInfo) -> SecretBody:
    """``info`` as it is shown."""
    return SecretBody(name=info.name, changed_at=iso(info.changed_at))

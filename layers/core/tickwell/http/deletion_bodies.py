"""What the deletion of an organization takes and gives."""

from pydantic import Field
from typing_extensions import TypedDict

from tickwell.domain.account import LONGEST_PASSWORD
from tickwell.domain.deletion import Deletion
from tickwell.domain.instant import iso
from tickwell.http.strict_body import StrictBody


class DeletionRequest(StrictBody):
    """The owner means it."""

    password: str = Field(
        min_length=1, max_length=LONGEST_PASSWORD, description="Of the user who is signed in, as a confirmation."
    )


class DeletionBody(TypedDict):
    """A tenant that is being deleted: nobody can sign in since ``begun_at``."""

    tenant_id: str
    begun_at: str


def deletion_body(deletion: Deletion) -> DeletionBody:
    """``deletion`` as it is shown."""
    return DeletionBody(tenant_id=deletion.tenant_id, begun_at=iso(deletion.begun_at))

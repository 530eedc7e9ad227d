"""What tasks do not get that run in processes of their own."""

from collections.abc import Sequence
from pathlib import Path

from tickwell.application.ports import BlobInfo, SentMail
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.mail import Mail


class NotHere:
    """Mail and blobs take credentials, which task processes do not get. Raises AttemptFailedError ``NOT_AVAILABLE``."""

    def send(self, mail: Mail) -> SentMail:  # noqa: ARG002 - the port's signature
        """Mail."""
        raise _not_here("mail")

    def put(self, name: str, data: bytes, *, content_type: str) -> None:  # noqa: ARG002 - the port's signature
        """A blob."""
        raise _not_here("blobs")

    def get(self, name: str) -> bytes:  # noqa: ARG002 - the port's signature
        """A blob."""
        raise _not_here("blobs")

    def delete(self, name: str) -> None:  # noqa: ARG002 - the port's signature
        """A blob."""
        raise _not_here("blobs")

    def list(self, folder: str, *, after: str, limit: int) -> Sequence[str]:  # noqa: ARG002 - the port's signature
        """Blobs."""
        raise _not_here("blobs")

    def details(self, folder: str, *, after: str, limit: int) -> Sequence[BlobInfo]:  # noqa: ARG002 - as above
        """Blobs."""
        raise _not_here("blobs")

    def info(self, name: str) -> BlobInfo:  # noqa: ARG002 - as above
        """A blob."""
        raise _not_here("blobs")

    def delete_many(self, names: Sequence[str]) -> None:  # noqa: ARG002 - as above
        """Blobs."""
        raise _not_here("blobs")

    def fetch(self, name: str, path: Path) -> None:  # noqa: ARG002 - as above
        """A blob."""
        raise _not_here("blobs")

    def store(self, path: Path, name: str, *, content_type: str) -> None:  # noqa: ARG002 - as above
        """A blob."""
        raise _not_here("blobs")


def _not_here(what: str) -> AttemptFailedError:
    reason = f"tasks that run in a process of their own have no access to {what}"
    return AttemptFailedError("NOT_AVAILABLE", reason, retryable=False)

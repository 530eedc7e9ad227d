"""Tickets: what opens one path to a browser where it can send no headers: an ``EventSource``, a frame.

They go into URLs, which end up in logs and histories, and are therefore worth little: one path, to read, for minutes.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.session import Bearer

TICKET_LIFE: Final = timedelta(minutes=5)

_PREFIX: Final = re.compile(r"^/?(?:api/v1/|api/)?")
_ID: Final = r"[A-Za-z0-9._~-]{1,200}"
_OPENED: Final = re.compile(rf"sse/stats|sse/jobs/{_ID}|emails/{_ID}/preview")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """What a genuine ticket says. It is worth what the credential still is that it was got with.

    That is the ``session`` of the user, or the API key ``api_key_id``, whichever is not None.
    ``path`` is what it opens, as ``ticket_path`` spells it. ``expires_at`` is a whole second.
    """

    tenant_id: str
    user_id: str
    path: str
    expires_at: datetime
    session: Bearer | None = None
    api_key_id: str | None = None


def ticket_path(path: str) -> str:
    """``sse/stats`` for ``/api/v1/sse/stats`` and its alias ``/api/sse/stats``: both are opened by one ticket."""
    return _PREFIX.sub("", path, count=1)


def require_ticket_path(path: str) -> str:
    """What of ``path`` a ticket would name, if there are tickets for it. Raises InvalidInputError (``path``)."""
    found = ticket_path(path)
    if not _OPENED.fullmatch(found):
        raise InvalidInputError("path", "must be sse/stats, sse/jobs/{job_id} or emails/{email_id}/preview")
    return found

"""Tokens that are sent by mail and used once: to set a new password, to accept an invitation.

Only their digest is kept. The token names the row that it belongs to, so that no index is needed to find it.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

RESET_LIFE = timedelta(hours=1)
INVITATION_LIFE = timedelta(days=7)
MOST_RESETS = 3
"""Mails with a token that one user can have at once. More are not sent: nobody can flood a mailbox, or end a link."""

LONGEST_TOKEN = 512
_TOKEN = re.compile(r"(tw[ri])_([A-Za-z0-9-]{1,64})\.([A-Za-z0-9-]{1,64})\.([0-9a-f]{64})")


class Purpose(StrEnum):
    """What a token is for; its first letters."""

    RESET = "twr"
    INVITATION = "twi"


@dataclass(frozen=True, kw_only=True, slots=True)
class OneTimeToken:
    """``subject_id``: the user, or the invitation. ``secret``: 64 hexadecimal digits."""

    purpose: Purpose
    tenant_id: str
    subject_id: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """What is sent."""
        return f"{self.purpose.value}_{self.tenant_id}.{self.subject_id}.{self.secret}"

    @property
    def digest(self) -> str:
        """What is kept. The secret has 256 random bits: no slow hash is needed to protect it."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def matches(self, digest: str) -> bool:
        """Whether ``digest`` was made of this token, in constant time."""
        return hmac.compare_digest(self.digest, digest)


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingReset:
    """A mail with a token that lets its user set a new password."""

    digest: str
    expires_at: datetime


def parse_token(text: str, purpose: Purpose) -> OneTimeToken | None:
    """The token in ``text``; None for what is none of that purpose."""
    found = _TOKEN.fullmatch(text.strip()) if len(text) <= LONGEST_TOKEN else None
    if found is None or found[1] != purpose.value:
        return None
    return OneTimeToken(purpose=purpose, tenant_id=found[2], subject_id=found[3], secret=found[4])

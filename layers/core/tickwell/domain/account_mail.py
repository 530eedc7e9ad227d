"""Mails about accounts, on their way through the notification queue."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AccountMailKind(StrEnum):
    """What a mail is about."""

    RESET = "reset"
    INVITATION = "invitation"


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountMail:
    """A mail to write and to send. It holds no token: that is drawn when it is sent, so that no queue ever sees one.

    ``address``: whose password is forgotten; there may be no such user. ``tenant_id`` and ``invitation_id`` name an
    invitation. Exactly one of the two is given.
    """

    kind: AccountMailKind
    asked_at: datetime
    address: str = ""
    tenant_id: str = ""
    invitation_id: str = ""

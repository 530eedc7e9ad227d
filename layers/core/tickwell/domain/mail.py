"""E-mail as Tickwell sends it."""

from dataclasses import dataclass, field
from typing import Final

MOST_RECIPIENTS: Final = 50
"""Of one mail, copies included: what SES takes."""

LARGEST_ATTACHMENTS_BYTES: Final = 7 * 1024 * 1024
"""All of a mail together. Spelled for the way they take a third more, and SES takes 10 MB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file that goes with a mail. ``inline_id``: the HTML shows it as ``cid:<inline_id>``; None: it is only there."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)
    inline_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """One message. ``message_id`` (without angle brackets) is the same whenever the same mail is sent again.

    Who is in ``bcc`` gets it, and nothing in it says so.
    """

    message_id: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()

"""E-mail as Tickwell sends it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """One message. ``message_id`` (without angle brackets) is the same whenever the same mail is sent again."""

    message_id: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None
    reply_to: str | None = None

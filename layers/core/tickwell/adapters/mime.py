"""Mail as bytes: the one place that turns a ``Mail`` into headers and parts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.mail import Mail

REJECTED = "MAIL_REJECTED"
UNAVAILABLE = "MAIL_UNAVAILABLE"

# Headers are not folded to 78 columns: the email package of some Python releases spoils long ids when it folds.
_POLICY = policy.SMTP.clone(max_line_length=998)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_SPEC = rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
# A name never gives back the blanks behind it: to try all ways to share them takes the square of their number.
_ADDRESS = re.compile(
    rf'(?:(?:"(?P<quoted>[^"\\]*)"|(?P<name>[^"<>@,;:()\\]*+)) *<(?P<spec>{_SPEC})>|(?P<bare>{_SPEC}))'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MimeMail:
    """A mail ready to be sent: ``octets`` with CRLF line ends, and the envelope's addresses."""

    sender: str
    recipients: tuple[str, ...]
    octets: bytes


def mime_mail(mail: Mail, *, date: datetime) -> MimeMail:
    """``mail`` as RFC 5322 has it: plain text, and the HTML as its alternative.

    Raises AttemptFailedError ``MAIL_REJECTED`` for line breaks and other control characters in any header, for
    something that is no address, and for text that is no Unicode (lone surrogates).
    """
    if not mail.to:
        raise _rejected("there is no recipient")
    sender = _address("sender", mail.sender)
    recipients = [_address("to", address) for address in mail.to]
    headers: dict[str, Any] = {
        "Message-ID": f"<{mail.message_id}>",
        "Date": format_datetime(date),
        "From": sender,
        "To": recipients,
        "Subject": mail.subject,
        "Auto-Submitted": "auto-generated",
    }
    if mail.reply_to is not None:
        headers["Reply-To"] = _address("reply_to", mail.reply_to)
    return MimeMail(
        sender=sender.addr_spec,
        recipients=tuple(address.addr_spec for address in recipients),
        octets=_octets(headers, mail.text, mail.html),
    )


def _octets(headers: Mapping[str, Any], text: str, html: str | None) -> bytes:
    message = EmailMessage(policy=_POLICY)
    try:
        for name, value in headers.items():
            _require_one_line(name, str(value))
            message[name] = value
            # The email package decodes encoded words (RFC 2047), and what is inside them may be a line break.
            _require_one_line(name, str(message[name]))
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
        return message.as_bytes()
    except UnicodeError as error:
        raise _rejected("the mail holds characters that do not exist") from error


def _address(field: str, text: str) -> Address:
    """``ada@example.com`` or ``Ada <ada@example.com>``."""
    _require_one_line(field, text)
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise _rejected(f"{field} is not an e-mail address")
    name = (found["quoted"] or found["name"] or "").strip()
    return Address(display_name=name, addr_spec=found["spec"] or found["bare"])


def _require_one_line(field: str, text: str) -> None:
    if _CONTROL.search(text):
        raise _rejected(f"{field} holds a line break or another control character")


def _rejected(reason: str) -> AttemptFailedError:
    return AttemptFailedError(REJECTED, reason, retryable=False)

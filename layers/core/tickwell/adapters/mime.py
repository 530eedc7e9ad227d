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
from tickwell.domain.mail import Attachment, Mail

REJECTED = "MAIL_REJECTED"
UNAVAILABLE = "MAIL_UNAVAILABLE"

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*", re.ASCII)
_STRUCTURED = frozenset({"message", "multipart"})  # their content is more mail, and not free to be spelled in Base64
_CONTENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*", re.ASCII)

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
    """A mail ready to be sent: ``octets`` with CRLF line ends, and the envelope's addresses, some of them hidden."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    octets: bytes

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody who gets it, once."""
        return tuple(dict.fromkeys((*self.to, *self.cc, *self.bcc)))


def mime_mail(mail: Mail, *, date: datetime) -> MimeMail:
    """``mail`` as RFC 5322 has it: plain text, the HTML as its alternative with what it shows, and attachments.

    Raises AttemptFailedError ``MAIL_REJECTED`` for line breaks and other control characters in any header, those of
    attachments too, for something that is no address, and for text that is no Unicode (lone surrogates).
    """
    if not mail.to:
        raise _rejected("there is no recipient")
    sender = _address("sender", mail.sender)
    to, cc, bcc, reply_to = (
        [_address(field, address) for address in getattr(mail, field)] for field in ("to", "cc", "bcc", "reply_to")
    )
    headers: dict[str, Any] = {
        "Message-ID": f"<{mail.message_id}>",
        "Date": format_datetime(date),
        "From": sender,
        "To": to,
        **({"Cc": cc} if cc else {}),
        "Subject": mail.subject,
        "Auto-Submitted": "auto-generated",
        **({"Reply-To": reply_to} if reply_to else {}),
    }
    return MimeMail(
        sender=sender.addr_spec,
        to=tuple(address.addr_spec for address in to),
        cc=tuple(address.addr_spec for address in cc),
        bcc=tuple(address.addr_spec for address in bcc),
        octets=_octets(headers, mail),
    )


def _octets(headers: Mapping[str, Any], mail: Mail) -> bytes:
    message = EmailMessage(policy=_POLICY)
    try:
        for name, value in headers.items():
            _require_one_line(name, str(value))
            message[name] = value
            # The email package decodes encoded words (RFC 2047), and what is inside them may be a line break.
            _require_one_line(name, str(message[name]))
        message.set_content(mail.text)
        if mail.html is not None:
            message.add_alternative(mail.html, subtype="html")
        for attachment in mail.attachments:
            _attach(message, attachment)
        return message.as_bytes()
    except UnicodeError as error:
        raise _rejected("the mail holds characters that do not exist") from error


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    """Beside the text, or beside the HTML that shows it."""
    for field, value in (("filename", attachment.filename), ("inline_id", attachment.inline_id or "")):
        _require_one_line(field, value)
        if "=?" in value:  # the beginning of an encoded word, see above
            raise _rejected(f"{field} of an attachment holds =?")
    maintype, _, subtype = attachment.content_type.partition("/")
    if not _TOKEN.fullmatch(maintype) or not _TOKEN.fullmatch(subtype) or maintype in _STRUCTURED:
        raise _rejected("content_type of an attachment is none that a file can have")
    named: dict[str, Any] = {"maintype": maintype, "subtype": subtype, "filename": attachment.filename}
    if attachment.inline_id is None:
        message.add_attachment(attachment.data, **named)
        return
    html = message.get_body(("related", "html"))
    if not isinstance(html, EmailMessage) or not _CONTENT_ID.fullmatch(attachment.inline_id):
        raise _rejected("inline_id goes with html, and has letters, digits and . _ - @ only")
    html.add_related(attachment.data, **named, disposition="inline", cid=f"<{attachment.inline_id}>")


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

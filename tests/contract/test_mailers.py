"""What every mailer promises, and how each translates refusals."""

import dataclasses
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from tests.contract.mail_servers import LOOPBACK, MailServer
from tests.doubles import FakeClock
from tickwell.adapters.aws.ses import SesMailer
from tickwell.adapters.embedded.outbox import OutboxMailer
from tickwell.adapters.embedded.smtp import SmtpMailer, SmtpSecurity
from tickwell.application.ports import Mailer
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.mail import Attachment, Mail

MAIL = Mail(
    message_id="0190-job-019d@tickwell.example",
    sender="Tickwell <jobs@tickwell.example>",
    to=("ada@example.com", "grace@example.com"),
    subject="Überfällig: 3 Aufgaben",
    text="Guten Tag,\n.\nein Punkt allein.\n",
    html="<p>Guten Tag</p>",
    reply_to=("desk@tickwell.example",),
)


def attachment(**changes: Any) -> Attachment:
    return Attachment(**{"filename": "a.txt", "content_type": "text/plain", "data": b"text", **changes})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Route:
    """A mailer, and what arrived by it."""

    mailer: Mailer
    via: str
    arrived: Callable[[], list[bytes]]


def smtp(server: MailServer, security: SmtpSecurity = SmtpSecurity.PLAIN) -> SmtpMailer:
    return SmtpMailer(host=LOOPBACK, port=server.port, security=security, clock=FakeClock(), context=server.trusting)


def smtp_route(request: pytest.FixtureRequest) -> Route:
    server: MailServer = request.getfixturevalue("mail_server")
    return Route(
        mailer=smtp(server),
        via="smtp",
        arrived=lambda: list(server.postbox.contents),
    )


def ses_route(request: pytest.FixtureRequest) -> Route:
    region: str = request.getfixturevalue("aws")
    client = boto3.client("sesv2", region_name=region)
    client.create_email_identity(EmailIdentity="tickwell.example")
    backend = ses_backends[DEFAULT_ACCOUNT_ID][region]
    return Route(
        mailer=SesMailer(client, FakeClock()),
        via="ses",
        arrived=lambda: [message.raw_data.encode() for message in backend.sent_messages],
    )


@pytest.fixture(params=["outbox", "smtp", "ses"])
def route(request: pytest.FixtureRequest, tmp_path: Path) -> Route:
    if request.param == "outbox":
        return Route(
            mailer=OutboxMailer(tmp_path / "outbox", FakeClock()),
            via="outbox",
            arrived=lambda: [file.read_bytes() for file in sorted((tmp_path / "outbox").iterdir())],
        )
    return smtp_route(request) if request.param == "smtp" else ses_route(request)


def only(route: Route) -> EmailMessage:
    (raw,) = route.arrived()
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    content: str = body.get_content()
    return content


def test_a_mail_arrives_as_it_was_written(route: Route) -> None:
    sent = route.mailer.send(MAIL)
    message = only(route)
    assert sent.via == route.via
    assert message["From"] == "Tickwell <jobs@tickwell.example>"
    assert message["To"] == "ada@example.com, grace@example.com"
    assert message["Reply-To"] == "desk@tickwell.example"
    assert message["Subject"] == MAIL.subject
    assert message["Date"] == "Sun, 22 Nov 2026 12:00:00 +0000"
    assert part(message, "plain").replace("\r\n", "\n") == MAIL.text
    assert part(message, "html").strip() == MAIL.html
    assert not message.defects


def test_copies_go_to_all_and_hidden_ones_are_not_told(route: Route) -> None:
    cc, bcc = ("cc@example.com", "two@example.com"), ("hidden@example.com", "ada@example.com")
    route.mailer.send(dataclasses.replace(MAIL, cc=cc, bcc=bcc, reply_to=("one@example.com", "two@example.com")))
    message = only(route)
    assert message["Cc"] == "cc@example.com, two@example.com"
    assert message["Reply-To"] == "one@example.com, two@example.com"
    assert message["Bcc"] is None
    assert b"hidden@example.com" not in route.arrived()[0]


def test_attachments_arrive_byte_for_byte(route: Route) -> None:
    sent = (
        attachment(filename="Grüße 日本.pdf", content_type="application/pdf", data=bytes(range(256)) * 40),
        attachment(filename="a.csv", content_type="text/csv", data=b"a,b\r\n.\r\n\xff\n"),
        attachment(filename="logo.png", content_type="image/png", data=b"\x89PNG", inline_id="logo@tickwell"),
        attachment(filename="x" * 146 + ".txt", data=b""),
    )
    route.mailer.send(dataclasses.replace(MAIL, attachments=sent))
    message = only(route)
    assert part(message, "plain").replace("\r\n", "\n") == MAIL.text
    assert part(message, "html").strip() == MAIL.html
    found = {each.get_filename(): each for each in message.walk() if each.get_filename()}
    assert list(found) == [sent[2].filename, sent[0].filename, sent[1].filename, sent[3].filename]
    for each in sent:
        arrived = found[each.filename]
        assert (arrived.get_content_type(), arrived.get_payload(decode=True)) == (each.content_type, each.data)
    inline = found["logo.png"]
    assert (inline["Content-ID"], inline.get_content_disposition()) == ("<logo@tickwell>", "inline")
    assert found["a.csv"].get_content_disposition() == "attachment"
    html = message.get_body(("related",))
    assert html is not None
    assert html.get_content_type() == "multipart/related"
    assert max(len(line) for line in route.arrived()[0].split(b"\r\n")) <= 998


def test_a_mail_without_html_is_plain_text(route: Route) -> None:
    route.mailer.send(dataclasses.replace(MAIL, html=None, reply_to=()))
    message = only(route)
    assert message.get_content_type() == "text/plain"
    assert message["Reply-To"] is None


def test_recipients_can_tell_that_a_repeated_mail_is_the_same(route: Route) -> None:
    route.mailer.send(MAIL)
    route.mailer.send(MAIL)
    header = "X-Tickwell-Message-ID" if route.via == "ses" else "Message-ID"
    ids = [message_from_bytes(raw, policy=policy.default)[header] for raw in route.arrived()]
    assert set(ids) == {f"<{MAIL.message_id}>"}


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Hello\r\nBcc: all@example.com"},
        {"subject": "Hello\nBcc: all@example.com"},
        {"subject": "Hello\rBcc: all@example.com"},
        {"subject": "Hello\x00"},
        {"subject": "Hello\u2028Bcc: all@example.com"},
        {"subject": "=?utf-8?q?Hello=0D=0ABcc:_all@example.com?="},
        {"subject": "Hello =?utf-8?b?SGVsbG8NCkJjYzogYWxs?= there"},
        {"sender": "=?utf-8?q?T=0D=0ABcc:_all@example.com?= <jobs@tickwell.example>"},
        {"sender": "jobs@tickwell.example\r\nBcc: all@example.com"},
        {"message_id": "a@b>\r\nBcc: all@example.com"},
        {"to": ("ada@example.com\r\nBcc: all@example.com",)},
        {"to": ("ada@example.com\n",)},
        {"reply_to": ("ada@example.com\r\nBcc: all@example.com",)},
        {"cc": ("ada@example.com\r\nBcc: all@example.com",)},
        {"bcc": ("ada@example.com\r\nX: y",)},
        {"bcc": ("not an address",)},
        {"attachments": (attachment(filename="a\r\nX: y"),)},
        {"attachments": (attachment(filename="=?utf-8?q?a=0D=0AX:_y?="),)},
        {"attachments": (attachment(content_type="text/plain\r\nX: y"),)},
        {"attachments": (attachment(content_type="message/rfc822"),)},
        {"attachments": (attachment(content_type="text"),)},
        {"attachments": (attachment(inline_id="a>\r\nX: y"),)},
        {"attachments": (attachment(inline_id="a"),), "html": None},
        {"attachments": (attachment(filename="\ud800"),)},
        {"to": ()},
        {"to": ("ada@example.com", "")},
        {"to": ("not an address",)},
        {"to": ("ada@example.com, grace@example.com",)},
        {"to": ("ada@éxample.com",)},
        {"sender": ""},
        {"subject": "\ud800"},
        {"text": "\udfff"},
        {"html": "\ud800"},
    ],
    ids=ascii,
)
def test_what_cannot_be_a_mail_is_rejected_and_nothing_goes_out(route: Route, change: dict[str, Any]) -> None:
    with pytest.raises(AttemptFailedError) as caught:
        route.mailer.send(dataclasses.replace(MAIL, **change))
    assert caught.value.error_code == "MAIL_REJECTED"
    assert not caught.value.retryable
    if route.via != "outbox":
        assert not route.arrived()


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "x" * 500},
        {"subject": "ü" * 500},
        {"message_id": "i" * 120 + "@" + "d" * 60 + ".example"},
        {"text": "y" * 5000},
        {"text": "From here\r\n..\r\n.\r\nend"},
        {"text": ""},
        {"to": tuple(f"reader{number}@example.com" for number in range(25))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_unusual_mail_arrives_unchanged(route: Route, change: dict[str, Any]) -> None:
    mail = dataclasses.replace(MAIL, html=None, **change)
    route.mailer.send(mail)
    message = only(route)
    assert message["Subject"] == mail.subject
    assert message["To"].replace("\r\n", "") == ", ".join(mail.to)
    assert message["Message-ID"] == f"<{mail.message_id}>"
    assert part(message, "plain").splitlines() == (mail.text.splitlines() or [""])
    assert max(len(line) for line in route.arrived()[0].split(b"\r\n")) <= 998


def test_the_outbox_keeps_one_file_a_mail_however_often_it_is_sent(tmp_path: Path) -> None:
    outbox = OutboxMailer(tmp_path / "a" / "outbox", FakeClock())
    for mail in (MAIL, MAIL, dataclasses.replace(MAIL, message_id="other@tickwell.example")):
        assert outbox.send(mail).message_id == mail.message_id
    assert len(list((tmp_path / "a" / "outbox").glob("*.eml"))) == 2


def test_a_message_id_is_no_path(tmp_path: Path) -> None:
    OutboxMailer(tmp_path / "outbox", FakeClock()).send(dataclasses.replace(MAIL, message_id="../../x/y@z"))
    (file,) = (entry for entry in tmp_path.rglob("*") if entry.is_file())
    assert file.parent == tmp_path / "outbox"


def test_an_outbox_that_cannot_be_written_is_worth_another_attempt(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")
    with pytest.raises(AttemptFailedError) as caught:
        OutboxMailer(tmp_path / "outbox", FakeClock()).send(MAIL)
    assert (caught.value.error_code, caught.value.retryable) == ("MAIL_UNAVAILABLE", True)

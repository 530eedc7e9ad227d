"""How the SMTP mailer reads a server's answers, and how it protects what it sends."""

import base64
import dataclasses
import socket
import traceback

import pytest

from tests.contract.mail_servers import LOOPBACK, MailServer
from tests.contract.test_mailers import MAIL, smtp
from tests.doubles import FakeClock
from tests.verbose_smtp import verbose_smtp
from tickwell.adapters.embedded.smtp import SmtpMailer, SmtpSecurity
from tickwell.domain.errors import AttemptFailedError


def test_the_envelope_holds_bare_addresses(mail_server: MailServer) -> None:
    smtp(mail_server).send(MAIL)
    (envelope,) = mail_server.postbox.envelopes
    assert envelope.mail_from == "jobs@tickwell.example"
    assert envelope.rcpt_tos == ["ada@example.com", "grace@example.com"]


def test_the_envelope_holds_copies_and_hidden_copies_once(mail_server: MailServer) -> None:
    cc, bcc = ("cc@example.com",), ("hidden@example.com", "ada@example.com")
    smtp(mail_server).send(dataclasses.replace(MAIL, cc=cc, bcc=bcc))
    (envelope,) = mail_server.postbox.envelopes
    assert envelope.rcpt_tos == ["ada@example.com", "grace@example.com", "cc@example.com", "hidden@example.com"]


@pytest.mark.parametrize(
    ("changes", "retryable"),
    [
        ({"data_answer": "451 try later"}, True),
        ({"data_answer": "452 out of storage"}, True),
        ({"data_answer": "421 going down"}, True),
        ({"data_answer": "554 spam"}, False),
        ({"data_answer": "552 too large"}, False),
        ({"sender_answer": "450 busy"}, True),
        ({"sender_answer": "553 no such sender"}, False),
        ({"recipient_answers": {"ada@example.com": "450 busy", "grace@example.com": "450 busy"}}, True),
        ({"recipient_answers": {"ada@example.com": "450 busy", "grace@example.com": "550 no"}}, True),
        ({"recipient_answers": {"ada@example.com": "550 no", "grace@example.com": "550 no"}}, False),
        ({"recipient_answers": {"ada@example.com": "550 no"}}, False),
        ({"recipient_answers": {"ada@example.com": "450 busy"}}, True),
    ],
    ids=str,
)
def test_the_servers_answer_decides_about_another_attempt(
    mail_server: MailServer, changes: dict[str, object], retryable: bool
) -> None:
    for name, value in changes.items():
        setattr(mail_server.postbox, name, value)
    with pytest.raises(AttemptFailedError) as caught:
        smtp(mail_server).send(MAIL)
    assert caught.value.retryable is retryable
    assert caught.value.error_code == ("MAIL_UNAVAILABLE" if retryable else "MAIL_REJECTED")


def test_a_partly_refused_mail_names_who_did_not_get_it(mail_server: MailServer) -> None:
    mail_server.postbox.recipient_answers = {"ada@example.com": "550 no such person"}
    with pytest.raises(AttemptFailedError, match=r"ada@example\.com: 550 no such person") as caught:
        smtp(mail_server).send(MAIL)
    assert "grace" not in caught.value.message
    assert [envelope.rcpt_tos for envelope in mail_server.postbox.envelopes] == [["grace@example.com"]]


def test_a_server_that_is_not_there_is_worth_another_attempt() -> None:
    with socket.socket() as reserved:
        reserved.bind((LOOPBACK, 0))
        server = MailServer(port=reserved.getsockname()[1], postbox=None)  # type: ignore[arg-type] # nobody listens
        with pytest.raises(AttemptFailedError, match="nothing listens at TICKWELL_SMTP_HOST") as caught:
            smtp(server).send(MAIL)
    assert (caught.value.error_code, caught.value.retryable) == ("MAIL_UNAVAILABLE", True)


def test_a_server_whose_name_nobody_knows_is_told_in_words() -> None:
    mailer = SmtpMailer(host="mail.invalid", port=25, security=SmtpSecurity.PLAIN, clock=FakeClock())
    with pytest.raises(AttemptFailedError, match="the host in TICKWELL_SMTP_HOST cannot be resolved"):
        mailer.send(MAIL)


def test_a_server_that_never_speaks_is_given_up_in_time() -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        mailer = SmtpMailer(
            host=LOOPBACK,
            port=silent.getsockname()[1],
            security=SmtpSecurity.PLAIN,
            clock=FakeClock(),
            timeout_seconds=0.2,
        )
        with pytest.raises(AttemptFailedError) as caught:
            mailer.send(MAIL)
    assert caught.value.retryable


def test_starttls_and_a_login_protect_the_mail(starttls_server: MailServer) -> None:
    mailer = dataclasses.replace(smtp(starttls_server, SmtpSecurity.STARTTLS), user="ada", password="s3cret")
    mailer.send(MAIL)
    assert starttls_server.postbox.encrypted == [True]
    assert starttls_server.postbox.logins == [("ada", "s3cret")]


def test_a_wrong_password_is_not_tried_again_and_not_shown(starttls_server: MailServer) -> None:
    mailer = dataclasses.replace(smtp(starttls_server, SmtpSecurity.STARTTLS), user="ada", password="wr0ng")
    with pytest.raises(AttemptFailedError) as caught:
        mailer.send(MAIL)
    assert not caught.value.retryable
    assert "wr0ng" not in str(caught.value) + repr(mailer)


def test_a_password_that_the_server_repeats_is_not_told() -> None:
    with verbose_smtp() as port:
        mailer = SmtpMailer(
            host=LOOPBACK,
            port=port,
            security=SmtpSecurity.PLAIN,
            clock=FakeClock(),
            user="ada",
            password="s3cret-password",
        )
        with pytest.raises(AttemptFailedError) as caught:
            mailer.send(MAIL)
    assert "535" in str(caught.value)
    told = "".join(traceback.format_exception(caught.value))
    for spelled in (b"s3cret-password", b"\0ada\0s3cret-password"):
        assert base64.b64encode(spelled).decode() not in told


def test_tls_from_the_first_byte(tls_server: MailServer) -> None:
    smtp(tls_server, SmtpSecurity.TLS).send(MAIL)
    assert tls_server.postbox.encrypted == [True]


@pytest.mark.parametrize("kind", ["starttls", "tls"])
def test_an_unknown_certificate_gets_no_mail(request: pytest.FixtureRequest, kind: str) -> None:
    server: MailServer = request.getfixturevalue(f"{kind}_server")
    mailer = dataclasses.replace(smtp(server, SmtpSecurity(kind)), context=None)
    with pytest.raises(AttemptFailedError, match="its certificate does not hold"):
        mailer.send(MAIL)
    assert not server.postbox.envelopes


def test_a_server_without_starttls_gets_no_mail(mail_server: MailServer) -> None:
    with pytest.raises(AttemptFailedError) as caught:
        smtp(mail_server, SmtpSecurity.STARTTLS).send(MAIL)
    assert not caught.value.retryable
    assert not mail_server.postbox.envelopes

"""Mail through an SMTP server."""

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from tickwell.adapters.mime import REJECTED, UNAVAILABLE, MimeMail, mime_mail
from tickwell.application.ports import Clock, SentMail
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.mail import Mail

_LONGEST_ANSWER_KEPT = 200

_NO_CONNECTION: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "the host in TICKWELL_SMTP_HOST cannot be resolved"),
    (ConnectionRefusedError, "nothing listens at TICKWELL_SMTP_HOST and TICKWELL_SMTP_PORT"),
    (TimeoutError, "it did not answer in time"),
    (ssl.SSLError, "TLS failed; does TICKWELL_SMTP_SECURITY fit the port?"),
    (ConnectionError, "it closed the connection"),
    (smtplib.SMTPServerDisconnected, "it closed the connection"),
)


class SmtpSecurity(StrEnum):
    """How the connection is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    PLAIN = "plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class SmtpMailer:
    """Sends each mail over a connection of its own; certificates are checked.

    Answers of the 4xx kind, broken connections and timeouts are ``MAIL_UNAVAILABLE``; 5xx, and features that the
    server lacks, are ``MAIL_REJECTED``. ``context`` replaces the system's trusted certificates.
    """

    host: str
    port: int
    security: SmtpSecurity
    clock: Clock
    user: str | None = None
    password: str | None = None
    timeout_seconds: float = 30.0
    context: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        """Never shows the password."""
        return f"SmtpMailer({self.host}:{self.port}, {self.security.value})"

    def send(self, mail: Mail) -> SentMail:
        """Hand ``mail`` to the server.

        When the server takes it for some recipients only, the error says so; a retry repeats it for all of them,
        with the same Message-ID.
        """
        mime = mime_mail(mail, date=self.clock.now())
        try:
            self._deliver(mime)
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused_recipients(error.recipients) from error
        except smtplib.SMTPNotSupportedError as error:
            raise _failed(f"the mail server lacks a feature: {error}", retryable=False) from error
        except smtplib.SMTPAuthenticationError as error:
            permanent = 500 <= error.smtp_code < 600
            reason = f"{error.smtp_code} the mail server does not take the login"
            # Without its words: some servers repeat what they were told, and that was the password.
            raise _failed(reason, retryable=not permanent) from None
        except smtplib.SMTPResponseException as error:
            permanent = 500 <= error.smtp_code < 600
            raise _failed(_answer(error.smtp_code, error.smtp_error), retryable=not permanent) from error
        except (smtplib.SMTPException, OSError) as error:
            raise _failed(f"no connection to the mail server: {_no_connection(error)}", retryable=True) from error
        return SentMail(message_id=mail.message_id, via="smtp")

    def _deliver(self, mime: MimeMail) -> None:
        connection = self._connect()
        try:
            if self.security == SmtpSecurity.STARTTLS:
                connection.starttls(context=self._tls())
            if self.user is not None:
                connection.login(self.user, self.password or "")
            refused = connection.sendmail(mime.sender, mime.recipients, mime.octets)
            # The server has it now: whatever goes wrong in taking leave does not matter.
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
        finally:
            connection.close()
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)

    def _connect(self) -> smtplib.SMTP:
        if self.security == SmtpSecurity.TLS:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_seconds, context=self._tls())
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)

    def _tls(self) -> ssl.SSLContext:
        return self.context or ssl.create_default_context()


def _refused_recipients(recipients: dict[str, tuple[int, bytes]]) -> AttemptFailedError:
    permanent = all(500 <= code < 600 for code, _ in recipients.values())
    answers = "; ".join(f"{address}: {_answer(code, text)}" for address, (code, text) in recipients.items())
    return _failed(f"refused for {answers}", retryable=not permanent)


def _no_connection(error: Exception) -> str:
    """Why, in words, and without its place: tenants read this, and the operator knows where it is."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold ({error.verify_message})"
    return next((words for kind, words in _NO_CONNECTION if isinstance(error, kind)), type(error).__name__)


def _answer(code: int, text: bytes | str) -> str:
    spelled = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {spelled[:_LONGEST_ANSWER_KEPT]}"


def _failed(reason: str, *, retryable: bool) -> AttemptFailedError:
    return AttemptFailedError(UNAVAILABLE if retryable else REJECTED, reason, retryable=retryable)

"""Mail through Amazon SES, as a raw message."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tickwell.adapters.aws.errors import error_code, service_errors
from tickwell.adapters.mime import REJECTED, UNAVAILABLE, mime_mail
from tickwell.application.ports import Clock, SentMail
from tickwell.domain.errors import AttemptFailedError, UnavailableError
from tickwell.domain.mail import Mail

if TYPE_CHECKING:
    from types_boto3_sesv2 import SESV2Client

_PERMANENT = frozenset(
    {
        "AccountSuspendedException",
        "BadRequestException",
        "MailFromDomainNotVerified",
        "MailFromDomainNotVerifiedException",
        "MessageRejected",
        "NotFoundException",
    }
)
"""The mail, its sender or the account must change first."""

_PASSING = frozenset({"LimitExceededException", "SendingPausedException"})
"""Sending quotas and a paused account, besides what any service may suffer from."""


class SesMailer:
    """Sends through SES v2."""

    def __init__(self, client: "SESV2Client", clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def send(self, mail: Mail) -> SentMail:
        """Hand ``mail`` to SES, which replaces Message-ID and Date with its own.

        The answer's ``message_id`` is the one that SES puts there, and recipients see ``mail.message_id`` in the
        ``X-Tickwell-Message-ID`` header: the same for a mail that is sent again.
        """
        mime = mime_mail(mail, date=self._clock.now())
        try:
            with service_errors("ses"):
                answer = self._client.send_email(
                    FromEmailAddress=mime.sender,
                    Destination={
                        "ToAddresses": list(mime.to),
                        "CcAddresses": list(mime.cc),
                        "BccAddresses": list(mime.bcc),
                    },
                    Content={"Raw": {"Data": _with_own_id(mail, mime.octets)}},
                )
        except UnavailableError as error:
            raise AttemptFailedError(UNAVAILABLE, f"the mail service is busy: {error.reason}") from error
        except ClientError as error:
            raise _translated(error) from error
        return SentMail(message_id=f"{answer['MessageId']}@{self._message_id_domain()}", via="ses")

    def _message_id_domain(self) -> str:
        region = self._client.meta.region_name
        return "email.amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"


def _with_own_id(mail: Mail, octets: bytes) -> bytes:
    return f"X-Tickwell-Message-ID: <{mail.message_id}>\r\n".encode() + octets


def _translated(error: ClientError) -> Exception:
    code = error_code(error)
    if code in _PERMANENT:
        return AttemptFailedError(REJECTED, f"the mail service refused the mail: {code}", retryable=False)
    if code in _PASSING:
        return AttemptFailedError(UNAVAILABLE, f"the mail service does not send now: {code}")
    return error

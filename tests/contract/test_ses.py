"""How the SES mailer reads the service's answers."""

import dataclasses

import boto3
import pytest
from botocore.stub import ANY, Stubber

from tests.contract.test_mailers import MAIL
from tests.doubles import FakeClock
from tickwell.adapters.aws.ses import SesMailer
from tickwell.domain.errors import AttemptFailedError


@pytest.mark.parametrize(("region", "domain"), [("us-east-1", "email"), ("eu-west-1", "eu-west-1")])
def test_ses_tells_the_message_id_that_recipients_see(aws: str, region: str, domain: str) -> None:
    assert aws
    client = boto3.client("sesv2", region_name=region)
    with Stubber(client) as stubber:
        stubber.add_response("send_email", {"MessageId": "0100-abc"})
        sent = SesMailer(client, FakeClock()).send(MAIL)
    assert sent.message_id == f"0100-abc@{domain}.amazonses.com"


def test_ses_is_told_who_gets_hidden_copies(aws: str) -> None:
    mail = dataclasses.replace(MAIL, cc=("cc@example.com",), bcc=("hidden@example.com",))
    destination = {
        "ToAddresses": ["ada@example.com", "grace@example.com"],
        "CcAddresses": ["cc@example.com"],
        "BccAddresses": ["hidden@example.com"],
    }
    client = boto3.client("sesv2", region_name=aws)
    with Stubber(client) as stubber:
        expected = {"FromEmailAddress": ANY, "Destination": destination, "Content": ANY}
        stubber.add_response("send_email", {"MessageId": "0100-abc"}, expected)
        SesMailer(client, FakeClock()).send(mail)
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "error_code", "retryable"),
    [
        ("MessageRejected", "MAIL_REJECTED", False),
        ("MailFromDomainNotVerifiedException", "MAIL_REJECTED", False),
        ("AccountSuspendedException", "MAIL_REJECTED", False),
        ("BadRequestException", "MAIL_REJECTED", False),
        ("SendingPausedException", "MAIL_UNAVAILABLE", True),
        ("LimitExceededException", "MAIL_UNAVAILABLE", True),
        ("TooManyRequestsException", "MAIL_UNAVAILABLE", True),
        ("InternalFailure", "MAIL_UNAVAILABLE", True),
    ],
)
def test_ses_refusals_are_translated(aws: str, code: str, error_code: str, retryable: bool) -> None:
    client = boto3.client("sesv2", region_name=aws)
    with Stubber(client) as stubber:
        stubber.add_client_error("send_email", code)
        with pytest.raises(AttemptFailedError) as caught:
            SesMailer(client, FakeClock()).send(MAIL)
    assert (caught.value.error_code, caught.value.retryable) == (error_code, retryable)


def test_what_ses_forbids_is_not_taken_for_a_bad_mail(aws: str) -> None:
    client = boto3.client("sesv2", region_name=aws)
    with Stubber(client) as stubber:
        stubber.add_client_error("send_email", "AccessDeniedException", http_status_code=403)
        with pytest.raises(client.exceptions.ClientError, match="AccessDeniedException"):
            SesMailer(client, FakeClock()).send(MAIL)

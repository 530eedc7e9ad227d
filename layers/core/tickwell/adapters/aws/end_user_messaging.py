"""SMS and WhatsApp through AWS End User Messaging (B5)."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import ClientError

from tickwell.adapters.aws.errors import error_code, service_errors
from tickwell.application.unreachable import channel_not_configured
from tickwell.domain.errors import AttemptFailedError, UnavailableError
from tickwell.domain.text_message import PhoneChannel, SentMessage, TextMessage

_META_VERSION = "v20.0"
_OPTED_OUT = "DESTINATION_PHONE_NUMBER_OPTED_OUT"
_THROTTLED = frozenset({"ThrottlingException", "ThrottledRequestException", "TooManyRequestsException"})
_PASSING = frozenset({"InternalServerException", "InternalServiceException", "DependencyException"})
_REFUSED = frozenset(
    {
        "AccessDeniedException",
        "ConflictException",
        "InvalidParametersException",
        "ResourceNotFoundException",
        "ValidationException",
    }
)
"""The message, its sender or the account must change first."""


class SmsClient(Protocol):
    """What is asked of the SDK's client ``pinpoint-sms-voice-v2``."""

    def send_text_message(self, **arguments: Any) -> Mapping[str, Any]:
        """See its documentation."""
        ...


class SocialClient(Protocol):
    """What is asked of the SDK's client ``socialmessaging``."""

    def send_whatsapp_message(self, **arguments: Any) -> Mapping[str, Any]:
        """See its documentation."""
        ...


class EndUserMessenger:
    """The ``Messenger`` of the ``aws`` engine, and of whoever chooses it. A sender of None: that channel is not there.

    Neither service can tell a message that is sent again from a new one, so that calls are not repeated here.
    """

    def __init__(
        self, sms: SmsClient, social: SocialClient, *, sms_sender: str | None, whatsapp_sender: str | None
    ) -> None:
        self._sms = sms
        self._social = social
        self._sms_sender = sms_sender
        self._whatsapp_sender = whatsapp_sender

    def send(self, message: TextMessage) -> SentMessage:
        """See the port."""
        send = self._send_sms if message.channel is PhoneChannel.SMS else self._send_whatsapp
        try:
            with service_errors(message.channel.value):
                return SentMessage(message_id=send(message), via=f"aws-{message.channel.value}")
        except UnavailableError as error:
            raise _passing(error.reason) from error
        except ClientError as error:
            raise _translated(error) from error

    def _send_sms(self, message: TextMessage) -> str:
        if self._sms_sender is None:
            raise channel_not_configured(message)
        answer = self._sms.send_text_message(
            DestinationPhoneNumber=message.to,
            OriginationIdentity=self._sms_sender,
            MessageBody=message.text,
            MessageType="PROMOTIONAL" if message.promotional else "TRANSACTIONAL",
            Context={"tickwell_message_id": message.message_id},
        )
        return str(answer["MessageId"])

    def _send_whatsapp(self, message: TextMessage) -> str:
        if self._whatsapp_sender is None:
            raise channel_not_configured(message)
        answer = self._social.send_whatsapp_message(
            originationPhoneNumberId=self._whatsapp_sender,
            message=json.dumps(_whatsapp(message)).encode(),
            metaApiVersion=_META_VERSION,
        )
        return str(answer["messageId"])


def _whatsapp(message: TextMessage) -> dict[str, Any]:
    """Meta's own format; ``biz_opaque_callback_data`` comes back with each event about the message."""
    base = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.to,
        "biz_opaque_callback_data": message.message_id,
    }
    template = message.template
    if template is None:
        return {**base, "type": "text", "text": {"preview_url": False, "body": message.text}}
    shown: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    if template.parameters:
        parameters = [{"type": "text", "text": text} for text in template.parameters]
        shown["components"] = [{"type": "body", "parameters": parameters}]
    return {**base, "type": "template", "template": shown}


def _passing(reason: str) -> AttemptFailedError:
    code = "MESSAGES_THROTTLED" if reason in _THROTTLED else "MESSAGES_UNAVAILABLE"
    return AttemptFailedError(code, f"the message service is busy: {reason}")


def _translated(error: ClientError) -> Exception:
    """By kind. The service's own words are left out: they may name resources of the account."""
    code, reason = error_code(error), str(error.response.get("Reason") or "")
    told = f"{code} ({reason})" if reason else code
    if code in _THROTTLED | _PASSING:
        return _passing(code)
    if reason == _OPTED_OUT:
        return AttemptFailedError("RECIPIENT_OPTED_OUT", "the recipient does not want messages", retryable=False)
    if code == "ServiceQuotaExceededException":
        message = f"the account may not spend more on messages now: {told}"
        return AttemptFailedError("SPENDING_LIMIT_REACHED", message, retryable=False)
    if code in _REFUSED:
        return AttemptFailedError("MESSAGE_REJECTED", f"the message service refused it: {told}", retryable=False)
    return error

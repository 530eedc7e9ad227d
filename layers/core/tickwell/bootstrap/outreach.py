"""How tasks reach phones and Lambda functions: through AWS, on whichever engine."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from tickwell.application.ports import Functions, Messenger
from tickwell.application.unreachable import NoFunctions
from tickwell.settings.reading import SettingsError
from tickwell.settings.shared import AWS_SDK_IS_MISSING, OutreachSettings

if TYPE_CHECKING:
    from tickwell.adapters.aws.end_user_messaging import SmsClient, SocialClient


def functions_on_aws(settings: OutreachSettings) -> Functions:
    """Those that the settings allow. Raises SettingsError where the SDK is not there to call them with."""
    if not settings.allowed_functions:
        return NoFunctions("this deployment lets jobs call no functions (TICKWELL_ALLOWED_FUNCTIONS)")
    _require_sdk("TICKWELL_ALLOWED_FUNCTIONS")
    from tickwell.adapters.aws.lambda_functions import LambdaFunctions
    from tickwell.bootstrap.aws.clients import invoking_client
    from tickwell.domain.invocation import AllowedFunctions

    return LambdaFunctions(invoking_client, AllowedFunctions(settings.allowed_functions))


def messenger_on_aws(settings: OutreachSettings) -> Messenger:
    """AWS End User Messaging. Raises SettingsError where the SDK is not there."""
    _require_sdk("TICKWELL_MESSAGE_PROVIDER=aws")
    from tickwell.adapters.aws.end_user_messaging import EndUserMessenger
    from tickwell.bootstrap.aws.clients import LaterClient

    return EndUserMessenger(
        cast("SmsClient", LaterClient("pinpoint-sms-voice-v2")),
        cast("SocialClient", LaterClient("socialmessaging")),
        sms_sender=settings.sms_sender,
        whatsapp_sender=settings.whatsapp_sender,
    )


def _require_sdk(setting: str) -> None:
    if find_spec("botocore") is None:
        raise SettingsError(f"{setting} {AWS_SDK_IS_MISSING}")

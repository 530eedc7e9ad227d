"""For deployments, and places in them, from which phones and functions cannot be reached."""

from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.invocation import Invocation, InvocationResult
from tickwell.domain.text_message import SentMessage, TextMessage


class NoMessenger:
    """A ``Messenger`` without any way to a phone."""

    def send(self, message: TextMessage) -> SentMessage:
        """Raises AttemptFailedError ``CHANNEL_NOT_CONFIGURED``."""
        raise channel_not_configured(message)


class NoFunctions:
    """``Functions`` of which there are none. ``reason`` says what would help."""

    def __init__(self, reason: str = "there are no functions that may be called from here") -> None:
        self._reason = reason

    async def invoke(self, invocation: Invocation) -> InvocationResult:  # noqa: ARG002 - the port's signature
        """Raises AttemptFailedError ``FUNCTION_NOT_ALLOWED``."""
        raise AttemptFailedError("FUNCTION_NOT_ALLOWED", self._reason, retryable=False)


def channel_not_configured(message: TextMessage) -> AttemptFailedError:
    """Nobody has said where messages of this channel come from."""
    setting = f"TICKWELL_{message.channel.value.upper()}_SENDER"
    reason = f"this deployment has no sender for {message.channel.value} ({setting})"
    return AttemptFailedError("CHANNEL_NOT_CONFIGURED", reason, retryable=False)

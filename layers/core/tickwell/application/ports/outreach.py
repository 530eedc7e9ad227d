"""The ports by which tasks reach phones and Lambda functions."""

from typing import Protocol

from tickwell.domain.invocation import Invocation, InvocationResult
from tickwell.domain.text_message import SentMessage, TextMessage


class Messenger(Protocol):
    """Sends messages to phones, from the deployment's own numbers."""

    def send(self, message: TextMessage) -> SentMessage:
        """Hand it to the provider, which may still fail to deliver it.

        Raises AttemptFailedError. Not retryable: ``CHANNEL_NOT_CONFIGURED``, ``MESSAGE_REJECTED``,
        ``RECIPIENT_OPTED_OUT``, ``SPENDING_LIMIT_REACHED``. Retryable: ``MESSAGES_THROTTLED``,
        ``MESSAGES_UNAVAILABLE``, before which it may have been sent.
        """
        ...


class Functions(Protocol):
    """Calls Lambda functions that the deployment allows."""

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """Call it, and wait for the result where that is asked for.

        Raises AttemptFailedError. Not retryable: ``FUNCTION_NOT_ALLOWED``, ``FUNCTION_NOT_FOUND``,
        ``INVOCATION_REJECTED``. Retryable: ``FUNCTION_THROTTLED``, ``FUNCTION_NOT_READY``, ``LAMBDA_UNAVAILABLE`` and
        ``FUNCTION_TIMEOUT``, before which it may have run.
        """
        ...

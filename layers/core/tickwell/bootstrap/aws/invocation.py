"""What Lambda tells a function about its invocation."""

from datetime import datetime, timedelta
from typing import Protocol

from tickwell.adapters.system import SystemClock


class LambdaContext(Protocol):
    """The context that Lambda gives to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        ...


def deadline(context: LambdaContext) -> datetime:
    """When Lambda will stop this invocation."""
    return SystemClock().now() + timedelta(milliseconds=context.get_remaining_time_in_millis())

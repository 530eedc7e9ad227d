"""What the functions ask AWS for: every operation of the SDK, with the function that asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.contract.queue_engines import REGION


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One operation. ``function`` is the function's logical name; ``error`` the code of an answer that is one."""

    function: str
    service: str
    operation: str
    request: dict[str, Any]
    error: str | None


class DiedError(BaseException):
    """The process is gone: nothing catches it, and no call gets through any more."""


@dataclass(kw_only=True, slots=True)
class Recording:
    """The calls so far. What is called outside of ``by`` is nobody's, and not recorded.

    ``dies_at`` is an operation, and what a request of it holds that the process does not live to make.
    ``throttled`` are operations that AWS refuses for now.
    """

    calls: list[Call] = field(default_factory=list)
    function: str | None = None
    dies_at: tuple[str, str] | None = None
    is_dead: bool = False
    throttled: tuple[str, ...] = ()

    @contextmanager
    def throttling(self, *operations: str) -> Iterator[None]:
        """AWS refuses ``operations`` in the block."""
        self.throttled = operations
        try:
            yield
        finally:
            self.throttled = ()

    @contextmanager
    def by(self, function: str) -> Iterator[None]:
        """What is called in the block, in whatever thread, is a call of ``function``."""
        self.function = function
        try:
            yield
        finally:
            self.function = None

    def sent_to(self, url: str, *, since: int) -> list[str]:
        """The bodies that were sent to a queue from the call number ``since`` on."""
        return [
            entry["MessageBody"]
            for call in self.calls[since:]
            if call.operation == "SendMessageBatch" and call.request["QueueUrl"] == url
            for entry in call.request["Entries"]
        ]

    @contextmanager
    def dying_at(self, operation: str, text: str) -> Iterator[None]:
        """The process that runs in the block dies before it calls ``operation`` with ``text`` in the request."""
        self.dies_at = (operation, text)
        try:
            yield
        except DiedError:
            pass
        finally:
            self.dies_at, self.is_dead = None, False

    def _live_or_die(self, operation: str, request: dict[str, Any]) -> None:
        if self.dies_at is None or self.function is None:
            return
        fatal, text = self.dies_at
        self.is_dead = self.is_dead or (operation == fatal and text in str(request))
        if self.is_dead:
            raise DiedError

    def _refuse_throttled(self, operation: str) -> None:
        if operation in self.throttled:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, operation)

    def longest_delay(self, *, since: int) -> int:
        """The longest delay in seconds of what was sent to any queue from the call number ``since`` on."""
        return max(
            (
                entry.get("DelaySeconds", 0)
                for call in self.calls[since:]
                if call.operation == "SendMessageBatch"
                for entry in call.request["Entries"]
            ),
            default=0,
        )

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Record what all clients of this process are asked for."""
        real = boto3.client("sqs", region_name=REGION)._make_api_call.__func__  # type: ignore[attr-defined]

        def recorded(client: Any, operation: str, request: dict[str, Any]) -> Any:
            error: str | None = None
            self._live_or_die(operation, request)
            try:
                self._refuse_throttled(operation)
                return real(client, operation, request)
            except ClientError as refused:
                error = str(refused.response["Error"]["Code"])
                raise
            finally:
                if self.function is not None:
                    service = client.meta.service_model.service_name
                    self.calls.append(
                        Call(
                            function=self.function,
                            service=service,
                            operation=operation,
                            request=dict(request),
                            error=error,
                        )
                    )

        monkeypatch.setattr("botocore.client.BaseClient._make_api_call", recorded)

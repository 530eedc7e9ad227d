"""Calls of Lambda functions (X17)."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError

from tickwell.adapters.aws.errors import error_code, is_transient, service_errors
from tickwell.domain.errors import AttemptFailedError, UnavailableError
from tickwell.domain.invocation import (
    LARGEST_WAITED_BYTES,
    AllowedFunctions,
    Invocation,
    InvocationResult,
)

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

_PATIENCE_SECONDS = (10, 30, 60, 120, 300, 600, 900)
"""How long clients wait for an answer: one for each, since a client has but one. A thread whose attempt was ended
waits no longer than the next of them."""

_MOST_AT_ONCE = 64
_LARGEST_CONTEXT_BYTES = 3583
_THROTTLED = frozenset({"TooManyRequestsException", "EC2ThrottledException", "ENILimitReachedException"})
_NOT_READY = frozenset(
    {
        "CodeArtifactUserPendingException",
        "EFSMountConnectivityException",
        "EFSMountTimeoutException",
        "ENINotReadyException",
        "ResourceConflictException",
        "ResourceNotReadyException",
        "SnapStartNotReadyException",
        "SnapStartTimeoutException",
    }
)
_TOO_LARGE = frozenset({"RequestTooLargeException", "SerializedRequestEntityTooLargeException"})


class LambdaFunctions:
    """``Functions`` through the SDK; ``client_for`` gives a client that waits so many seconds for an answer.

    Calls wait in threads of their own, so that those of minutes keep nobody from what the others do.
    """

    def __init__(self, client_for: Callable[[int], "LambdaClient"], allowed: AllowedFunctions) -> None:
        self._client_for = client_for
        self._allowed = allowed
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="lambda")

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """See the port."""
        function = self._allowed.found(invocation.function)
        if function is None:
            reason = f"{invocation.function} is not among the functions that this deployment lets jobs call"
            raise AttemptFailedError("FUNCTION_NOT_ALLOWED", reason, retryable=False)
        call = asyncio.get_running_loop().run_in_executor(self._threads, self._call, function, invocation)
        try:
            async with asyncio.timeout(invocation.timeout_seconds):
                return await call
        except TimeoutError as error:
            raise _timeout(invocation) from error

    def _call(self, function: str, invocation: Invocation) -> InvocationResult:
        patience = next((each for each in _PATIENCE_SECONDS if each >= invocation.timeout_seconds), 900)
        try:
            with service_errors("lambda"):
                answer = self._client_for(patience).invoke(**_arguments(function, invocation))
                payload = answer["Payload"].read(LARGEST_WAITED_BYTES + 1)
        except UnavailableError as error:
            raise self._unavailable(error, invocation) from error
        except ClientError as error:
            raise _translated(error, function) from error
        return InvocationResult(
            status_code=answer["StatusCode"],
            payload=payload[:LARGEST_WAITED_BYTES],
            failed="FunctionError" in answer,
            truncated=len(payload) > LARGEST_WAITED_BYTES,
            executed_version=answer.get("ExecutedVersion"),
        )

    def _unavailable(self, error: UnavailableError, invocation: Invocation) -> AttemptFailedError:
        cause = error.__cause__
        if isinstance(cause, ReadTimeoutError):
            return _timeout(invocation)
        if isinstance(cause, ClientError):
            return _busy(cause)
        return AttemptFailedError("LAMBDA_UNAVAILABLE", f"Lambda could not be reached: {error.reason}")


def _arguments(function: str, invocation: Invocation) -> dict[str, Any]:
    name, qualifier = _split(function)
    arguments: dict[str, Any] = {
        "FunctionName": name,
        "InvocationType": "RequestResponse" if invocation.waits else "Event",
        "Payload": invocation.payload,
    }
    if qualifier:
        arguments["Qualifier"] = qualifier
    context = _client_context(dict(invocation.context))
    if invocation.waits and context is not None:
        arguments["ClientContext"] = context
    return arguments


def _split(function: str) -> tuple[str, str]:
    """The function and its qualifier; an ARN has six colons before them."""
    head, colon, name = function.rpartition(":function:")
    bare, _, qualifier = name.partition(":")
    return head + colon + bare, qualifier


def _client_context(custom: Mapping[str, str]) -> str | None:
    """As Lambda wants it; None for nothing, and for more than it takes."""
    text = base64.b64encode(json.dumps({"custom": custom}).encode()).decode()
    return text if custom and len(text) <= _LARGEST_CONTEXT_BYTES else None


def _timeout(invocation: Invocation) -> AttemptFailedError:
    return AttemptFailedError(
        "FUNCTION_TIMEOUT", f"the function did not answer within {invocation.timeout_seconds:g} s; it may still run"
    )


def _busy(error: ClientError) -> AttemptFailedError:
    code = error_code(error)
    if code in _THROTTLED:
        message = f"Lambda runs as many functions as it may now: {code}"
        return AttemptFailedError("FUNCTION_THROTTLED", message, retry_after_seconds=_retry_after(error))
    if code in _NOT_READY:
        return AttemptFailedError("FUNCTION_NOT_READY", f"the function cannot run yet: {code}")
    return AttemptFailedError("LAMBDA_UNAVAILABLE", f"Lambda did not take the call: {code}")


def _retry_after(error: ClientError) -> float | None:
    """Lambda tells it as ``retryAfterSeconds`` or in a header."""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    given = str(error.response.get("retryAfterSeconds") or headers.get("retry-after") or "")
    return float(given) if given.isascii() and given.isdigit() else None


def _translated(error: ClientError, function: str) -> AttemptFailedError:
    """By kind. The service's own words are left out: they name resources of the account."""
    code = error_code(error)
    if is_transient(error) or code in _THROTTLED | _NOT_READY:
        return _busy(error)
    if code == "ResourceNotFoundException":
        return AttemptFailedError("FUNCTION_NOT_FOUND", f"there is no function {function}", retryable=False)
    if code == "AccessDeniedException":
        reason = f"the deployment's role may not call {function}"
        return AttemptFailedError("FUNCTION_NOT_ALLOWED", reason, retryable=False)
    if code in _TOO_LARGE:
        return AttemptFailedError("INVOCATION_REJECTED", "the payload is larger than Lambda takes", retryable=False)
    return AttemptFailedError("INVOCATION_REJECTED", f"Lambda refused the call: {code}", retryable=False)

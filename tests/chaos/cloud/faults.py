"""What the network and a service do to one attempt of a call, as the SDK sees it on the wire."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse

CONNECT_SECONDS: Final = 1.0
"""The product's connect timeout, but for mails."""

SLOW = 0.5
SLOWEST = 0.98
"""So much of the time that its client waits a slow answer takes."""

Serve = Callable[[], AWSResponse]


class Fault(StrEnum):
    """``LOST``: nothing came of the call. ``UNSEEN``: it took effect, and its caller is not told."""

    THROTTLED = "throttled"
    BROKEN = "5xx"
    BROKEN_AFTERWARDS = "5xx after the effect"
    NOT_THE_SERVICE = "503 of a balancer"
    REFUSED = "connection refused"
    CONNECT_TIMEOUT = "connect timeout"
    LOST_RESET = "reset"
    UNSEEN_RESET = "reset after the effect"
    LOST_TIMEOUT = "timeout"
    UNSEEN_TIMEOUT = "timeout after the effect"
    SLOW = "slow"
    IN_PART = "taken in part"
    CUT_SHORT = "body cut short"


_WEIGHTS: Final = {
    Fault.THROTTLED: 5,
    Fault.BROKEN: 3,
    Fault.BROKEN_AFTERWARDS: 2,
    Fault.NOT_THE_SERVICE: 1,
    Fault.REFUSED: 1,
    Fault.CONNECT_TIMEOUT: 1,
    Fault.LOST_RESET: 2,
    Fault.UNSEEN_RESET: 3,
    Fault.LOST_TIMEOUT: 1,
    Fault.UNSEEN_TIMEOUT: 3,
    Fault.SLOW: 4,
    Fault.IN_PART: 6,
    Fault.CUT_SHORT: 6,
}

_BATCHES: Final = frozenset({"BatchWriteItem", "BatchGetItem", "SendMessageBatch", "DeleteMessageBatch"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt of a call, before it is made; ``read_seconds`` is how long its client waits for an answer."""

    service: str
    operation: str
    request: AWSPreparedRequest
    read_seconds: float


def drawn(attempt: Attempt, chance: random.Random) -> Fault:
    """One of the faults that this call may meet."""
    fitting = [
        fault
        for fault in _WEIGHTS
        if (fault is not Fault.IN_PART or attempt.operation in _BATCHES)
        and (fault is not Fault.CUT_SHORT or attempt.operation == "GetObject")
    ]
    return chance.choices(fitting, [_WEIGHTS[fault] for fault in fitting])[0]


def suffered(
    fault: Fault, attempt: Attempt, serve: Serve, *, chance: random.Random, wait: Callable[[float], None]
) -> AWSResponse:
    """What the SDK gets, or raises what its HTTP client would; ``serve`` lets the call take effect.

    ``wait`` lets the seconds pass that it takes to notice.
    """
    match fault:
        case Fault.SLOW:
            wait(chance.uniform(SLOW, SLOWEST) * attempt.read_seconds)
            return serve()
        case Fault.IN_PART:
            return _in_part(attempt, serve)
        case Fault.CUT_SHORT:
            return _cut_short(serve())
        case _ if fault in _UNSEEN:
            serve()
    if fault in {Fault.LOST_TIMEOUT, Fault.UNSEEN_TIMEOUT}:
        wait(attempt.read_seconds)
    elif fault is Fault.CONNECT_TIMEOUT:
        wait(CONNECT_SECONDS)
    elif fault in {Fault.LOST_RESET, Fault.UNSEEN_RESET}:
        wait(chance.uniform(0.01, 1.0))
    if fault in _NO_ANSWER:
        raise _NO_ANSWER[fault](endpoint_url=attempt.request.url, error="refused", request=attempt.request)
    return refusal(fault, attempt)


_UNSEEN: Final = frozenset({Fault.BROKEN_AFTERWARDS, Fault.UNSEEN_RESET, Fault.UNSEEN_TIMEOUT})
_NO_ANSWER: Final[dict[Fault, Callable[..., Exception]]] = {
    Fault.REFUSED: EndpointConnectionError,
    Fault.CONNECT_TIMEOUT: ConnectTimeoutError,
    Fault.LOST_RESET: ConnectionClosedError,
    Fault.UNSEEN_RESET: ConnectionClosedError,
    Fault.LOST_TIMEOUT: ReadTimeoutError,
    Fault.UNSEEN_TIMEOUT: ReadTimeoutError,
}
"""As the HTTP client of the SDK raises them."""


def refusal(fault: Fault, attempt: Attempt) -> AWSResponse:
    """The answer of a service that limits its callers, or is broken, in its own protocol."""
    if fault is Fault.NOT_THE_SERVICE:
        page = b"<html><body><h1>503 Service Unavailable</h1></body></html>"
        return _response(attempt.request.url, 503, {"content-type": "text/html"}, page)
    status, code = (_THROTTLED if fault is Fault.THROTTLED else _BROKEN)[attempt.service]
    if attempt.service == "s3":
        page = f"<Error><Code>{code}</Code><Message>-</Message><RequestId>-</RequestId></Error>".encode()
        return _response(attempt.request.url, status, {"content-type": "application/xml"}, page)
    document = {"__type": f"com.amazonaws#{code}", "message": "-"}
    headers = {"content-type": "application/json", "x-amzn-errortype": code}
    return _response(attempt.request.url, status, headers, json.dumps(document).encode())


_THROTTLED: Final = {
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "sqs": (403, "RequestThrottled"),
    "s3": (503, "SlowDown"),
    "scheduler": (429, "ThrottlingException"),
    "sesv2": (429, "TooManyRequestsException"),
    "secrets-manager": (400, "ThrottlingException"),
}
_BROKEN: Final = {
    "dynamodb": (500, "InternalServerError"),
    "sqs": (500, "InternalError"),
    "s3": (500, "InternalError"),
    "scheduler": (500, "InternalServerException"),
    "sesv2": (500, "InternalServiceErrorException"),
    "secrets-manager": (500, "InternalServiceError"),
}


def _in_part(attempt: Attempt, serve: Serve) -> AWSResponse:
    """The first half of a batch is done, the rest is named in the answer as not done."""
    request = attempt.request
    whole: Any = request.body
    document = json.loads(whole)
    left = _halve(attempt.operation, document)
    if left is None:
        return refusal(Fault.THROTTLED, attempt)
    try:
        request.body = json.dumps(document).encode()
        answer = serve()
    finally:
        request.body = whole
    told = json.loads(answer.content)
    for name, value in left.items():
        told[name] = [*told.get(name, ()), *value] if isinstance(value, list) else told.get(name, {}) | value
    return _response(request.url, answer.status_code, dict(answer.headers), json.dumps(told).encode())


def _halve(operation: str, document: dict[str, Any]) -> dict[str, Any] | None:
    """Keep the first half of a batch in ``document``; what the answer says of the rest. None: there is but one."""
    if operation in {"SendMessageBatch", "DeleteMessageBatch"}:
        entries = document["Entries"]
        document["Entries"], rest = entries[: len(entries) // 2], entries[len(entries) // 2 :]
        failed = [{"Id": e["Id"], "SenderFault": False, "Code": "InternalError", "Message": "-"} for e in rest]
        return {"Failed": failed} if document["Entries"] else None
    ((table, asked),) = document["RequestItems"].items()
    items = asked if operation == "BatchWriteItem" else asked["Keys"]
    kept, rest = items[: len(items) // 2], items[len(items) // 2 :]
    if not kept:
        return None
    if operation == "BatchWriteItem":
        document["RequestItems"] = {table: kept}
        return {"UnprocessedItems": {table: rest}}
    document["RequestItems"] = {table: {**asked, "Keys": kept}}
    return {"UnprocessedKeys": {table: {**asked, "Keys": rest}}}


def _cut_short(answer: AWSResponse) -> AWSResponse:
    """The connection ends before the body does."""
    content = answer.content
    headers = {**answer.headers, "content-length": str(len(content))}
    return _response(answer.url, answer.status_code, headers, content[: len(content) // 2])


def _response(url: str, status: int, headers: dict[str, str], body: bytes) -> AWSResponse:
    raw: Any = MockRawResponse(body)
    named: Any = headers
    return AWSResponse(url, status, named, raw)

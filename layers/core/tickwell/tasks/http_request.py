"""``http_request``: calls a URL, and succeeds when the answer has an expected status."""

import json
import re
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from tickwell.application.http_client import HttpRequest, HttpResponse
from tickwell.application.task import Task, TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.trace import TRACEPARENT_HEADER
from tickwell.outgoing_url import sound_url
from tickwell.tasks.http_answer import MAX_BODY_BYTES, output_of, retry_after_seconds
from tickwell.tasks.payload import Payload, payload_parser

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_HEADER_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")
_MAX_HEADERS = 50
_MAX_HEADERS_BYTES = 16 * 1024
_OWN_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "http2-settings", "idempotency-key"}
    | {"keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
_LOGGED_BODY_BYTES = 2_000
_RETRYABLE_STATUSES = frozenset({408, 425, 429})


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, int) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class HttpRequestPayload(Payload):
    """What to call, and which answer is a success."""

    url: Annotated[str, AfterValidator(sound_url)] = Field(
        min_length=1, max_length=8192, description="http:// or https://"
    )
    method: Annotated[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], BeforeValidator(_upper)] = (
        "GET"
    )
    headers: dict[str, str] = Field(default={}, description="Sent as they are; some are Tickwell's own")
    body: str | None = Field(default=None, description="Text to send; not together with json")
    json_value: Any = Field(default=None, alias="json", description="Any JSON value to send")
    expected_status: Annotated[
        list[Annotated[int, Field(ge=200, le=599)]] | None,
        Field(min_length=1, max_length=50, description="One status or several; otherwise any from 200 to 299"),
        BeforeValidator(_as_list, json_schema_input_type=int | list[int] | None),
    ] = None
    timeout_seconds: float = Field(default=30, gt=0, le=300, description="For the whole exchange")

    @field_validator("headers")
    @classmethod
    def _headers_are_sound(cls, value: dict[str, str]) -> dict[str, str]:
        if len(value) > _MAX_HEADERS or sum(len(k) + len(v) for k, v in value.items()) > _MAX_HEADERS_BYTES:
            raise ValueError(f"must be at most {_MAX_HEADERS} headers and {_MAX_HEADERS_BYTES} bytes")
        if len({name.lower() for name in value}) < len(value):
            raise ValueError("must not name a header twice")
        for name, content in value.items():
            if not _TOKEN.fullmatch(name):
                raise ValueError("must have names of letters, digits and hyphens")
            if name.lower() in _OWN_HEADERS:
                raise ValueError(f"must not set {name}: Tickwell does")
            if not _HEADER_VALUE.fullmatch(content):
                raise ValueError(f"must have printable ASCII, without line breaks, as {name}")
        return value

    @field_validator("json_value")
    @classmethod
    def _json_is_alone(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("body") is not None:
            raise ValueError("must not be given together with body")
        return value

    def content(self) -> tuple[bytes | None, str | None]:
        """The body to send and its type; None where there is none."""
        if "json_value" in self.model_fields_set:
            return json.dumps(self.json_value, separators=(",", ":")).encode(), "application/json"
        if self.body is not None:
            return self.body.encode(), "text/plain; charset=utf-8"
        return None, None

    def expects(self, status_code: int) -> bool:
        """Whether an answer with this status is a success."""
        if self.expected_status is None:
            return 200 <= status_code <= 299
        return status_code in self.expected_status


def _request(payload: HttpRequestPayload, context: TaskContext) -> HttpRequest:
    body, content_type = payload.content()
    headers = [*payload.headers.items(), ("Idempotency-Key", context.idempotency_key)]
    chosen = {name.lower() for name in payload.headers}
    if content_type is not None and "content-type" not in chosen:
        headers.append(("Content-Type", content_type))
    if context.traceparent is not None and TRACEPARENT_HEADER not in chosen:
        headers.append((TRACEPARENT_HEADER, context.traceparent))
    return HttpRequest(
        method=payload.method,
        url=payload.url,
        headers=tuple(headers),
        body=body,
        timeout_seconds=payload.timeout_seconds,
        max_body_bytes=MAX_BODY_BYTES,
        follow_redirects=not any(300 <= status <= 399 for status in payload.expected_status or ()),
    )


async def _run(payload: HttpRequestPayload, context: TaskContext) -> dict[str, Any]:
    started_at = context.now()
    response = await context.http.send(_request(payload, context))
    elapsed_ms = to_epoch_ms(context.now()) - to_epoch_ms(started_at)
    if not payload.expects(response.status_code):
        raise _unexpected(response, context, elapsed_ms)
    context.log("info", "the server answered", status_code=response.status_code, elapsed_ms=elapsed_ms)
    return output_of(response, elapsed_ms=elapsed_ms)


def _unexpected(response: HttpResponse, context: TaskContext, elapsed_ms: int) -> AttemptFailedError:
    """Retryable where the server says so, or where it is to blame; otherwise sending it again changes nothing."""
    status = response.status_code
    body = response.body[:_LOGGED_BODY_BYTES]
    beginning = replace(response, body=body, truncated=response.truncated or len(body) < len(response.body))
    output = output_of(beginning, elapsed_ms=elapsed_ms)
    context.log("warning", "the server answered with an unexpected status", **output)
    retryable = status in _RETRYABLE_STATUSES or status >= 500
    return AttemptFailedError(
        "HTTP_STATUS",
        f"the server answered {status}",
        retryable=retryable,
        retry_after_seconds=retry_after_seconds(response, context.now()) if retryable else None,
    )


HTTP_REQUEST: Task[HttpRequestPayload] = Task(
    name="http_request",
    summary="Calls a URL; an unexpected status or no answer is a failure.",
    parse=payload_parser(HttpRequestPayload),
    payload_schema=HttpRequestPayload.model_json_schema,
    run=_run,
)

"""``http_request``: calls a URL, and succeeds when the answer has an expected status."""

import json
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from tickwell.application.http_client import HttpRequest, HttpResponse
from tickwell.application.task import Task, TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.secret import is_secret_name
from tickwell.domain.trace import TRACEPARENT_HEADER
from tickwell.domain.webhook import SIGNATURE_HEADERS
from tickwell.outgoing_url import sound_url
from tickwell.tasks.http_answer import MAX_BODY_BYTES, has_retryable_status, output_of, retry_after_seconds
from tickwell.tasks.http_headers import SoundHeaders
from tickwell.tasks.payload import Payload, payload_parser
from tickwell.tasks.signing import signature_of

_LOGGED_BODY_BYTES = 2_000


def _as_list(value: Any) -> Any:
    if isinstance(value, int):
        return [value]
    if value is not None and not isinstance(value, list):
        raise ValueError("must be a status such as 200, or a list of them")
    return value


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
    headers: SoundHeaders = Field(default={}, description="Sent as they are; some are Tickwell's own")
    body: str | None = Field(default=None, description="Text to send; not together with json")
    json_value: Any = Field(default=None, alias="json", description="Any JSON value to send")
    expected_status: Annotated[
        list[Annotated[int, Field(ge=200, le=599)]] | None,
        Field(min_length=1, max_length=50, description="One status or several; otherwise any from 200 to 299"),
        BeforeValidator(_as_list, json_schema_input_type=int | list[int] | None),
    ] = None
    no_retry_status: Annotated[
        list[Annotated[int, Field(ge=200, le=599)]],
        BeforeValidator(_as_list, json_schema_input_type=int | list[int]),
    ] = Field(default=[], max_length=50, description="One status or several that are never tried again")
    sign_with: str | None = Field(
        default=None, description="The secret (whsec_...) that signs the request by Standard Webhooks, by its name"
    )
    timeout_seconds: float = Field(default=30, gt=0, le=870, description="For the whole exchange")

    @field_validator("json_value")
    @classmethod
    def _json_is_alone(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("body") is not None:
            raise ValueError("must not be given together with body")
        return value

    @field_validator("sign_with")
    @classmethod
    def _signs_itself(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if not is_secret_name(value):
            raise ValueError("must be the name of a secret: lower-case letters, digits, - and _, at most 64")
        if any(name.lower() in SIGNATURE_HEADERS for name in info.data.get("headers", ())):
            raise ValueError("must not be given together with headers of a signature")
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


async def _request(payload: HttpRequestPayload, context: TaskContext) -> HttpRequest:
    body, content_type = payload.content()
    headers = [*payload.headers.items(), ("Idempotency-Key", context.idempotency_key)]
    chosen = {name.lower() for name in payload.headers}
    if content_type is not None and "content-type" not in chosen:
        headers.append(("Content-Type", content_type))
    if context.traceparent is not None and TRACEPARENT_HEADER not in chosen:
        headers.append((TRACEPARENT_HEADER, context.traceparent))
    if payload.sign_with is not None:
        headers += await signature_of(context, payload.sign_with, body or b"")
    return HttpRequest(
        method=payload.method,
        url=payload.url,
        headers=tuple(headers),
        body=body,
        timeout_seconds=payload.timeout_seconds,
        max_body_bytes=MAX_BODY_BYTES,
        follow_redirects=not any(300 <= status <= 399 for status in payload.expected_status or ()),
        confined=bool(context.secrets.opened),  # what it is signed with is among them
    )


async def _run(payload: HttpRequestPayload, context: TaskContext) -> dict[str, Any]:
    started_at = context.now()
    response = await context.http.send(await _request(payload, context))
    elapsed_ms = to_epoch_ms(context.now()) - to_epoch_ms(started_at)
    if not payload.expects(response.status_code):
        raise _unexpected(response, context, payload, elapsed_ms)
    context.log("info", "the server answered", status_code=response.status_code, elapsed_ms=elapsed_ms)
    return output_of(response, elapsed_ms=elapsed_ms)


def _unexpected(
    response: HttpResponse, context: TaskContext, payload: HttpRequestPayload, elapsed_ms: int
) -> AttemptFailedError:
    """Retryable where the server says so, or where it is to blame; otherwise sending it again changes nothing."""
    body = response.body[:_LOGGED_BODY_BYTES]
    beginning = replace(response, body=body, truncated=response.truncated or len(body) < len(response.body))
    output = output_of(beginning, elapsed_ms=elapsed_ms)
    context.log("warning", "the server answered with an unexpected status", **output)
    retryable = has_retryable_status(response) and response.status_code not in payload.no_retry_status
    return AttemptFailedError(
        "HTTP_STATUS",
        f"the server answered {response.status_code}",
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

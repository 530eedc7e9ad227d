"""API Gateway's HTTP API (payload format 2.0) as a host."""

import base64
from typing import Any

from tickwell.http.exchange import HttpRequest
from tickwell.http.gate import Gate


class LambdaApp:
    """Called with the event and Lambda's context."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG002 - Lambda passes it
        """Answer one request."""
        answer = self._gate(_request(event))
        return {
            "statusCode": answer.status,
            "headers": dict(answer.headers),
            "body": answer.body,
            "isBase64Encoded": answer.is_base64,
        }


def _request(event: dict[str, Any]) -> HttpRequest:
    request_context = event["requestContext"]
    stage = request_context["stage"]
    path: str = event["rawPath"]
    if stage != "$default":
        path = path.removeprefix(f"/{stage}") or "/"
    return HttpRequest(
        method=request_context["http"]["method"].upper(),
        path=path,
        query=event.get("rawQueryString") or "",
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=_body(event),
        request_id=request_context["requestId"],
        client_address=request_context["http"].get("sourceIp", ""),
    )


def _body(event: dict[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    # API Gateway hands on text as it came, lone surrogates included; those are no UTF-8 and refused later.
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")

"""How a handler declares what it answers, and answers it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Route

from tickwell.http.access import ACCESS, Access
from tickwell.http.exchange import JSON_TYPE, render


@dataclass(frozen=True, slots=True)
class Shows:
    """In a handler's return type: the TypedDict that the answer's ``data`` is (``enveloped`` False: the whole answer).

    ``media_type`` other than JSON: the answer is text of that type. ``also``: types of text that it may be as well.

    Nothing is validated on the way out: the types are mypy's business, and the OpenAPI document's.
    """

    body: Any
    enveloped: bool = True
    media_type: str = JSON_TYPE
    also: tuple[str, ...] = ()


def access_of(route: Route) -> Access:
    """The route's row of the access table. Raises KeyError for an operation that has none: nobody may call it."""
    return ACCESS[str(route.operation_id)]


def success(
    data: Mapping[str, Any], *, message: str | None = None, status: int = 200, complete: bool = True
) -> Response[str]:
    """The success envelope around ``data``. ``complete`` False: parts failed that may succeed when it is sent again."""
    envelope: dict[str, Any] = {"success": True}
    if message is not None:
        envelope["message"] = message
    answer = plain({**envelope, "data": data}, status=status)
    if not complete:
        answer.headers["Idempotency-Incomplete"] = "true"
    return answer


def done(message: str, *, status: int = 200) -> Response[str]:
    """The success envelope without data."""
    return plain({"success": True, "message": message}, status=status)


def plain(document: Mapping[str, Any], *, status: int = 200) -> Response[str]:
    """``document`` as it is, for answers that have a form of their own."""
    return Response(status_code=status, content_type=JSON_TYPE, body=render(document))

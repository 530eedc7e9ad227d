"""The OpenAPI document: Powertools describes parameters and bodies, this module the answers.

``python -m tickwell.http.openapi docs/openapi.json`` writes it, ``--check docs/openapi.json`` compares.
"""

import argparse
import copy
import json
import sys
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, Route
from aws_lambda_powertools.event_handler.openapi.models import APIKey, APIKeyIn, HTTPBearer
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from tickwell import __version__
from tickwell.domain.submission import LONGEST_KEY
from tickwell.http.access import Access
from tickwell.http.credentials import KEY_HEADER, TICKET_PARAMETER
from tickwell.http.enrichment import enrich
from tickwell.http.exchange import JSON_TYPE
from tickwell.http.operation import Shows, access_of
from tickwell.http.repeats import REPLAYED_HEADER
from tickwell.http.request_limits import LIMITED_HEADERS
from tickwell.http.resolvers import all_routes, lambda_resolver

_REFERENCE = "#/components/schemas/{model}"
_NOT_OURS = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
_BEARER, _API_KEY = "bearer", "apiKey"
_ALSO = {
    "acceptInvitation": {403, 409},
    "addWebhook": {409},
    "changeMember": {409},
    "changeOrganization": {404, 409},
    "changePassword": {409},
    "completeExecution": {401},
    "createApiKey": {409},
    "createHook": {409},
    "createInvitation": {409},
    "createQueue": {409},
    "exportOrganization": {404},
    "failExecution": {401},
    "getOrganization": {404},
    "heartbeatExecution": {401},
    "login": {401},
    "putSecret": {409},
    "receiveMessage": {401, 403, 408, 413, 415},
    "register": {409},
}
"""What an operation may answer besides what follows from its form."""
_ALSO_SUCCEEDS = {"followJob": (204,), "followJobAlias": (204,), "putJob": (201,)}
"""How else an operation answers when it succeeds."""
_NEVER = {
    "deleteApiKey": {409},
    "deleteDeadLetter": {409},
    "deleteHook": {409},
    "deleteInvitation": {409},
    "getAcceptInvitationPage": {503},
    "getApiHealth": {503},
    "getDashboardFile": {503},
    "getOpenApiDocument": {503},
    "getReference": {503},
    "getReferenceAlias": {503},
    "getReferenceScript": {503},
    "getReferenceStyle": {503},
    "getResetPasswordPage": {503},
    "welcome": {503},
}
"""What an operation cannot answer, although operations of its form do."""
_ANY_BODIES = {"receiveMessage": {"required": True, "content": {JSON_TYPE: {"schema": {"title": "Any JSON value"}}}}}
"""Bodies of any form, which handlers read themselves."""
_TITLE = "Tickwell"
_DESCRIPTION = (
    "Runs jobs at the right second, retries them, and records what happened. Register, send the token as "
    "`Authorization: Bearer`, create a job, read its executions."
)
_BEARER_DESCRIPTION = "The token of a person who has signed in, or an API key (`tw_…`)."
_KEY_DESCRIPTION = "An API key (`tw_…`), where the operation takes one. Not beside `Authorization`."
_ERRORS = {
    401: ("Unauthenticated", "No valid credential."),
    403: (
        "Forbidden",
        "The credential does not allow it, or a quota is used up (`QUOTA_EXCEEDED`); the message says what would help.",
    ),
    404: ("NotFound", "Nothing like that exists for this tenant."),
    409: ("Conflict", "The present state does not allow it."),
    408: ("BodyTooSlow", "The body did not arrive in time."),
    413: ("BodyTooLarge", "The body is larger than 1 MiB."),
    415: ("UnsupportedMediaType", "The body is not declared to be JSON."),
    429: ("RateLimited", "Too many requests; `Retry-After` says in how many seconds the next one is allowed."),
    422: ("Invalid", "Something in the request is not acceptable; `details` names the fields."),
    500: ("Failure", "An error of ours."),
    503: ("Unavailable", "A service that Tickwell stands on is not available."),
}


_RATE_TEXTS = (
    "Requests of this kind in a window of time; there are no such headers where the deployment sets no limit.",
    "How many of them are left.",
    "When the window ends, in seconds of the epoch.",
)
_RATE_HEADERS: dict[str, Any] = {
    name: {"description": text, "schema": {"type": "integer"}}
    for name, text in zip(LIMITED_HEADERS, _RATE_TEXTS, strict=True)
}
_RATE_REFERENCES = {name: {"$ref": f"#/components/headers/{name}"} for name in LIMITED_HEADERS}
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 visible ASCII characters. The same request under the same key is carried out once and "
    "answered alike for 24 hours; another request under it gets 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
}
_TICKET_PARAMETER = {
    "name": TICKET_PARAMETER,
    "in": "query",
    "required": False,
    "description": "A ticket for this path (`POST /api/v1/sse/tickets`), where a browser can send no header.",
    "schema": {"type": "string"},
}
_REPLAYED = {
    REPLAYED_HEADER: {"description": "`true` where an answer is repeated.", "schema": {"type": "string"}},
}
_NO_MORE = {"description": "Nothing more will come."}
_RETRY_AFTER = {"description": "Seconds.", "schema": {"type": "integer"}}


class FieldFault(TypedDict):
    """What is wrong with one field."""

    field: str
    message: str


class _ErrorRequired(TypedDict):
    error: bool
    message: str
    code: str
    timestamp: str
    request_id: str


class ErrorEnvelope(_ErrorRequired, total=False):
    """Every error. ``code`` is stable; ``details`` comes with 422 and `QUOTA_EXCEEDED`."""

    details: list[FieldFault]


@lru_cache(maxsize=1)
def document(version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a release."""
    resolver = lambda_resolver()
    described: dict[str, Any] = json.loads(
        resolver.get_openapi_json_schema(
            title=_TITLE,
            version=version,
            description=_DESCRIPTION,
            security_schemes={
                _BEARER: HTTPBearer(bearerFormat="JWT", description=_BEARER_DESCRIPTION),
                _API_KEY: APIKey(name=KEY_HEADER, in_=APIKeyIn.header, description=_KEY_DESCRIPTION),
            },
        )
    )
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    for name in _NOT_OURS:
        schemas.pop(name, None)
    references = _add_schemas(resolver, schemas)
    described["components"]["responses"] = {
        name: _response(description, references["error"]) for name, description in _ERRORS.values()
    }
    described["components"]["headers"] = _RATE_HEADERS
    refusal = described["components"]["responses"]["RateLimited"]
    refusal["headers"] = {"Retry-After": _RETRY_AFTER, **_RATE_REFERENCES}
    for route in all_routes(resolver):
        operation = described["paths"][route.openapi_path][route.method.lower()]
        operation["responses"] = _responses(route, references)
        if route.operation_id in _ANY_BODIES:
            operation["requestBody"] = copy.deepcopy(_ANY_BODIES[route.operation_id])
        access = access_of(route)
        operation["security"] = _security(access)
        operation["description"] = "\n\n".join(part for part in (operation.get("description"), access.told) if part)
        if access.repeatable:
            operation.setdefault("parameters", []).append(_KEY_PARAMETER)
        if access.by_ticket:
            operation.setdefault("parameters", []).append(_TICKET_PARAMETER)
        operation["tags"] = sorted(route.tags)
    enrich(described, all_routes(resolver))
    return described


def text(version: str) -> str:
    """The document as it is committed: sorted, indented, with a final line end."""
    return json.dumps(document(version), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def shown(route: Route) -> Shows:
    """What a route's handler declares to answer. Raises TypeError when it declares nothing."""
    (annotated,) = get_args(get_type_hints(route.func, include_extras=True)["return"])
    if get_origin(annotated) is Annotated:
        for part in get_args(annotated)[1:]:
            if isinstance(part, Shows):
                return part
    raise TypeError(f"{route.func.__name__} does not declare what it answers")


def _add_schemas(resolver: ApiGatewayResolver, schemas: dict[str, Any]) -> dict[str, Any]:
    """Put the schemas of all answers into ``schemas``; a reference to each by operation id, and ``error``."""
    bodies = {route.operation_id: shown(route).body for route in all_routes(resolver)}
    adapters = {name: TypeAdapter(body) for name, body in {**bodies, "error": ErrorEnvelope}.items()}
    references, definitions = TypeAdapter.json_schemas(
        [(name, "serialization", adapter) for name, adapter in adapters.items()], ref_template=_REFERENCE
    )
    schemas.update(definitions.get("$defs", {}))
    return {str(name): schema for (name, _), schema in references.items()}


def _responses(route: Route, references: dict[str, Any]) -> dict[str, Any]:
    schema, answer = references[route.operation_id], shown(route)
    if answer.enveloped:
        schema = {
            "type": "object",
            "required": ["success", "data"],
            "properties": {"success": {"const": True}, "message": {"type": "string"}, "data": schema},
        }
    success = _response("Success.", schema, answer.media_type)
    success["content"] |= {media_type: {"schema": {"type": "string"}} for media_type in answer.also}
    headers = {
        **(_RATE_REFERENCES if access_of(route).is_limited else {}),
        **(_REPLAYED if access_of(route).repeatable else {}),
    }
    if headers:
        success["headers"] = headers
    statuses = (route.status_code, *_ALSO_SUCCEEDS.get(str(route.operation_id), ()))
    responses = {str(status): success if status != HTTPStatus.NO_CONTENT else _NO_MORE for status in statuses}
    for status in _error_statuses(route):
        responses[str(status)] = {"$ref": f"#/components/responses/{_ERRORS[status][0]}"}
    return responses


def _error_statuses(route: Route) -> list[int]:
    statuses = {422, 500, 503}
    if not access_of(route).is_public:
        statuses |= {401, 403}
    if access_of(route).is_limited:
        statuses.add(429)
    if route.dependant.path_params:
        statuses.add(404)
    if access_of(route).repeatable:
        statuses.add(409)
    if route.method != "GET" and route.dependant.path_params:
        statuses.add(409)
    if route.dependant.body_params:
        statuses |= {408, 413, 415}
    name = str(route.operation_id)
    return sorted((statuses | _ALSO.get(name, set())) - _NEVER.get(name, set()))


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access.is_public:
        return []
    return [{_BEARER: []}] if access.scope is None else [{_BEARER: []}, {_API_KEY: []}]


def _response(description: str, schema: Any, media_type: str = JSON_TYPE) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def main(arguments: list[str]) -> int:
    """Write the document, or compare it: 1 when the file differs."""
    parser = argparse.ArgumentParser(prog="python -m tickwell.http.openapi")
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    chosen = parser.parse_args(arguments)
    current = text(__version__)
    file: Path = chosen.file
    if not chosen.check:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(current, encoding="utf-8")
        return 0
    if file.is_file() and file.read_text(encoding="utf-8") == current:
        return 0
    sys.stderr.write(f"{file} is not what the routes say; run make openapi\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

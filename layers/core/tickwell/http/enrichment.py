"""Makes the OpenAPI document readable: descriptions, and an example of everything that is sent and answered."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Route

from tickwell.http.errors import STATUSES
from tickwell.http.example_values import VALUES
from tickwell.http.examples import ExampleMaker
from tickwell.http.exchange import JSON_TYPE
from tickwell.http.openapi_words import ERROR_EXAMPLES, TAGS, meaning
from tickwell.http.request_examples import REQUESTS

_RESPONSES = "#/components/responses/"


def enrich(described: dict[str, Any], routes: Sequence[Route]) -> None:
    """Add to the document ``described`` what its ``routes`` leave to be said. What a route says itself stays."""
    for route in routes:
        operation = described["paths"][route.openapi_path][route.method.lower()]
        maker = ExampleMaker(described["components"]["schemas"], operation["operationId"])
        _describe(operation, route)
        for parameter in operation.get("parameters", ()):
            parameter.setdefault("description", meaning(parameter["name"]))
            if parameter["in"] == "path":
                parameter.setdefault("example", maker.value(parameter["schema"], parameter["name"]))
        _exemplify_request(operation, maker)
        for answer in operation["responses"].values():
            for content in _json_contents(answer):
                content.setdefault("example", maker.response(content["schema"]))
    for status, answer in _shared_errors(described).items():
        for content in _json_contents(answer):
            content.setdefault("example", _error_example(status, answer["description"]))
    used = {tag for route in routes for tag in route.tags}
    described["tags"] = [
        {"name": name, **({"description": TAGS[name]} if name in TAGS else {})} for name in sorted(used)
    ]


def _describe(operation: dict[str, Any], route: Route) -> None:
    """The handler's docstring tells what the summary does not; what stands there already comes after it."""
    parts = (inspect.cleandoc(route.func.__doc__ or ""), operation.get("description", ""))
    operation["description"] = "\n\n".join(dict.fromkeys(part for part in parts if part))


def _exemplify_request(operation: dict[str, Any], maker: ExampleMaker) -> None:
    for content in _json_contents(operation.get("requestBody", {})):
        if "example" in content or "examples" in content:
            continue
        bodies = REQUESTS.get(operation["operationId"])
        if bodies is None:
            content["example"] = maker.request(content["schema"])
        else:
            content["examples"] = {title: {"summary": title, "value": body} for title, body in bodies.items()}


def _json_contents(part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    content = part.get("content", {}).get(JSON_TYPE)
    if content is not None:
        yield content


def _shared_errors(described: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """The document's error answers by status, as its operations refer to them."""
    found: dict[int, dict[str, Any]] = {}
    for methods in described["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if answer.get("$ref", "").startswith(_RESPONSES):
                    found[int(status)] = described["components"]["responses"][answer["$ref"].removeprefix(_RESPONSES)]
    return found


def _error_example(status: int, description: str) -> dict[str, Any]:
    ours = (error.code for error, its_status in STATUSES.items() if its_status == status)
    code, message = ERROR_EXAMPLES.get(status) or (next(ours, "ERROR"), description)
    example = {"error": True, "message": message, "code": code}
    example |= {"timestamp": VALUES["timestamp"], "request_id": VALUES["request_id"]}
    if status == 422:
        field, _, reason = message.partition(": ")
        example["details"] = [{"field": field, "message": reason}]
    return example

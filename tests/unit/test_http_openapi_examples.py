"""Everything that is sent or answered has an example in the document, and each example is what its schema says."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tickwell.domain.queue import require_queue_name
from tickwell.http import openapi
from tickwell.http.example_values import VALUES
from tickwell.http.request_examples import REQUESTS

DOCUMENT = openapi.document("1.2.3")
OPERATIONS = {
    operation["operationId"]: operation for methods in DOCUMENT["paths"].values() for operation in methods.values()
}
SCHEMAS = DOCUMENT["components"]["schemas"]


@pytest.fixture(params=sorted(OPERATIONS))
def operation(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = OPERATIONS[request.param]
    return found


def test_the_document_is_valid_openapi() -> None:
    errors = [error.message for error in OpenAPIV31SpecValidator({**DOCUMENT}).iter_errors()]
    assert errors == []


def test_every_operation_and_parameter_is_explained(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    for parameter in operation.get("parameters", ()):
        assert parameter["description"], parameter["name"]
        assert parameter["in"] != "path" or parameter["example"], parameter["name"]


def test_every_body_and_answer_has_examples_that_fit(operation: dict[str, Any]) -> None:
    contents = dict(contents_of(operation))
    assert any(place.startswith("2") for place in contents)
    for place, content in contents.items():
        examples = list(examples_in(content))
        assert examples, place
        for example in examples:
            assert faults(example, content["schema"]) == [], place


def test_the_example_of_a_queue_is_a_name_that_a_queue_can_have() -> None:
    paths = {path: methods for path, methods in DOCUMENT["paths"].items() if "/queues/{name}" in path}
    named = [operation["parameters"] for methods in paths.values() for operation in methods.values()]
    examples = [parameter["example"] for each in named for parameter in each if parameter["name"] == "name"]
    health = OPERATIONS["getQueueHealthInDetail"]["responses"]["200"]["content"]["application/json"]["example"]
    examples += [queue["name"] for queue in health["data"]["queues"]]
    assert len(examples) == 6
    assert [require_queue_name(example) for example in examples] == examples


def test_every_shared_error_has_an_example_that_fits() -> None:
    for name, answer in DOCUMENT["components"]["responses"].items():
        content = answer["content"]["application/json"]
        assert faults(content["example"], content["schema"]) == [], name
        assert content["example"]["code"].isupper()


def test_every_tag_is_listed() -> None:
    listed = [tag["name"] for tag in DOCUMENT["tags"]]
    assert listed == sorted({tag for operation in OPERATIONS.values() for tag in operation["tags"]})


def test_no_example_was_written_for_nothing() -> None:
    assert set(REQUESTS) <= set(OPERATIONS)
    owners = {key.partition(".")[0] for key in VALUES if "." in key} - {""}
    assert owners <= set(SCHEMAS) | set(OPERATIONS)


def test_an_example_that_does_not_fit_is_found() -> None:
    assert faults({"success": True}, {"$ref": "#/components/schemas/UserBody"})


def faults(example: Any, schema: dict[str, Any]) -> list[str]:
    whole = {**schema, "components": DOCUMENT["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(example)]


def contents_of(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    parts = {"body": operation.get("requestBody", {}), **operation["responses"]}
    for place, part in parts.items():
        for media_type, content in part.get("content", {}).items():
            if media_type == "application/json":
                yield place, content
            else:
                yield place, {"schema": {"type": "string"}, "example": media_type}


def examples_in(content: dict[str, Any]) -> Iterator[Any]:
    if "example" in content:
        yield content["example"]
    for named in content.get("examples", {}).values():
        yield named["value"]

"""The OpenAPI document describes every route, and the committed one is the current one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tickwell.http import openapi
from tickwell.http.access import ACCESS
from tickwell.http.operation import access_of
from tickwell.http.resolvers import all_routes, lambda_resolver, threaded_resolver

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
DOCUMENT = openapi.document("1.2.3")
OPERATIONS = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_the_committed_document_is_the_current_one() -> None:
    assert openapi.main([str(COMMITTED), "--check"]) == 0, "run make openapi"


def test_check_tells_a_different_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "docs" / "openapi.json"
    assert openapi.main(["--check", str(file)]) == 1
    assert openapi.main([str(file)]) == 0
    assert openapi.main(["--check", str(file)]) == 0
    file.write_text("{}")
    assert openapi.main(["--check", str(file)]) == 1
    assert "make openapi" in capsys.readouterr().err


def test_the_document_is_openapi_3_1_of_this_version() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["info"]["version"] == "1.2.3"
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == "bearer"
    assert (schemes["apiKey"]["in"], schemes["apiKey"]["name"]) == ("header", "X-API-Key")


FULL = {"acceptInvitation", "receiveMessage"}
"""What nobody has to sign in for, and what a quota may stand in the way of."""


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_is_described(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert len(operation["tags"]) == 1
    assert any(status.startswith("2") for status in operation["responses"])
    assert {"422", "500"} <= set(operation["responses"])
    may_be_refused = operation["security"] != [] or operation["operationId"] in FULL
    assert ("403" in operation["responses"]) == may_be_refused
    asks = operation["security"] != [] or path.endswith("/login") or ACCESS[operation["operationId"]].by_token
    asks = asks or path.startswith("/hooks/")  # for a signature
    assert ("401" in operation["responses"]) == asks
    assert "404" in operation["responses"] or "{" not in path
    assert ("requestBody" in operation) == ("415" in operation["responses"])
    assert method != "get" or "409" not in operation["responses"]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_tells_the_role_and_the_scope_that_it_takes(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    access, told = ACCESS[operation["operationId"]], operation["description"]
    schemes = [name for each in operation["security"] for name in each]
    if access.by_token:
        assert (schemes, "whoever has the token that the body takes" in told) == ([], True), (path, method)
    elif access.role is None:
        assert (schemes, "no credential is needed" in told) == ([], True), (path, method)
    elif access.scope is None:
        assert (schemes, "an API key is not enough" in told) == (["bearer"], True), (path, method)
    else:
        assert (schemes, f"the scope `{access.scope.value}`" in told) == (["bearer", "apiKey"], True), (path, method)
    assert access.role is None or f"the role `{access.role.value}`" in told


def test_exactly_these_routes_need_no_credential() -> None:
    public = {(route.method, route.path) for route in all_routes(lambda_resolver()) if access_of(route).is_public}
    assert public == {
        ("GET", "/"),
        ("GET", "/health"),
        ("GET", "/health/api"),
        ("GET", "/health/store"),
        ("GET", "/health/redis"),
        ("GET", "/health/queues"),
        ("GET", "/openapi.json"),
        ("GET", "/accept-invitation"),
        ("GET", "/reset-password"),
        ("GET", "/dashboard/<dashboard_version>/<dashboard_file>"),
        ("GET", "/docs"),
        ("GET", "/redoc"),
        ("GET", "/docs/reference.js"),
        ("GET", "/docs/reference.css"),
        ("POST", "/api/v1/auth/register"),
        ("POST", "/api/v1/auth/login"),
        ("POST", "/api/v1/auth/password/forgot"),
        ("POST", "/api/v1/auth/password/reset"),
        ("POST", "/api/v1/auth/invitations/accept"),
        ("POST", "/hooks/<token>"),
        ("POST", "/api/v1/executions/<execution_id>/complete"),
        ("POST", "/api/v1/executions/<execution_id>/fail"),
        ("POST", "/api/v1/executions/<execution_id>/heartbeat"),
    }


def test_both_hosts_have_the_same_routes() -> None:
    on_lambda, threaded = (
        {(route.method, route.path, route.func) for route in all_routes(resolver)}
        for resolver in (lambda_resolver(), threaded_resolver())
    )
    assert on_lambda == threaded


def test_operation_ids_are_unique() -> None:
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere() -> None:
    for reference in _references(DOCUMENT):
        place: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_schema_is_used() -> None:
    used = {reference.rsplit("/", 1)[1] for reference in _references(DOCUMENT)}
    assert set(DOCUMENT["components"]["schemas"]) <= used


def test_the_document_is_the_same_each_time() -> None:
    first = openapi.text("1.2.3")
    openapi.document.cache_clear()
    assert openapi.text("1.2.3") == first
    assert json.loads(first) == DOCUMENT


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)

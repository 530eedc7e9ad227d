"""The errors that the document gives to an operation by its form do come, for every operation that there is."""

from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.api_gateway import Route

from tests.api_hosts import Client, memory_world, new_api
from tickwell import __version__
from tickwell.domain.account import Principal, Role
from tickwell.domain.errors import ForbiddenError
from tickwell.http.exchange import LARGEST_BODY_BYTES
from tickwell.http.openapi import document
from tickwell.http.operation import access_of
from tickwell.http.resolvers import all_routes, lambda_resolver

OUT_OF_QUOTA = {"acceptInvitation", "receiveMessage"}
"""What may anybody do that a quota can refuse."""

SAME_FOR_ALL = {"getAcceptInvitationPage", "getResetPasswordPage"}
"""Pages without data: a browser may keep them, and asks whether they are new."""

PATHS = document(__version__)["paths"]
ROUTES = {str(route.operation_id): route for route in all_routes(lambda_resolver())}


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    world = memory_world(tmp_path_factory.mktemp("world"))
    yield new_api("asgi", world).user()
    world.close()


@pytest.fixture(params=sorted(ROUTES))
def route(request: pytest.FixtureRequest) -> Route:
    return ROUTES[request.param]


def declared(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = PATHS[route.openapi_path][route.method.lower()]["responses"]
    return found


def target(route: Route, value: str = "2026-11") -> str:
    parts = [value if part.startswith("{") else part for part in route.openapi_path.split("/")]
    return "/".join(parts)


def test_an_unknown_parameter_is_refused(route: Route, owner: Client) -> None:
    assert "422" in declared(route)
    answer = owner(route.method, f"{target(route)}?no-such-parameter=1", {} if "415" in declared(route) else None)
    assert answer.fields == ["no-such-parameter"]


def test_a_credential_is_asked_for_where_the_document_says_so(route: Route, owner: Client) -> None:
    status = Client(host=owner.host)(route.method, target(route)).status
    assert (status == 401) == (not access_of(route).is_public)
    assert status != 401 or "401" in declared(route)


def test_a_key_that_may_nothing_is_refused_where_the_document_says_so(route: Route) -> None:
    if access_of(route).is_public:
        assert ("403" in declared(route)) == (route.operation_id in OUT_OF_QUOTA), "a quota of members or of jobs"
        return
    assert "403" in declared(route)
    with pytest.raises(ForbiddenError):
        access_of(route).require(Principal(tenant_id="t", user_id="u", role=Role.OWNER, scopes=frozenset()))


def test_a_path_that_names_nothing_is_not_found(route: Route, owner: Client) -> None:
    if "{" not in route.openapi_path:
        return
    assert "404" in declared(route)
    assert owner(route.method, target(route, "%7F")).status == 404


def test_a_body_that_is_no_json_or_too_large_is_refused(route: Route, owner: Client) -> None:
    if not route.dependant.body_params:
        return
    assert {"408", "413", "415"} <= set(declared(route))
    send = (route.method, target(route))
    assert owner(*send, raw=b"a=b", headers={"Content-Type": "text/plain"}).status == 415
    assert owner(*send, headers={"Content-Length": str(LARGEST_BODY_BYTES + 1)}).status == 413


def test_only_a_change_can_be_in_conflict(route: Route) -> None:
    assert route.method != "GET" or "409" not in declared(route)


@pytest.mark.parametrize("query", ["", "?no-such-parameter=1"])
def test_no_answer_may_be_framed_sniffed_or_run_what_stands_in_it(route: Route, owner: Client, query: str) -> None:
    headers = owner(route.method, target(route) + query).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["cache-control"] == ("no-cache" if not query and route.operation_id in SAME_FOR_ALL else "no-store")
    assert headers["x-request-id"]

"""The resolver for many threads keeps their requests apart."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools.event_handler import Request, Response

from tickwell.http.operation import plain
from tickwell.http.resolvers import ThreadedResolver, all_routes, threaded_resolver

_WAIT_SECONDS = 10


def _event(path: str) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {},
        "requestContext": {"stage": "$default", "http": {"method": "GET", "path": path}},
    }


def test_requests_that_are_under_way_at_once_see_only_themselves() -> None:
    resolver = ThreadedResolver()
    both_inside = threading.Barrier(2)

    def handler(who: str, request: Request) -> Response[str]:
        both_inside.wait(_WAIT_SECONDS)
        seen = {"who": who, "call": request.context["tickwell_call"], "path": resolver.current_event.path}
        both_inside.wait(_WAIT_SECONDS)
        return plain(seen)

    resolver.get("/wait/<who>")(handler)
    resolver.build_stacks()
    with ThreadPoolExecutor(2) as threads:
        calls: list[Any] = ["call of ada", "call of eve"]
        found = threads.map(resolver.answer, [_event("/wait/ada"), _event("/wait/eve")], calls)
        assert [answer["body"] for answer in found] == [
            '{"who":"ada","call":"call of ada","path":"/wait/ada"}',
            '{"who":"eve","call":"call of eve","path":"/wait/eve"}',
        ]


def test_nothing_is_built_while_requests_are_served() -> None:
    assert all(route._middleware_stack_built for route in all_routes(threaded_resolver()))

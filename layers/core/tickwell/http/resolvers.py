"""Powertools' resolvers for both hosts, with the same routes."""

import logging
import re
from typing import Any, NoReturn

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, HttpResolverLocal
from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, Route
from aws_lambda_powertools.event_handler.http_resolver import _RequestState
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext

from tickwell.http.call import CONTEXT_KEY, Call
from tickwell.http.json_body import parse_object
from tickwell.http.routes import (
    accounts,
    api_keys,
    archive,
    audit,
    bulk,
    dashboard,
    dead_letters,
    deletion,
    emails,
    executions,
    export,
    files,
    generate,
    health,
    hooks,
    job_actions,
    job_lists,
    jobs,
    keyed_jobs,
    live,
    occurrences,
    organization,
    outside,
    passwords,
    queues,
    reference,
    results,
    schedules,
    secrets,
    statistics,
    system,
    usage,
    webhooks,
)
from tickwell.http.strict_body import build_bodies

_NO_CONTEXT = LambdaContext()
"""Handlers need nothing of Lambda's context."""


class LambdaResolver(APIGatewayHttpResolver):
    """Resolves one request at a time: Powertools keeps it in class attributes."""

    def __init__(self) -> None:
        # Debugging is off whatever the environment says: it would print whole requests.
        super().__init__(enable_validation=True, debug=False, json_body_deserializer=parse_object)

    def answer(self, event: dict[str, Any], call: Call) -> dict[str, Any]:
        """Route, validate and handle one event (payload format 2.0); whatever goes wrong is raised."""
        self.context[CONTEXT_KEY] = call
        return self.resolve(event, _NO_CONTEXT)


class ThreadedResolver(HttpResolverLocal):
    """Resolves requests of many threads at once: each has its state in a context variable."""

    def __init__(self) -> None:
        super().__init__(enable_validation=True, debug=False)

    def build_stacks(self) -> None:
        """Build all middleware stacks, before the first request: Powertools would do it later, without a lock."""
        for route in all_routes(self):
            route._build_middleware_stack(router_middlewares=self._router_middlewares, app=self)  # noqa: SLF001

    def answer(self, event: dict[str, Any], call: Call) -> dict[str, Any]:
        """As ``LambdaResolver.answer``, in the current thread."""
        state = _RequestState(
            event=APIGatewayProxyEventV2(event, parse_object), lambda_context=_NO_CONTEXT, context={CONTEXT_KEY: call}
        )
        token = self._request_state.set(state)
        try:
            return self._build_response(self._resolve())
        finally:
            self._request_state.reset(token)


def lambda_resolver() -> LambdaResolver:
    """For one request at a time."""
    resolver = LambdaResolver()
    _include_routes(resolver)
    return resolver


def threaded_resolver() -> ThreadedResolver:
    """For many at once."""
    resolver = ThreadedResolver()
    _include_routes(resolver)
    resolver.build_stacks()
    build_bodies()
    return resolver


def _include_routes(resolver: ApiGatewayResolver) -> None:
    # Whatever level the deployment logs at: for debugging, Powertools writes bodies down, passwords included.
    logging.getLogger("aws_lambda_powertools").setLevel(logging.INFO)
    for module in (
        accounts,
        api_keys,
        passwords,
        organization,
        keyed_jobs,  # before those that begin with any id: by-key is none
        jobs,
        job_actions,
        job_lists,
        occurrences,
        results,
        bulk,
        generate,
        emails,
        executions,
        outside,
        dead_letters,
        queues,
        archive,
        files,
        webhooks,
        hooks,
        secrets,
        audit,
        deletion,
        export,
        schedules,
        statistics,
        live,
        usage,
        health,
        system,
        dashboard,
        reference,
    ):
        resolver.include_router(module.router)
    for route in all_routes(resolver):
        if route.path.endswith(("/by-key/<key>", "/files/<file_name>", "/<dashboard_file>")):
            # Keys and files may have slashes; hosts decode %2F, so that both ways to write one come here alike.
            before, _, last = route.path.removesuffix(">").rpartition("<")
            before = re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", before)
            route.rule = re.compile(f"^{before}(?P<{last}>.+)$")
    # A router hands on the context of the resolver that it was included in before, in the middle of a request even.
    resolver.clear_context()  # type: ignore[no-untyped-call]
    resolver.exception_handler(Exception)(_raise)


def _raise(error: Exception) -> NoReturn:
    """All errors go up to the gate, which answers them in one place."""
    raise error


def all_routes(resolver: ApiGatewayResolver) -> list[Route]:
    """The routes in the order in which they are tried."""
    return [*resolver._static_routes, *resolver._dynamic_routes]  # noqa: SLF001

"""What every request passes before and after its handler, on both hosts."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler.api_gateway import Route

from tickwell.domain.account import Principal
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.trace import TRACEPARENT_HEADER, parsed_traceparent
from tickwell.http.auditing import Auditor
from tickwell.http.call import Call
from tickwell.http.cors import Cors
from tickwell.http.credentials import TICKET_PARAMETER, KeyText, credential_of, ticket_of
from tickwell.http.errors import (
    BodyTooLargeError,
    MethodNotAllowedError,
    UnknownPathError,
    fault_of,
)
from tickwell.http.exchange import JSON_TYPE, LARGEST_BODY_BYTES, HttpAnswer, HttpRequest, render
from tickwell.http.json_body import body_text
from tickwell.http.operation import access_of
from tickwell.http.repeats import KEY_HEADER
from tickwell.http.request_limits import client_network
from tickwell.http.resolvers import LambdaResolver, ThreadedResolver, all_routes
from tickwell.http.services import ApiServices

_log = logging.getLogger("tickwell")

_LONGEST_PATH = 1024
_MOST_PARAMETERS = 50

SECURITY_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
NOTHING: Mapping[str, str] = {}
TRANSPORT_SECURITY = {"Strict-Transport-Security": "max-age=31536000"}
"""Only where TLS is certain: behind API Gateway."""


class Gate:
    """Admits a request or answers it itself; see ``__call__``."""

    def __init__(
        self, services: ApiServices, resolver: LambdaResolver | ThreadedResolver, *, extra_headers: Mapping[str, str]
    ) -> None:
        self._services = services
        self._resolver = resolver
        self._routes = all_routes(resolver)
        self._fixed_paths = {route.path for route in self._routes if "<" not in route.path}
        self._found: dict[str, dict[str, Route]] = {}
        self._auditor = Auditor(audit=services.audit)
        self._cors = Cors(services.allowed_origins)
        self._headers = {**SECURITY_HEADERS, **extra_headers}

    def __call__(self, request: HttpRequest) -> HttpAnswer:
        """Answer ``request``. Never raises: what nobody expected is logged and answered with 500."""
        noted: dict[str, str] = {}
        clock, answers = self._services.clock, self._services.answers
        began_ms = to_epoch_ms(clock.now())
        try:
            answer = self._answer(request, noted)
        except Exception as error:  # noqa: BLE001 - the last boundary: a caller always gets an answer
            answer = self._error_answer(request, error)
        answers.note(is_error=answer.status >= 500, duration_ms=to_epoch_ms(clock.now()) - began_ms)
        return self._complete(request, answer, noted)

    def refuse(self, request: HttpRequest, error: Exception) -> HttpAnswer:
        """The answer to a ``request`` with which its host could do nothing, because of ``error``."""
        return self._complete(request, self._error_answer(request, error))

    def _complete(self, request: HttpRequest, answer: HttpAnswer, noted: Mapping[str, str] = NOTHING) -> HttpAnswer:
        headers = {
            **self._headers,
            **self._cors.headers(request.headers),
            **noted,
            **answer.headers,
            "X-Request-Id": request.request_id,
        }
        return replace(answer, headers=headers, body="" if request.method == "HEAD" else answer.body)

    def _answer(self, request: HttpRequest, noted: dict[str, str]) -> HttpAnswer:
        """Raises what is wrong; ``noted`` gets the headers that the answer is to carry whatever it will be."""
        by_method = self._find(request.path)
        allowed = _allowed(by_method)
        if request.method == "OPTIONS":
            return HttpAnswer(
                status=204,
                headers={"Allow": ", ".join(allowed), **self._cors.preflight(request.headers, allowed)},
                body="",
            )
        route = by_method.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            raise MethodNotAllowedError(_printable(request.method), allowed)
        if request.announces_too_much or len(request.body) > LARGEST_BODY_BYTES:
            raise BodyTooLargeError(f"a body may have at most {LARGEST_BODY_BYTES} bytes")
        caller = self._caller(route, request)
        try:
            answer = self._handle(route, request, caller, noted)
        except Exception as error:
            self._auditor.failed(route, request, caller, error)
            raise
        self._auditor.answered(route, request, caller, answer)
        return answer

    def _handle(
        self, route: Route, request: HttpRequest, caller: Principal | None, noted: dict[str, str]
    ) -> HttpAnswer:
        access = access_of(route)
        limits = self._services.request_limits
        # Counted before it may be denied: a denial writes an audit record.
        noted.update(limits.admit(access.rate, caller, request.client_address))
        if caller is not None:
            access.require(caller)
        event = _event(route, request)
        call = Call(
            services=self._services,
            caller=caller,
            request_id=request.request_id,
            client=client_network(request.client_address),
            headers=request.headers,
            body=request.body,
            follow=request.follow,
            traceparent=parsed_traceparent(request.headers.get(TRACEPARENT_HEADER)),
        )

        def handle() -> HttpAnswer:
            resolved = self._resolver.answer(event, call)
            return HttpAnswer(
                status=resolved["statusCode"],
                headers=resolved["headers"],
                body=resolved["body"] or "",
                is_base64=resolved["isBase64Encoded"],
            )

        if caller is None or not access.repeatable or KEY_HEADER not in request.headers:
            return handle()
        return self._services.repeats((str(route.operation_id), access), caller, request, handle)

    def _find(self, path: str) -> dict[str, Route]:
        """The routes of ``path`` by method, the more specific first. Raises UnknownPathError."""
        found = self._found.get(path)
        if found is None and len(path) <= _LONGEST_PATH and path.isascii() and path.isprintable():
            found = self._matching(path)
        if not found:
            raise UnknownPathError("there is nothing at this path; GET /openapi.json tells what there is")
        return found

    def _matching(self, path: str) -> dict[str, Route]:
        """All routes are tried, but for a path without parameters only once."""
        found: dict[str, Route] = {}
        for route in self._routes:
            if route.rule.match(path):
                found.setdefault(route.method, route)
        if path in self._fixed_paths:
            self._found[path] = found
        return found

    def _caller(self, route: Route, request: HttpRequest) -> Principal | None:
        """Who calls; None where nobody has to say. Raises UnauthenticatedError."""
        access = access_of(route)
        if access.is_public:
            return None
        ticket = ticket_of(request.query, request.headers) if access.by_ticket else None
        return self._authenticate(request) if ticket is None else self._services.tickets.admit(ticket, request.path)

    def _authenticate(self, request: HttpRequest) -> Principal:
        credential = credential_of(request.headers)
        if isinstance(credential, KeyText):
            return self._services.authenticate_key(credential.text)
        return self._services.authenticate(credential.text)

    def _error_answer(self, request: HttpRequest, error: Exception) -> HttpAnswer:
        fault = fault_of(error)
        if fault.status >= 500:
            extra = {"action": "http.failed", "request_id": request.request_id, "status": fault.status}
            _log.error("request failed", exc_info=error, extra=extra)
        body = fault.body(request_id=request.request_id, now=self._services.clock.now())
        headers = {"Content-Type": JSON_TYPE, **dict(fault.headers)}
        return HttpAnswer(status=fault.status, headers=headers, body=render(body))


def _allowed(by_method: Mapping[str, Route]) -> tuple[str, ...]:
    also = {"HEAD", "OPTIONS"} if "GET" in by_method else {"OPTIONS"}
    return tuple(sorted({*by_method, *also}))


def _printable(method: str) -> str:
    return method if method.isascii() and method.isalpha() and len(method) <= 20 else "this method"


def _event(route: Route, request: HttpRequest) -> dict[str, Any]:
    """The event for the resolver: only what routing and validation need, in a form that they cannot stumble over."""
    has_body = bool(route.dependant.body_params)
    return {
        "version": "2.0",
        "rawPath": request.path,
        "rawQueryString": "",
        "queryStringParameters": _parameters(route, request.query),
        "headers": {"content-type": JSON_TYPE},
        "requestContext": {"stage": "$default", "http": {"method": route.method, "path": request.path}},
        "body": body_text(request.headers, request.body) if has_body else None,
        "isBase64Encoded": False,
    }


def _parameters(route: Route, query: str) -> dict[str, str]:
    """The query's parameters; raises InvalidInputError for unknown ones and for those given twice."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise InvalidInputError("query", f"has more than {_MOST_PARAMETERS} parameters") from error
    known = {field.alias for field in route.dependant.query_params}
    if access_of(route).by_ticket:
        pairs = [(name, value) for name, value in pairs if name != TICKET_PARAMETER]  # it has been looked at
    found: dict[str, str] = {}
    for name, value in pairs:
        shown = ascii(name[:100])[1:-1]
        if name not in known:
            raise InvalidInputError(shown, "is not a parameter of this request")
        if name in found:
            raise InvalidInputError(shown, "is given twice")
        found[name] = value
    return found

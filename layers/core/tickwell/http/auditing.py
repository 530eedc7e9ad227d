"""Which requests the audit log tells of, and what it says of them: decided here for all routes, at the gate."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from aws_lambda_powertools.event_handler.api_gateway import Route

from tickwell.application.audit import Audit, Deed
from tickwell.domain.account import Principal
from tickwell.domain.audit import NOBODY, audit_outcome
from tickwell.domain.errors import InvalidCredentialsError
from tickwell.domain.one_time import Purpose, parse_token
from tickwell.http.access import RateClass
from tickwell.http.errors import fault_of
from tickwell.http.exchange import HttpAnswer, HttpRequest
from tickwell.http.operation import access_of

TOLD_BY_THE_JOB = frozenset({"createJob", "scheduleEmail", "scheduleEmailAlias"})
"""The flood. A job itself says who created it and when; a record besides it would be a write more for each."""

CHANGES_NOTHING = frozenset({"createTicket"})
"""What only reads, although it is no GET: a page asks for tickets all day long."""

READ_AS_A_WHOLE = "exportOrganization"
"""Reads everything that there is: its first page is noted, and who was denied it."""

_QUIET_RATES = frozenset({RateClass.GENERATE, RateClass.EXEMPT})
_COUNTS = ("applied", "changed", "created")
_NAMES = ("id", "name")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Actor:
    """Who did it, and in which tenant."""

    tenant_id: str
    user_id: str
    api_key_id: str | None = None


def is_audited(route: Route) -> bool:
    """Whether requests of ``route`` change something that a record must tell of."""
    changes = route.method != "GET" and access_of(route).rate not in _QUIET_RATES
    return changes and route.operation_id not in TOLD_BY_THE_JOB | CHANGES_NOTHING


@dataclass(frozen=True, kw_only=True, slots=True)
class Auditor:
    """Writes a record for each request that changed something, was denied, or may have changed something.

    And for the first page of an export. A request that is not acceptable (4xx other than 401 and 403) leaves none, nor
    does a dry run. A failed login leaves one also where nobody has the address: without that write its answer would
    come sooner, and tell so.
    """

    audit: Audit

    def answered(self, route: Route, request: HttpRequest, caller: Principal | None, answer: HttpAnswer) -> None:
        """Note what ``answer`` says was done."""
        if not (is_audited(route) or _begins_export(route, request)):
            return
        data = _data(answer)
        if _changed_nothing(route, data):
            return
        actor = _actor(caller) or _signed_in(data) or _of_reset(route, request)
        if actor is not None:
            named = next((value for name in _NAMES if isinstance(value := data.get(name), str)), None)
            self._note(route, request, actor, answer.status, _in_path(route, request) or named, _count(data))

    def failed(self, route: Route, request: HttpRequest, caller: Principal | None, error: Exception) -> None:
        """Note that the request ended in ``error``, if that matters."""
        if not (is_audited(route) or route.operation_id == READ_AS_A_WHOLE):
            return
        actor = _actor(caller)
        if isinstance(error, InvalidCredentialsError):
            actor = _Actor(tenant_id=error.tenant_id or NOBODY, user_id=error.user_id or NOBODY)
        if actor is not None:
            self._note(route, request, actor, fault_of(error).status, _in_path(route, request), None)

    def _note(
        self, route: Route, request: HttpRequest, actor: _Actor, status: int, resource: str | None, count: int | None
    ) -> None:
        outcome = audit_outcome(status)
        if outcome is not None:
            deed = Deed(
                tenant_id=actor.tenant_id,
                user_id=actor.user_id,
                api_key_id=actor.api_key_id,
                action=str(route.operation_id),
                resource=resource,
                count=count,
                outcome=outcome,
                status=status,
                request_id=request.request_id,
                address=request.client_address,
            )
            self.audit.note(deed)


def _changed_nothing(route: Route, data: Mapping[str, Any]) -> bool:
    """Whether nothing was written, or only a job that says itself who created it."""
    if route.operation_id == "putJob":
        return data.get("action") in {"created", "unchanged"}
    return data.get("dry_run") is True or (route.operation_id == "applyJobs" and data.get("applied") == 0)


def _begins_export(route: Route, request: HttpRequest) -> bool:
    """Whether this asks for the first page of an export: later ones have a cursor."""
    return route.operation_id == READ_AS_A_WHOLE and "cursor" not in parse_qs(request.query, keep_blank_values=True)


def _actor(caller: Principal | None) -> _Actor | None:
    if caller is None:
        return None
    return _Actor(tenant_id=caller.tenant_id, user_id=caller.user_id, api_key_id=caller.api_key_id)


def _signed_in(data: dict[str, Any]) -> _Actor | None:
    """Whom an answer to somebody without a credential is about: the user who has just registered or signed in."""
    match data.get("user"):
        case {"tenant_id": str(tenant_id), "id": str(user_id)}:
            return _Actor(tenant_id=tenant_id, user_id=user_id)
    return None


def _of_reset(route: Route, request: HttpRequest) -> _Actor | None:
    """Whose password was set: the token of the mail names the user, and the answer to a wrong one never comes here."""
    if route.operation_id != "resetPassword":
        return None
    token = parse_token(json.loads(request.body)["token"], Purpose.RESET)
    return None if token is None else _Actor(tenant_id=token.tenant_id, user_id=token.subject_id)


def _data(answer: HttpAnswer) -> dict[str, Any]:
    document = json.loads(answer.body) if answer.body else {}
    data = document.get("data")
    return data if isinstance(data, dict) else {}


def _count(data: dict[str, Any]) -> int | None:
    """How many things a request about many has changed."""
    return next((value for name in _COUNTS if type(value := data.get(name)) is int), None)


def _in_path(route: Route, request: HttpRequest) -> str | None:
    """What the path names, such as a job's id."""
    found = route.rule.match(request.path)
    return "/".join(found.groupdict().values()) or None if found else None

"""Tickets that somebody made, changed, kept or took elsewhere: each opens one path to one caller, and for minutes."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import jwt

from tests.access_matrix import GUARDED
from tests.access_walk import People
from tests.api_hosts import Api, Client
from tests.chaos.security.findings import Findings
from tests.chaos.security.tokens import OURS, Attack, Genuine, crafted, misspelled
from tickwell.domain.ticket import TICKET_LIFE

KIND: Final = "tickets"
STATS: Final = "/api/v1/sse/stats"


def attack_tickets(findings: Findings, api: Api, chance: random.Random) -> None:
    """All of them at what the genuine one opens; the genuine one at all that it does not open."""
    people = People(api=api)
    owner, other = people.user(), people.user()
    client = people.client(owner)
    text = _ticket(client)
    claims: dict[str, Any] = jwt.decode(text, options={"verify_signature": False})
    genuine = Genuine(
        text=text,
        header=jwt.get_unverified_header(text),
        claims=claims,
        stranger={"tenant": other.tenant_id, "sub": other.user_id},
    )
    findings.require(KIND, "the genuine one is refused", held=_status(api, text) == 200)
    for what, ticket in [*misspelled(genuine, chance), *_other_claims(genuine), ("a bearer token", str(client.token))]:
        _judge(findings, what, _status(api, ticket))
    for what, status in _elsewhere(api, text):
        _judge(findings, what, status)
    findings.require(KIND, "the genuine one is refused", held=_status(api, text) == 200)
    for what, ticket in _ended(api):
        _judge(findings, what, _status(api, ticket))


def _judge(findings: Findings, what: str, status: int) -> None:
    findings.require(KIND, f"{what}: {status}", held=status == 401)
    findings.answered(KIND, what, status)


def _status(api: Api, ticket: str, path: str = STATS) -> int:
    return api.anonymous("GET", f"{path}?ticket={quote(ticket)}").status


def _ticket(client: Client) -> str:
    return str(client("POST", "/api/v1/sse/tickets", {"path": "sse/stats"}).data["ticket"])


def _other_claims(genuine: Genuine) -> Iterator[Attack]:
    """What our own key signed, and must still not count."""

    def signed(**changes: Any) -> str:
        return crafted(genuine.header, {**genuine.claims, **changes}, OURS)

    for name in genuine.claims:
        left = {other: value for other, value in genuine.claims.items() if other != name}
        yield f"without {name}", crafted(genuine.header, left, OURS)
        others: list[Any] = [None, "", [], {}, True, -1, 1.5, "1"]
        for odd in others:
            yield f"{name} {odd!r}", signed(**{name: odd})
    for name in ("tenant", "sub"):
        yield f"{name} of a stranger", signed(**{name: genuine.stranger[name]})
    yield "ended", signed(exp=int(genuine.claims["exp"]) - int(TICKET_LIFE.total_seconds()))
    yield "a session and a key", signed(key="key-1")
    yield (
        "a key alone, which there is not",
        crafted(
            genuine.header, {**{name: v for name, v in genuine.claims.items() if name != "ses"}, "key": "key-1"}, OURS
        ),
    )
    for path in ("sse/stat", "sse/stats/", "sse/jobs/a", "", "*", "sse/*", "SSE/STATS"):
        yield f"for the path {path!r}", signed(path=path)


def _elsewhere(api: Api, text: str) -> Iterator[tuple[str, int]]:
    """The genuine one at everything else that asks for a credential, and where other credentials stand."""
    for operation in GUARDED:
        if operation.path not in {STATS, "/api/sse/stats"}:
            with_it = replace(operation, path=f"{operation.path}?ticket={text}")
            yield f"another path, {operation.name}", with_it(api.anonymous).status
    for headers in ({"Authorization": f"Bearer {text}"}, {"X-API-Key": text}, {"Authorization": text}):
        for path in (STATS, "/api/v1/auth/me"):
            yield f"in a header at {path}", api.anonymous("GET", path, headers=headers).status
    yield "twice", api.anonymous("GET", f"{STATS}?ticket={text}&ticket={text}").status
    yield "beside a key", api.anonymous("GET", f"{STATS}?ticket={text}", headers={"X-API-Key": "tw_x"}).status


def _ended(api: Api) -> Iterator[Attack]:
    """Tickets that were good, and are over. Time passes here."""
    left = People(api=api).client()
    kept = _ticket(left)
    assert left("POST", "/api/v1/auth/logout").status == 200
    yield "of a session that was ended", kept
    late = _ticket(People(api=api).client())
    api.world.clock.advance(TICKET_LIFE / timedelta(seconds=1))
    yield "five minutes old", late

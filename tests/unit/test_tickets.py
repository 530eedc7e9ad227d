"""Tickets: what they say, what they open, and everything that makes them worthless."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from tests.doubles import NOON, SeededIds
from tests.unit.test_tokens import ADA
from tickwell.adapters.key_ring import KeyRing
from tickwell.adapters.tickets import JwtTickets
from tickwell.adapters.tokens import JwtTokens
from tickwell.domain.errors import InvalidInputError, UnauthenticatedError
from tickwell.domain.session import Bearer
from tickwell.domain.ticket import Ticket, require_ticket_path, ticket_path

KEY = "k" * 48
SESSION = Bearer(
    tenant_id="tenant-1",
    user_id="user-1",
    token_id="token-1",
    generation=7,
    issued_at=NOON - timedelta(milliseconds=1),
    expires_at=NOON + timedelta(hours=24),
)
TICKET = Ticket(
    tenant_id="tenant-1",
    user_id="user-1",
    path="sse/stats",
    expires_at=NOON + timedelta(minutes=5),
    session=SESSION,
)
BY_KEY = replace(TICKET, session=None, api_key_id="key-1")
BY_OIDC = replace(TICKET, session=replace(SESSION, generation=None))


def tickets(*keys: str) -> JwtTickets:
    return JwtTickets(KeyRing(lambda: "\n".join(keys or (KEY,))))


def signed(**changes: Any) -> str:
    """A ticket that our own key signed, with other claims; None leaves one out."""
    good = tickets().issue(TICKET, now=NOON)
    claims = jwt.decode(good, options={"verify_signature": False}) | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, KEY, headers={"kid": jwt.get_unverified_header(good)["kid"]})


@pytest.mark.parametrize("ticket", [TICKET, BY_KEY, BY_OIDC])
def test_a_ticket_says_what_it_opens_and_what_it_stands_on(ticket: Ticket) -> None:
    text = tickets().issue(ticket, now=NOON)
    assert tickets().verify(text, now=NOON) == ticket
    assert tickets("n" * 48, KEY).verify(text, now=NOON) == ticket
    assert len(text) < 700, "it stands in a URL"


@pytest.mark.parametrize("now", [TICKET.expires_at, TICKET.expires_at + timedelta(days=1)])
def test_a_ticket_ends(now: datetime) -> None:
    text = tickets().issue(TICKET, now=NOON)
    assert tickets().verify(text, now=TICKET.expires_at - timedelta(milliseconds=1)) == TICKET
    with pytest.raises(UnauthenticatedError, match="not a valid ticket"):
        tickets().verify(text, now=now)


def test_neither_a_token_nor_a_ticket_passes_for_the_other() -> None:
    tokens = JwtTokens(KeyRing(lambda: KEY), SeededIds())
    with pytest.raises(UnauthenticatedError):
        tokens.verify(tickets().issue(TICKET, now=NOON), now=NOON)
    with pytest.raises(UnauthenticatedError):
        tickets().verify(tokens.issue(ADA, now=NOON), now=NOON)


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "tickwell-api"},
        {"iss": "other"},
        {"tenant": ""},
        {"tenant": 7},
        {"tenant": None},
        {"sub": ""},
        {"path": ["sse/stats"]},
        {"path": None},
        {"exp": None},
        {"exp": True},
        {"exp": "1"},
        {"exp": 10**30},
        {"exp": float("inf")},
        {"ses": None},
        {"key": "key-1"},
        {"ses": None, "key": ""},
        {"ses": None, "key": 7},
        {"ses": []},
        {"ses": "text"},
        {"ses": {}},
        {"ses": {"jti": 1, "gen": 7, "iat": 1, "exp": 2}},
        {"ses": {"jti": "x", "gen": "7", "iat": 1, "exp": 2}},
        {"ses": {"jti": "x", "gen": True, "iat": 1, "exp": 2}},
        {"ses": {"jti": "x", "gen": 7, "iat": 1, "exp": 10**30}},
        {"ses": {"jti": "x", "gen": 7, "iat": 1.5, "exp": 2}},
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused(change: dict[str, Any]) -> None:
    assert tickets().verify(signed(), now=NOON) == TICKET
    with pytest.raises(UnauthenticatedError, match="not a valid ticket"):
        tickets().verify(signed(**change), now=NOON)


def test_what_is_no_ticket_is_refused() -> None:
    text = tickets().issue(TICKET, now=NOON)
    head, claims, signature = text.split(".")
    unsigned = jwt.encode({"sub": "user-1"}, "", algorithm="none", headers={"kid": "x"})
    other = tickets("o" * 48).issue(TICKET, now=NOON)
    for bad in (
        "",
        "a.b.c",
        "é",
        "\ud800",
        "x" * 3000,
        f"{head}.{claims}.",
        f"{head}.{claims}.A{signature}",
        unsigned,
        other,
    ):
        with pytest.raises(UnauthenticatedError, match="not a valid ticket"):
            tickets().verify(bad, now=NOON)
    for place in range(0, len(text) - 1, 7):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(UnauthenticatedError):
            tickets().verify(changed, now=NOON)


@pytest.mark.parametrize("path", ["sse/stats", "sse/jobs/a-1.b_2", "emails/a/preview"])
def test_one_ticket_opens_a_path_and_its_alias(path: str) -> None:
    for spelled in (path, f"/api/v1/{path}", f"/api/{path}", f"api/v1/{path}"):
        assert require_ticket_path(spelled) == ticket_path(spelled) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "jobs/a",
        "sse",
        "sse/jobs/",
        "sse/jobs/a/b",
        "sse/jobs/a?x=1",
        "sse/jobs/..%2f",
        "sse/stats/",
        "sse/stats\n",
        " sse/stats",
        "/api/v1/api/sse/stats",
        "//sse/stats",
        "https://evil.example/sse/stats",
        "emails/preview",
        "sse/jobs/" + "a" * 201,
    ],
)
def test_there_are_tickets_for_nothing_else(path: str) -> None:
    with pytest.raises(InvalidInputError, match="sse/stats"):
        require_ticket_path(path)

"""Which credential a request carries: a bearer token of a person, an API key, or a ticket in its query."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from tickwell.domain.api_key import KEY_PREFIX
from tickwell.domain.errors import UnauthenticatedError

KEY_HEADER = "X-API-Key"
TICKET_PARAMETER = "ticket"
_SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A token as it was sent; nothing of it has been looked at."""

    text: str


@dataclass(frozen=True, slots=True)
class KeyText:
    """An API key as it was sent; nothing of it has been looked at."""

    text: str


def credential_of(headers: Mapping[str, str]) -> BearerToken | KeyText:
    """The one credential in ``headers`` (names in lower case); what begins as an API key is one, in either header.

    Raises UnauthenticatedError for none, and for two: it would not be clear who calls.
    """
    bearer, key = headers.get("authorization"), headers.get(KEY_HEADER.lower())
    if bearer is not None and key is not None:
        raise UnauthenticatedError(f"send one credential: either Authorization or {KEY_HEADER}")
    if key is not None:
        return KeyText(key.strip())
    if bearer is None or bearer[: len(_SCHEME)].lower() != _SCHEME:
        raise UnauthenticatedError("a bearer token or an API key is required")
    text = bearer[len(_SCHEME) :].strip()
    return KeyText(text) if text.startswith(KEY_PREFIX) else BearerToken(text)


def ticket_of(query: str, headers: Mapping[str, str]) -> str | None:
    """The ticket in ``query``; None where there is none.

    Raises UnauthenticatedError for two, and for one beside another credential: it would not be clear who calls.
    """
    tickets = parse_qs(query, keep_blank_values=True).get(TICKET_PARAMETER)
    if tickets is None:
        return None
    if len(tickets) > 1 or "authorization" in headers or KEY_HEADER.lower() in headers:
        raise UnauthenticatedError("send one credential: either a ticket or a header")
    return tickets[0]

"""Tokens that are mailed, and what answers tell of who has an account."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.api_hosts import PASSWORD, Answer, Api
from tests.chaos.security.findings import LEAKED, Findings
from tests.integration.test_api_passwords import FORGOT, LOGIN, NEW, RESET, mails, token_of
from tickwell.domain.one_time import RESET_LIFE

KIND: Final = "mailed tokens"
ACCEPT: Final = "/api/v1/auth/invitations/accept"
INVITE: Final = "/api/v1/organization/invitations"
VICTIM, EVE, NOBODY, GUEST = (f"{name}@example.com" for name in ("victim", "eve", "nobody", "guest"))
_FLIPS: Final = 60


def attack_mailed(findings: Findings, api: Api, folder: Path, chance: random.Random) -> None:
    """Tokens to set a password and to join: changed, mixed, of others, used twice and too late."""
    api.user(VICTIM)
    eve = api.user(EVE)
    _told_of_accounts(findings, api)
    for email in (VICTIM, EVE):
        assert api.anonymous("POST", FORGOT, {"email": email}).status == 202
    assert eve("POST", INVITE, {"email": GUEST, "role": "viewer"}).status in {200, 201, 202}
    sent = {to: token_of(text) for to, text in mails(api, folder) if to in {VICTIM, EVE, GUEST}}
    forged = [*_forged(sent[VICTIM], sent[EVE], chance), *_forged(sent[GUEST], sent[EVE], chance)]
    for path, token in [(path, token) for token in forged for path in (RESET, ACCEPT)]:
        status = api.anonymous("POST", path, {"token": token, "password": NEW}).status
        findings.require(KIND, f"{token[:80]!r} at {path}: {status}", held=status in {401, 404, 422})
        findings.answered(KIND, path, status)
    for path, token in ((RESET, sent[GUEST]), (ACCEPT, sent[VICTIM])):
        status = api.anonymous("POST", path, {"token": token, "password": NEW}).status
        findings.require(KIND, f"one for something else at {path}: {status}", held=status == 422)
    findings.require(KIND, "the victim's password has changed", held=_login(api, VICTIM, PASSWORD).status == 200)
    statuses = [api.anonymous("POST", RESET, {"token": sent[EVE], "password": NEW}).status for _ in range(2)]
    findings.require(KIND, f"a good one, twice: {statuses}", held=statuses == [200, 422])
    api.world.clock.advance(RESET_LIFE)
    status = api.anonymous("POST", RESET, {"token": sent[VICTIM], "password": NEW}).status
    findings.require(KIND, f"too late: {status}", held=status == 422)
    findings.require(KIND, "the victim's password has changed", held=_login(api, VICTIM, PASSWORD).status == 200)


def _login(api: Api, email: str, password: str) -> Answer:
    return api.anonymous("POST", LOGIN, {"email": email, "password": password})


def _forged(token: str, other: str, chance: random.Random) -> Iterator[str]:
    """From ``token``, which is somebody else's, and from ``other``, which is one's own."""
    place, _, secret = token.rpartition(".")
    yield f"{place}.{other.rpartition('.')[2]}"
    yield f"{other.rpartition('.')[0]}.{secret[::-1]}"
    yield f"{place}.{'0' * 64}"
    yield f"{place}."
    yield f"{place}.{secret.upper()}" if secret.upper() != secret else place
    yield f"{place}.{secret}{secret}"
    yield f"{place.replace('.', '..')}.{secret}"
    yield f"{token}\0"
    yield f"{place}.*"
    yield token[:-1]
    yield token[4:]
    yield token.replace("_", "-")
    yield "a" * 500
    for _ in range(_FLIPS):
        at = chance.randrange(4, len(token))
        letter = chance.choice("0123456789abcdef")
        if letter != token[at]:
            yield token[:at] + letter + token[at + 1 :]


def _told_of_accounts(findings: Findings, api: Api) -> None:
    """Who has no account is answered as who has one and does not know its password."""
    for path, body in ((LOGIN, {"password": "Wrong-Horse-9"}), (FORGOT, {})):
        known, unknown = (_told(api.anonymous("POST", path, {"email": email, **body})) for email in (VICTIM, NOBODY))
        findings.require(KIND, f"{path} tells who has an account", held=known == unknown, what=LEAKED)


def _told(answer: Answer) -> tuple[int, dict[str, Any], set[str]]:
    told = {name: value for name, value in answer.json.items() if name not in {"request_id", "timestamp"}}
    return answer.status, told, set(answer.headers)

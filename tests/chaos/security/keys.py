"""API keys that somebody guessed, changed, mixed or kept, and comparisons whose time would tell of a near guess."""

import base64
import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from tests.access_walk import People
from tests.api_hosts import Api
from tests.chaos.security.findings import Findings
from tests.doubles import NOON
from tickwell.domain.account import Principal, Role, Scope
from tickwell.domain.api_key import ApiKey, key_digest, parse_key, spell_key
from tickwell.domain.one_time import OneTimeToken, Purpose

KIND: Final = "keys"
JOBS: Final = "/api/v1/jobs"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_FLIPS: Final = 150
_ALIKE: Final = str.maketrans("234567", "\u00b2\u00b3\u00b9\u00b9\u00b9\u00b9")
"""Digits that a header may have, for all that a key may have: one of twenty keys has no 2."""


def attack_keys(findings: Findings, api: Api, chance: random.Random) -> None:
    """All of them in both headers; the genuine one is let in before and after."""
    people = People(api=api)
    mine, theirs = people.key(*Scope), people.key(*Scope)
    attacks = [
        *_spellings(mine, chance),
        *_mixed(mine, theirs, chance),
        *_ended(api, people),
        *_of_the_store(api, mine),
    ]
    for key in (mine, theirs):
        findings.require(KIND, "a genuine one is refused", held=_status(api, {"X-API-Key": key}) == 200)
    for what, key in attacks:
        for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
            status = _status(api, headers)
            findings.require(KIND, f"{what}, {next(iter(headers))}: {status}", held=status == 401)
            findings.answered(KIND, what, status)
    for headers in (
        {"Authorization": mine},
        {"Authorization": f"Basic {mine}"},
        {"Authorization": f"Token {mine}"},
        {"Authorization": f"Bearer {mine},Bearer {mine}"},
        {"X-API-Key": f"{mine},{theirs}"},
        {"X-API-Key": mine, "Authorization": f"Bearer {theirs}"},
        {"X-API-Key": mine, "Authorization": ""},
        {"Cookie": f"api_key={mine}"},
        {"X_API_Key": mine},
        {"X-Api-Key-": mine},
    ):
        findings.require(KIND, f"in {list(headers)}", held=_status(api, headers) == 401)
    for place in (f"{JOBS}?api_key={mine}", f"{JOBS}?X-API-Key={mine}", f"{JOBS}?access_token={mine}"):
        findings.require(KIND, "in the query", held=api.anonymous("GET", place).status == 401)
    for key in (mine, theirs):
        findings.require(KIND, "a genuine one is refused", held=_status(api, {"X-API-Key": key}) == 200)
    _timing(findings)


def _status(api: Api, headers: dict[str, str]) -> int:
    return api.anonymous("GET", JOBS, headers=headers).status


Attack = tuple[str, str]


def _spellings(mine: str, chance: random.Random) -> Iterator[Attack]:
    for cut in sorted(chance.sample(range(len(mine)), 20)):
        yield f"cut at {cut}", mine[:cut]
    yield "longer", mine + "a"
    yield "twice", mine + mine
    yield "upper case", mine.upper()
    yield "upper letters", "tw_" + mine[3:].upper()
    yield "padded", mine + "===="
    yield "NUL behind", mine + "\0"
    yield "a blank inside", mine[:20] + " " + mine[20:]
    yield "another prefix", "tx_" + mine[3:]
    yield "no prefix", mine[3:]
    yield "wildcards", "tw_" + "%" * 96
    yield "all a", "tw_" + "a" * 96
    yield "huge", "tw_" + "a" * 1_000_000
    yield "not ASCII", mine[:-1] + "\u00e9"
    yield "digits that look alike", mine.translate(_ALIKE)
    for _ in range(_FLIPS):
        at = chance.randrange(3, len(mine))
        letter = chance.choice(_LETTERS)
        if letter != mine[at]:
            yield f"{letter} at {at}", mine[:at] + letter + mine[at + 1 :]


def _mixed(mine: str, theirs: str, chance: random.Random) -> Iterator[Attack]:
    """Well-formed keys with a checksum: of parts of good ones, and of guesses."""
    (my_tenant, my_id), (their_tenant, their_id) = parse_key(mine), parse_key(theirs)
    my_secret, their_secret = _secret(mine), _secret(theirs)
    yield "another's secret", spell_key(my_tenant, my_id, their_secret)
    yield "another's id", spell_key(my_tenant, their_id, my_secret)
    yield "another's tenant", spell_key(their_tenant, my_id, my_secret)
    yield "another's id and secret", spell_key(my_tenant, their_id, their_secret)
    yield "tenant and id exchanged", spell_key(my_id, my_tenant, my_secret)
    for octet in range(24):
        near = bytearray(my_secret)
        near[octet] ^= 1 << chance.randrange(8)
        yield f"one bit in octet {octet}", spell_key(my_tenant, my_id, bytes(near))
    for length in (1, 8, 23):
        yield f"the first {length} octets right", spell_key(my_tenant, my_id, my_secret[:length] + bytes(24 - length))
    for octet in (0, 255):
        yield f"secret of {octet}", spell_key(my_tenant, my_id, bytes([octet]) * 24)


def _secret(key: str) -> bytes:
    return base64.b32decode(key[3:].upper())[32:56]


def _of_the_store(api: Api, mine: str) -> Iterator[Attack]:
    """Who reads the store has the digest, and nothing that opens."""
    tenant_id, key_id = parse_key(mine)
    digest = api.world.api_keys.get(tenant_id, key_id).digest
    yield "the digest", digest
    yield "the digest as a key", f"tw_{digest}{digest[:32]}"
    yield "the digest as a secret", spell_key(tenant_id, key_id, bytes.fromhex(digest)[:24])
    yield "the id", key_id


def _ended(api: Api, people: People) -> Iterator[Attack]:
    keys, user = api.services.api_keys, people.user()
    owner = Principal(tenant_id=user.tenant_id, user_id=user.user_id, role=Role.OWNER)
    deleted = keys.create(owner, name="k", scopes=list(Scope), role=Role.OWNER)
    assert _status(api, {"X-API-Key": deleted.text}) == 200
    keys.delete(owner, deleted.key.key_id)
    yield "deleted", deleted.text
    orphan = replace(owner, user_id="gone")
    yield "its creator is gone", keys.create(orphan, name="k", scopes=list(Scope)).text
    short = people.key(*Scope, life=timedelta(seconds=1))
    api.world.clock.advance(1)
    yield "expired to the second", short


class _Watched(str):
    """A secret's digest that tells when it is compared as other texts are, which stops at the first difference."""

    __slots__ = ()
    compared: list[str] = []  # noqa: RUF012

    def __eq__(self, other: object) -> bool:
        self.compared.append("==")
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        self.compared.append("!=")
        return str.__ne__(self, other)

    __hash__ = str.__hash__


def _timing(findings: Findings) -> None:
    """What is compared with a secret is compared in constant time."""
    secret = "0" * 64
    people_key = ApiKey(
        tenant_id="t",
        key_id="k",
        user_id="u",
        name="n",
        role=Role.VIEWER,
        scopes=frozenset(),
        digest=_Watched(key_digest("right")),
        created_at=NOON,
    )
    once = OneTimeToken(purpose=Purpose.RESET, tenant_id="t", subject_id="s", secret=secret)
    for text, opens in (("right", True), ("wrong", False)):
        findings.require(KIND, f"a key opens with {text}", held=people_key.opens_with(text, NOON) is opens)
    good = _Watched(hashlib.sha256(once.text.encode()).hexdigest())
    findings.require(KIND, "a token of a mail", held=once.matches(good) and not once.matches(_Watched("0" * 64)))
    findings.require(KIND, f"compared by {_Watched.compared}", held=not _Watched.compared)

"""Bearer tokens that somebody made, changed or kept: none of them may speak for anybody."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import jwt

from tests.access_walk import People
from tests.api_hosts import PASSWORD, SIGNING_KEY, Api, Client
from tests.chaos.security.findings import Findings
from tickwell.domain.account import TOKEN_LIFE, Role

KIND: Final = "tokens"
_GOOD: Final[tuple[tuple[str, Any], ...]] = (("aud", ["tickwell-api"]), ("jti", "1"))
"""Changed claims that mean the same."""

ME: Final = "/api/v1/auth/me"
_FLIPS: Final = 150

Sign = Callable[[bytes], bytes]


def hs256(key: bytes) -> Sign:
    """HMAC with SHA-256, whatever the key looks like: libraries refuse public keys here."""
    return lambda signed: hmac.new(key, signed, hashlib.sha256).digest()


OURS: Final = hs256(SIGNING_KEY.encode())


def segment(part: Any) -> str:
    """One part of a token: bytes as they are, all else as JSON."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def crafted(header: Any, claims: Any, sign: Sign | bytes) -> str:
    """A token of any header and claims, signed, or with any bytes as its signature."""
    signed = f"{segment(header)}.{segment(claims)}"
    return f"{signed}.{segment(sign if isinstance(sign, bytes) else sign(signed.encode()))}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Genuine:
    """A good token, taken apart, and a stranger's tenant and user."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    stranger: Mapping[str, str]


def attack_tokens(findings: Findings, api: Api, chance: random.Random) -> None:
    """All of them at an operation that tells who one is; the genuine one is let in before and after."""
    people = People(api=api)
    user, other = people.user(), people.user()
    text = people.token(user)
    genuine = Genuine(
        text=text,
        header=jwt.get_unverified_header(text),
        claims=jwt.decode(text, options={"verify_signature": False}),
        stranger={"tenant": other.tenant_id, "sub": other.user_id},
    )
    attacks = [*misspelled(genuine, chance), *_claims(genuine, api), *ended(api)]
    client = Client(host=api.host, token=text)
    findings.require(KIND, "the genuine one is refused", held=client("GET", ME).status == 200)
    for what, token in attacks:
        answer = replace(client, token=token)("GET", ME)
        findings.require(KIND, f"{what}: {answer.status}", held=answer.status == 401)
        findings.answered(KIND, what, answer.status)
    findings.require(KIND, "the genuine one is refused", held=client("GET", ME).status == 200)


Attack = tuple[str, str]


def misspelled(genuine: Genuine, chance: random.Random) -> Iterator[Attack]:
    """What is not spelled and signed as ours are, whatever it says."""
    yield from _algorithms(genuine)
    yield from _headers(genuine)
    yield from _shapes(genuine)
    yield from _flipped(genuine, chance)


def _algorithms(genuine: Genuine) -> Iterator[Attack]:
    signature = genuine.text.rpartition(".")[2]
    odd: list[Any] = ["none", "None", "NONE", "nOnE", "none ", "", None, 0, True, [], ["HS256"], {}, "HS256 ", "hs256"]
    odd += ["HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA", "HS1", "HMACSHA256", "dir", "\u0048S256\0"]
    for algorithm in odd:
        header = {**genuine.header, "alg": algorithm}
        yield f"alg {algorithm!r}, no signature", crafted(header, genuine.claims, b"")
        yield f"alg {algorithm!r}, signed", crafted(header, genuine.claims, OURS)
        kept = crafted(header, genuine.claims, b"").rpartition(".")[0]
        yield f"alg {algorithm!r}, another's signature", f"{kept}.{signature}"
    for name, longer in (("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
        signed = crafted(
            {**genuine.header, "alg": name},
            genuine.claims,
            lambda text, longer=longer: hmac.new(SIGNING_KEY.encode(), text, longer).digest(),  # type: ignore[misc]
        )
        yield f"our key with {name}", signed
    keyless = {name: value for name, value in genuine.header.items() if name != "alg"}
    yield "no alg", crafted(keyless, genuine.claims, OURS)


def _headers(genuine: Genuine) -> Iterator[Attack]:
    kid = genuine.header["kid"]
    guesses = (b"", b"\0", b"secret", b"tickwell", kid.encode(), bytes(32), b"null", hashlib.sha256(b"").digest())
    for guess in guesses:
        yield f"signed with {guess[:20]!r}", crafted(genuine.header, genuine.claims, hs256(guess))
    odd: list[Any] = [None, "", 0, True, [], [kid], {}, {"a": kid}, kid.upper(), f"{kid} ", f" {kid}", f"{kid}\0"]
    odd += [
        "../../../../dev/null",
        "/dev/null",
        "file:///dev/null",
        "' OR '1'='1",
        "| id",
        "a" * 1000,
        "\u0130",
        kid[:-1],
    ]
    for other in odd:
        for how, sign in (("our key", OURS), ("an empty key", hs256(b"")), ("zeros", hs256(bytes(32)))):
            yield f"kid {str(other)[:30]!r}, {how}", crafted({**genuine.header, "kid": other}, genuine.claims, sign)
    mine = b"a key of the attacker's own, long enough for anything at all"
    jwk = {"kty": "oct", "k": segment(mine), "kid": kid, "alg": "HS256"}
    places: list[dict[str, Any]] = [
        {"jwk": jwk},
        {"jku": "http://127.0.0.1/keys"},
        {"x5u": "http://127.0.0.1/keys"},
        {"x5c": [segment(mine)]},
        {"jwks": {"keys": [jwk]}},
        {"key": segment(mine)},
        {"typ": "JWE", "enc": "A128GCM"},
        {"zip": "DEF"},
        {"cty": "JWT"},
    ]
    for place in places:
        header = {**genuine.header, **place}
        yield f"header {next(iter(place))}", crafted(header, genuine.claims, hs256(mine))
    yield "a header that must be understood", crafted({**genuine.header, "crit": ["x"], "x": 1}, genuine.claims, OURS)
    for broken in (b"", b"[]", b"null", b"1", b'"HS256"', b"{", b"\xff", b"[" * 700, b'{"a":' * 200):
        yield f"header {broken[:10]!r}", crafted(broken, genuine.claims, OURS)


def _claims(genuine: Genuine, api: Api) -> Iterator[Attack]:
    """What our own key signed, and must still not count."""
    now = int(api.world.clock.now().timestamp())
    life = int(TOKEN_LIFE.total_seconds())

    def signed(**changes: Any) -> str:
        return crafted(genuine.header, {**genuine.claims, **changes}, OURS)

    for name in genuine.claims:
        left = {other: value for other, value in genuine.claims.items() if other != name}
        yield f"without {name}", crafted(genuine.header, left, OURS)
        others: list[Any] = [None, "", [], {}, True, -1, 1.5, "1", [genuine.claims[name]]]
        for odd in others:
            if (name, odd) not in _GOOD:
                yield f"{name} {odd!r}", signed(**{name: odd})
    yield "ended now", signed(exp=now, iat=now - life, iat_ms=(now - life) * 1000)
    yield "ended long ago", signed(exp=1, iat=0, iat_ms=0)
    yield "issued in the future", signed(iat=now + 60, iat_ms=(now + 60) * 1000)
    yield "two instants of issue", signed(iat_ms=genuine.claims["iat_ms"] - 5000)
    for huge in (10**12, 10**18, 10**30, 10**300, 1e308, float("inf"), float("nan")):
        yield f"issued at {huge:g}", signed(iat=huge, iat_ms=huge)
    for name in ("tenant", "sub"):
        yield f"{name} of a stranger", signed(**{name: genuine.stranger[name]})
        for odd in ("*", "%", "operator", "a#b", "\0", "\ud800", "a" * 1000, "T#" + genuine.stranger["tenant"]):
            yield f"{name} {odd[:10]!a}", signed(**{name: odd})
    for generation in (1, -1, 2**63, 2**70):
        yield f"generation {generation}", signed(gen=generation)
    twice = json.dumps(dict(genuine.claims))[:-1] + f', "tenant": "{genuine.stranger["tenant"]}"}}'
    yield "tenant twice", crafted(genuine.header, twice.encode(), OURS)
    for claims in (b"", b"[]", b"null", b"{", b"\xff", b"[" * 700, b'"text"'):
        yield f"claims {claims[:10]!r}", crafted(genuine.header, claims, OURS)


def _shapes(genuine: Genuine) -> Iterator[Attack]:
    text = genuine.text
    header, claims, signature = text.split(".")
    yield "empty", ""
    yield "blank", "   "
    for cut in range(0, len(text), max(len(text) // 25, 1)):
        yield f"cut at {cut}", text[:cut]
    yield "no signature", f"{header}.{claims}."
    yield "two parts", f"{header}.{claims}"
    yield "four parts", f"{text}.{signature}"
    yield "five parts", f"{header}.{claims}.{signature}.a.b"
    yield "parts exchanged", f"{claims}.{header}.{signature}"
    yield "twice", f"{text},{text}"
    yield "in quotes", f'"{text}"'
    yield "scheme twice", f"Bearer {text}"
    yield "a line break", f"{header}.\n{claims}.{signature}"
    yield "dots", "." * 1000
    yield "huge", f"{header}.{'A' * 2_000_000}.{signature}"
    yield "huge signature", text + "A" * 5000
    yield "other letters", text.translate({ord("a"): "\u00e0"})
    yield "upper case", text.upper()


def _flipped(genuine: Genuine, chance: random.Random) -> Iterator[Attack]:
    """One character changed, so that the bytes are others."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for _ in range(_FLIPS):
        at = chance.randrange(len(genuine.text) - 1)  # the last one has bits that mean nothing
        letter = chance.choice(letters)
        if letter != genuine.text[at]:
            yield f"{letter} at {at}", genuine.text[:at] + letter + genuine.text[at + 1 :]


def ended(api: Api) -> Iterator[Attack]:
    """Tokens that were good, and are over."""
    people = People(api=api)
    left = people.client()
    assert left("POST", "/api/v1/auth/logout").status == 200
    yield "logged out", str(left.token)
    changed = api.user()
    new = {"old_password": PASSWORD, "new_password": f"{PASSWORD}-new"}
    answer = changed("PUT", "/api/v1/auth/password", new)
    assert answer.status == 200, answer.json
    yield "before the password changed", str(changed.token)
    owner = people.user()
    member = replace(people.user(Role.MEMBER), tenant_id=owner.tenant_id)
    token = people.token(member)
    yield "of nobody", token
    yield "of a long day", people.token(owner, issued=-TOKEN_LIFE)
    yield "of tomorrow", people.token(owner, issued=timedelta(days=1))

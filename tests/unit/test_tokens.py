"""Bearer tokens: what they say, and everything that makes them worthless."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import NOON, SeededIds
from tickwell.adapters.key_ring import KeyRing
from tickwell.adapters.tokens import JwtTokens
from tickwell.domain.account import TOKEN_LIFE, Role, User
from tickwell.domain.errors import UnauthenticatedError
from tickwell.domain.session import Bearer, Sessions

KEY = "k" * 48
ADA = User(
    tenant_id="tenant-1",
    user_id="user-1",
    email="ada@example.com",
    password_hash="$argon2id$secret",
    role=Role.ADMIN,
    created_at=NOON,
    updated_at=NOON,
    sessions=Sessions(generation=7),
)
EPOCH = int(NOON.timestamp())
GOOD: dict[str, Any] = {
    "iss": "tickwell",
    "aud": "tickwell-api",
    "sub": "user-1",
    "tenant": "tenant-1",
    "gen": 7,
    "iat": EPOCH,
    "iat_ms": EPOCH * 1000,
    "exp": EPOCH + 86400,
    "jti": "x",
}


def tokens(key: str = KEY, *earlier: str) -> JwtTokens:
    return JwtTokens(KeyRing(lambda: "\n".join((key, *earlier))), SeededIds())


def key_id() -> str:
    header = jwt.get_unverified_header(tokens().issue(ADA, now=NOON))
    return str(header["kid"])


def signed(claims: dict[str, Any], *, key: str = KEY, algorithm: str = "HS256", **header: Any) -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": key_id()} | header)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_speaks_for_its_user_until_its_life_is_over() -> None:
    token = tokens().issue(ADA, now=NOON)
    expected = Bearer(
        tenant_id="tenant-1",
        user_id="user-1",
        token_id=jwt.decode(token, options={"verify_signature": False})["jti"],
        generation=7,
        issued_at=NOON,
        expires_at=NOON + TOKEN_LIFE,
    )
    assert tokens().verify(token, now=NOON) == expected
    assert tokens().verify(token, now=NOON + TOKEN_LIFE - timedelta(milliseconds=1)) == expected


@pytest.mark.parametrize("now", [NOON + TOKEN_LIFE, NOON + timedelta(days=900), NOON - timedelta(milliseconds=1)])
def test_a_token_is_worthless_outside_its_life(now: datetime) -> None:
    token = tokens().issue(ADA, now=NOON)
    with pytest.raises(UnauthenticatedError):
        tokens().verify(token, now=now)


def test_a_token_issued_within_a_second_is_valid_at_once() -> None:
    now = NOON + timedelta(milliseconds=999)
    assert tokens().verify(tokens().issue(ADA, now=now), now=now).user_id == "user-1"


def test_the_claims_name_the_issuer_the_audience_and_no_secret() -> None:
    token = tokens().issue(ADA, now=NOON)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert set(claims) == set(GOOD)
    assert claims | {"jti": "x"} == GOOD
    assert jwt.get_unverified_header(token)["alg"] == "HS256"


def test_every_token_has_an_id_of_its_own() -> None:
    source = tokens()
    ids = {jwt.decode(source.issue(ADA, now=NOON), options={"verify_signature": False})["jti"] for _ in range(50)}
    assert len(ids) == 50


def test_the_hand_made_token_of_these_tests_is_valid() -> None:
    assert tokens().verify(signed(GOOD), now=NOON).user_id == "user-1"


@pytest.mark.parametrize("claim", sorted(GOOD))
def test_every_claim_is_needed(claim: str) -> None:
    claims = {name: value for name, value in GOOD.items() if name != claim}
    with pytest.raises(UnauthenticatedError):
        tokens().verify(signed(claims), now=NOON)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"aud": []},
        {"sub": ""},
        {"tenant": ""},
        {"tenant": 7},
        {"tenant": None},
        {"tenant": ["tenant-1"]},
        {"gen": "7"},
        {"gen": True},
        {"gen": None},
        {"jti": ""},
        {"iat_ms": EPOCH * 1000 - 1},
        {"iat_ms": str(EPOCH * 1000)},
        {"iat": EPOCH + 1},
        {"iat": str(EPOCH)},
        {"iat": None},
        {"exp": EPOCH},
        {"exp": str(EPOCH + 60)},
        {"exp": EPOCH + 60.5},
        {"exp": True},
        {"exp": float("inf")},
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UnauthenticatedError):
        tokens().verify(signed(GOOD | change), now=NOON)


FOREIGN = "f" * 48
UNSIGNED = f"{segment({'alg': 'none', 'kid': 'x'})}.{segment(GOOD)}."


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "é",
        "\ud800",
        "x" * 3000,
        UNSIGNED,
        f"{segment([])}.{segment(GOOD)}.AAAA",
        f"{segment({'alg': 'HS256'})}.{segment(GOOD)}.AAAA",
        f"{segment({'alg': 'HS256', 'kid': ['a']})}.{segment(GOOD)}.AAAA",
        f"{segment({'alg': 'HS256', 'kid': 7})}.{segment(GOOD)}.AAAA",
        base64.urlsafe_b64encode(b"[" * 1200).decode() + ".e30.AAAA",
    ],
    ids=lambda token: ascii(token)[:30],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        tokens().verify(token, now=NOON)


@pytest.mark.parametrize(
    ("key", "algorithm", "header"),
    [
        (FOREIGN, "HS256", {}),
        (KEY + KEY, "HS512", {}),
        (KEY, "HS384", {}),
        (KEY, "HS256", {"kid": "unknown"}),
        (KEY, "HS256", {"kid": ""}),
        (KEY, "HS256", {"crit": ["exp"]}),
    ],
)
def test_another_key_or_algorithm_is_refused(key: str, algorithm: str, header: dict[str, Any]) -> None:
    with pytest.raises(UnauthenticatedError):
        tokens().verify(signed(GOOD, key=key, algorithm=algorithm, **header), now=NOON)


@given(st.integers(min_value=0), st.characters(codec="ascii"))
def test_no_character_of_a_token_may_be_another(position: int, character: str) -> None:
    token = tokens().issue(ADA, now=NOON)
    place = position % (len(token) - 1)  # the last character holds two bits that say nothing
    if character != token[place]:
        with pytest.raises(UnauthenticatedError):
            tokens().verify(token[:place] + character + token[place + 1 :], now=NOON)


@given(st.text(max_size=300))
def test_any_text_is_refused_in_the_same_way(text: str) -> None:
    with pytest.raises(UnauthenticatedError, match="not a valid token"):
        tokens().verify(text, now=NOON)


def test_an_earlier_key_is_accepted_while_keys_are_exchanged() -> None:
    old_token = tokens().issue(ADA, now=NOON)
    exchanged = tokens("n" * 48, KEY)
    assert exchanged.verify(old_token, now=NOON).user_id == "user-1"
    new_token = exchanged.issue(ADA, now=NOON)
    assert exchanged.verify(new_token, now=NOON).user_id == "user-1"
    with pytest.raises(UnauthenticatedError):
        tokens().verify(new_token, now=NOON)


@pytest.mark.parametrize("keys", [("short",), ("k" * 31,), (KEY, "short")])
def test_a_short_key_is_refused_at_start(keys: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        tokens(*keys)


def test_a_token_that_was_accepted_before_ends_with_its_life_and_with_its_key() -> None:
    secret = [KEY]
    made = JwtTokens(KeyRing(lambda: secret[0]), SeededIds())
    token = made.issue(ADA, now=NOON)
    for now in (NOON, NOON + timedelta(seconds=1)):
        assert made.verify(token, now=now).user_id == "user-1"
    with pytest.raises(UnauthenticatedError):
        made.verify(token, now=NOON + TOKEN_LIFE)
    secret[0] = "o" * 48
    with pytest.raises(UnauthenticatedError):
        made.verify(token, now=NOON + timedelta(minutes=6))

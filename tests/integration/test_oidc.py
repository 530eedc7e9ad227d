"""Tokens of an OIDC issuer, which is a real HTTP server on loopback with keys of its own."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.api_hosts import Api, memory_world
from tests.oidc_issuer import EC, EPOCH, OTHER, RSA, Issuer, claims, listed, serving, token, trusting
from tickwell.settings.local import LocalSettings
from tickwell.settings.reading import SettingsError, load


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with serving() as made:
        yield made


@pytest.fixture
def api(issuer: Issuer, tmp_path: Path) -> Iterator[Api]:
    world = memory_world(tmp_path)
    made = trusting(world, issuer)
    made.user("ada@example.com")
    yield made
    world.close()


def status(api: Api, text: str) -> int:
    return replace(api.anonymous, token=text)("GET", "/api/v1/auth/me").status


@pytest.mark.parametrize(
    "change", [{}, {"aud": ["x", "app"]}, {"aud": None, "client_id": "app", "token_use": "access"}], ids=str
)
def test_a_good_token_counts_as_the_user_of_its_address(api: Api, issuer: Issuer, change: dict[str, Any]) -> None:
    assert status(api, token(issuer, **change)) == 200
    assert status(api, token(issuer, EC, "e", "ES256", **change)) == 200
    assert issuer.reads == 1


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "other"},
        {"aud": None},
        {"aud": ["other"]},
        {"aud": "other", "client_id": "app", "token_use": "access"},
        {"aud": None, "client_id": "app"},
        {"iss": "https://other.example.com"},
        {"exp": EPOCH},
        {"exp": None},
        {"exp": "never"},
        {"iat": EPOCH + 31},
        {"nbf": EPOCH + 31},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": None},
        {"email": 7},
        {"email": "nobody@example.com"},
    ],
    ids=str,
)
def test_a_wrong_claim_is_401(api: Api, issuer: Issuer, change: dict[str, Any]) -> None:
    assert status(api, token(issuer, **change)) == 401


def part(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_a_wrong_key_or_algorithm_is_401(api: Api, issuer: Issuer) -> None:
    assert status(api, token(issuer)) == 200
    assert status(api, token(issuer, OTHER)) == 401
    assert status(api, token(issuer, RSA, "e")) == 401
    assert status(api, token(issuer, RSA, "r", "RS512")) == 401
    assert status(api, f"{part({'alg': 'none', 'kid': 'r'})}.{part(claims(issuer))}.") == 401
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{part({'alg': 'HS256', 'kid': 'r'})}.{part(claims(issuer))}"
    confused = f"{signed}.{part(hmac.new(public, signed.encode(), hashlib.sha256).digest())}"
    assert status(api, confused) == 401


def test_keys_rotate_and_unknown_ids_cannot_make_us_read_often(api: Api, issuer: Issuer) -> None:
    assert status(api, token(issuer)) == 200
    issuer.keys = [listed(OTHER, "new")]
    assert status(api, token(issuer, OTHER, "new")) == 401
    assert issuer.reads == 1
    api.world.clock.advance(10)
    assert status(api, token(issuer, OTHER, "new")) == 200
    assert status(api, token(issuer)) == 401
    assert issuer.reads == 2


def test_logout_ends_the_token(api: Api, issuer: Issuer) -> None:
    text = token(issuer)
    assert replace(api.anonymous, token=text)("POST", "/api/v1/auth/logout").status == 200
    assert status(api, text) == 401


@pytest.mark.parametrize(
    "spoil", [{"status": 500}, {"status": 302}, {"padding": b" " * 70_000}, {"named": "x"}], ids=str
)
def test_without_keys_it_is_503_and_with_those_of_before_it_goes_on(
    api: Api, issuer: Issuer, spoil: dict[str, Any]
) -> None:
    sound = {name: getattr(issuer, name) for name in spoil}
    vars(issuer).update(spoil)
    assert status(api, token(issuer)) == 503
    vars(issuer).update(sound)
    api.world.clock.advance(10)
    assert status(api, token(issuer)) == 200
    vars(issuer).update(spoil)
    api.world.clock.advance(3600)
    assert status(api, token(issuer, exp=EPOCH + 9000)) == 200


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ISSUER": "https://id.example.com"}, "go together"),
        ({"AUDIENCE": "app"}, "go together"),
        ({"ISSUER": "http://id.example.com", "AUDIENCE": "app"}, "https://"),
    ],
)
def test_half_settings_stop_the_start(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"TICKWELL_OIDC_{name}", value)
    with pytest.raises(SettingsError, match=said):
        load(LocalSettings)


def test_without_the_package_the_start_fails_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickwell.settings.shared.find_spec", lambda _: None)
    monkeypatch.setenv("TICKWELL_OIDC_ISSUER", "https://id.example.com")
    monkeypatch.setenv("TICKWELL_OIDC_AUDIENCE", "app")
    with pytest.raises(SettingsError, match="cryptography"):
        load(LocalSettings)

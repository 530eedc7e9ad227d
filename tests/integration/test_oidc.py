"""Tokens of an OIDC issuer, which is a real HTTP server on loopback with keys of its own."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.api_hosts import Api, accounts_of, memory_world, new_api, services_of
from tests.doubles import NOON
from tickwell.bootstrap.oidc import foreign_tokens
from tickwell.settings.local import LocalSettings
from tickwell.settings.reading import SettingsError, load

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
EPOCH = int(NOON.timestamp())


def listed(key: Any, kid: str) -> dict[str, Any]:
    kind: Any = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": kid, "use": "sig"}


class Issuer:
    def __init__(self) -> None:
        self.keys = [listed(RSA, "r"), listed(EC, "e")]
        self.padding = b""
        self.status = 200
        self.named: str | None = None
        self.reads = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body: dict[str, Any] = {"issuer": issuer.named or issuer.url, "jwks_uri": issuer.url + "/jwks"}
                if self.path == "/jwks":
                    issuer.reads += 1
                    body = {"keys": issuer.keys}
                data = json.dumps(body).encode() + issuer.padding
                self.send_response(issuer.status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: Any) -> None:
                del args

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def api(issuer: Issuer, tmp_path: Path) -> Iterator[Api]:
    world = memory_world(tmp_path)
    settings = LocalSettings(oidc_issuer=issuer.url, oidc_audience="app", allow_private_hosts=("127.0.0.1",))
    authenticate = replace(accounts_of(world), foreign=foreign_tokens(settings)).authenticate()
    made = new_api("asgi", world, services=replace(services_of(world), authenticate=authenticate))
    made.user("ada@example.com")
    yield made
    world.close()


def claims(issuer: Issuer, **change: Any) -> dict[str, Any]:
    good = {"iss": issuer.url, "aud": "app", "iat": EPOCH, "exp": EPOCH + 3600, "email": "Ada@example.com"}
    return {k: v for k, v in (good | {"email_verified": True} | change).items() if v is not None}


def token(issuer: Issuer, key: Any = RSA, kid: str = "r", algorithm: str = "RS256", **change: Any) -> str:
    return jwt.encode(claims(issuer, **change), key, algorithm=algorithm, headers={"kid": kid})


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

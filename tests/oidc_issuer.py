"""An OIDC issuer: a real HTTP server on loopback with keys of its own, and an API that believes it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.api_hosts import Api, accounts_of, new_api, services_of
from tests.background_server import answering
from tests.doubles import NOON
from tests.world import World
from tickwell.bootstrap.oidc import foreign_tokens
from tickwell.settings.local import LocalSettings

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


@contextmanager
def serving() -> Iterator[Issuer]:
    """One that answers."""
    made = Issuer()
    with answering(made.server):
        yield made


def trusting(world: World, issuer: Issuer) -> Api:
    """An API on ``world`` that takes the tokens of ``issuer``."""
    settings = LocalSettings(oidc_issuer=issuer.url, oidc_audience="app", allow_private_hosts=("127.0.0.1",))
    authenticate = replace(accounts_of(world), foreign=foreign_tokens(settings)).authenticate()
    return new_api("asgi", world, services=replace(services_of(world), authenticate=authenticate))


def claims(issuer: Issuer, **change: Any) -> dict[str, Any]:
    good = {"iss": issuer.url, "aud": "app", "iat": EPOCH, "exp": EPOCH + 3600, "email": "Ada@example.com"}
    return {k: v for k, v in (good | {"email_verified": True} | change).items() if v is not None}


def token(issuer: Issuer, key: Any = RSA, kid: str = "r", algorithm: str = "RS256", **change: Any) -> str:
    return jwt.encode(claims(issuer, **change), key, algorithm=algorithm, headers={"kid": kid})

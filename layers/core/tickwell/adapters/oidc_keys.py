"""The public keys of an OIDC issuer, as its discovery document and its JWKS tell them."""

import asyncio
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tickwell.application.http_client import HttpClient, HttpRequest
from tickwell.domain.errors import AttemptFailedError, UnavailableError
from tickwell.domain.outbound import OutboundRules

_KEPT = timedelta(hours=1)
_PATIENCE = timedelta(seconds=10)
_TIMEOUT_SECONDS = 3.0
_LARGEST_BYTES = 64 * 1024
_MOST_KEYS = 32
_SHORTEST_RSA_BITS = 2048

_log = logging.getLogger("tickwell")


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicKey:
    """A key and the one algorithm that it is for: a token cannot choose another."""

    key: RSAPublicKey | EllipticCurvePublicKey
    algorithm: str


class OidcKeys:
    """The keys of ``issuer``, read over the guarded way out.

    They are read again after an hour, and for an id that is not among them, at most every ten seconds. When they
    cannot be read, that is logged and those of before stay. Safe for threads: one reads, the others wait.
    """

    def __init__(self, issuer: str, http: HttpClient, rules: OutboundRules) -> None:
        self._issuer = issuer
        self._http = http
        self._rules = rules
        self._lock = threading.Lock()
        self._keys: Mapping[str, PublicKey] = {}
        self._read_at: datetime | None = None

    def find(self, key_id: str, now: datetime) -> PublicKey | None:
        """The key of that id, None for one that the issuer does not name.

        Raises UnavailableError while no keys could be read at all.
        """
        self._renew(now, _KEPT if self._keys else _PATIENCE)
        if key_id not in self._keys:
            self._renew(now, _PATIENCE)
        if not self._keys:
            raise UnavailableError("OIDC issuer", "its keys cannot be read")
        return self._keys.get(key_id)

    def _renew(self, now: datetime, age: timedelta) -> None:
        """Read again what was read longer ago than ``age``, or in the future: clocks may be set back."""
        with self._lock:
            if self._read_at is not None and timedelta(0) <= now - self._read_at < age:
                return
            self._read_at = now
            try:
                self._keys = asyncio.run(self._read())
            except (AttemptFailedError, ValueError, RecursionError) as error:
                extra = {"action": "oidc_keys.unreadable", "error": type(error).__name__}
                _log.error("keys of the OIDC issuer not read; those of before stay", extra=extra)

    async def _read(self) -> Mapping[str, PublicKey]:
        document = await self._json(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if document.get("issuer") != self._issuer:
            raise ValueError("the discovery document is another issuer's")
        place = document.get("jwks_uri")
        if not isinstance(place, str):
            raise ValueError("no jwks_uri")  # noqa: TRY004 - what was sent is wrong, not how we call
        listed = (await self._json(place)).get("keys")
        if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
            raise ValueError("not a key set")
        found = dict(pair for entry in listed if (pair := _usable(entry)) is not None)
        if not found:
            raise ValueError("no usable key")
        return found

    async def _json(self, url: str) -> dict[str, Any]:
        if (fault := self._rules.tls_fault(url)) is not None:
            raise ValueError(fault)
        answer = await self._http.send(
            HttpRequest(
                method="GET",
                url=url,
                timeout_seconds=_TIMEOUT_SECONDS,
                max_body_bytes=_LARGEST_BYTES,
                follow_redirects=False,
            )
        )
        if answer.status_code != 200 or answer.truncated:
            raise ValueError("not an answer of at most 64 KiB")
        parsed = json.loads(answer.body)
        if not isinstance(parsed, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 - see above
        return parsed


def _usable(entry: object) -> tuple[str, PublicKey] | None:
    """A key for RS256 or ES256 with its id; None for any other: an issuer may list more than we take."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    key_id, algorithm = entry.get("kid"), {"RSA": "RS256", "EC": "ES256"}.get(str(entry.get("kty")))
    if not isinstance(key_id, str) or not key_id or algorithm is None or entry.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(entry, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    is_strong = isinstance(key, RSAPublicKey) and key.key_size >= _SHORTEST_RSA_BITS
    if is_strong or (isinstance(key, EllipticCurvePublicKey) and key.curve.name == "secp256r1"):
        return key_id, PublicKey(key=key, algorithm=algorithm)
    return None

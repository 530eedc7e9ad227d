"""Tokens of an OIDC issuer: what its keys did not sign, or not for us, or not for that address."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.access_walk import People
from tests.api_hosts import SIGNING_KEY, Api, memory_world
from tests.chaos.security.findings import Findings
from tests.chaos.security.tokens import ME, Attack, crafted, hs256
from tests.oidc_issuer import EC, EPOCH, OTHER, RSA, Issuer, claims, listed, serving, token, trusting

KIND: Final = "foreign tokens"
ADDRESS: Final = "kate@example.com"


def attack_foreign_tokens(findings: Findings, folder: Path) -> None:
    """All of them at an API that believes one issuer."""
    folder.mkdir(parents=True, exist_ok=True)
    world = memory_world(folder)
    try:
        with serving() as issuer:
            api = trusting(world, issuer)
            api.user(ADDRESS)
            api.user("ada@example.com")
            attacks = [*_keys(issuer), *_claims(issuer), *_ours(api, issuer)]
            for when in ("before", "after"):
                findings.require(KIND, f"a good one {when}", held=_status(api, token(issuer)) == 200)
                for what, text in attacks if when == "before" else ():
                    status = _status(api, text)
                    findings.require(KIND, f"{what}: {status}", held=status == 401)
                    findings.answered(KIND, what, status)
            findings.require(KIND, "its keys are read again and again", held=issuer.reads <= 2)
    finally:
        world.close()


def _signed(text: bytes) -> bytes:
    """By the issuer's own key, whatever it says: the library refuses to sign some claims."""
    return RSA.sign(text, PKCS1v15(), SHA256())


def _status(api: Api, text: str) -> int:
    return replace(api.anonymous, token=text)("GET", ME).status


def _keys(issuer: Issuer) -> Iterator[Attack]:
    good = claims(issuer)
    public = RSA.public_key()
    spellings = {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "PEM without its last line break": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
        "PKCS 1": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "JWK": json.dumps(listed(RSA, "r")).encode(),
        "modulus": public.public_numbers().n.to_bytes(256, "big"),
        "nothing": b"",
    }
    for name, secret in spellings.items():
        for algorithm in ("HS256", "RS256"):
            header = {"alg": algorithm, "kid": "r"}
            yield f"HMAC with the public key as {name}, {algorithm}", crafted(header, good, hs256(secret))
    kids: list[Any] = ["r", "e", "", None, [], {}, 0, "../r", "x" * 1000]
    for named in ("none", "None", "", None, "RS256", "ES256", "HS256"):
        for kid in kids:
            yield f"unsigned, {named}, kid {str(kid)[:9]!r}", crafted({"alg": named, "kid": kid}, good, b"")
    yield "a key that is not listed", token(issuer, OTHER)
    yield "a key that is not listed, of its own id", token(issuer, OTHER, "other")
    yield "the key of another id", token(issuer, RSA, "e")
    yield "the other key of that id", token(issuer, EC, "r", "ES256")
    for algorithm in ("RS384", "RS512", "PS256"):
        yield algorithm, token(issuer, RSA, "r", algorithm)
    yield "another curve", token(issuer, ec.generate_private_key(ec.SECP384R1()), "e", "ES384")
    mine = listed(OTHER, "mine")
    for place in ({"jwk": mine}, {"jku": "http://127.0.0.1:9/jwks"}, {"x5u": "http://127.0.0.1:9/"}, {"crit": ["x"]}):
        signed = jwt.encode(good, OTHER, algorithm="RS256", headers={"kid": "r", **place})
        yield f"header {next(iter(place))}", signed
    for null in (bytes(64), bytes(256), b"\xff" * 64, b"0\x06\x02\x01\x00\x02\x01\x00"):
        yield "a signature of zeros", crafted({"alg": "ES256", "kid": "e"}, good, null)
        yield "a signature of zeros", crafted({"alg": "RS256", "kid": "r"}, good, null)


def _claims(issuer: Issuer) -> Iterator[Attack]:
    changes: list[dict[str, Any]] = [
        {"iss": f"{issuer.url}/"},
        {"iss": issuer.url.upper()},
        {"iss": [issuer.url]},
        {"iss": "tickwell"},
        {"aud": "app "},
        {"aud": "APP"},
        {"aud": ["x", "ap"]},
        {"aud": {"app": 1}},
        {"aud": [["app"]]},
        {"aud": "xappx"},
        {"aud": "tickwell-api"},
        {"exp": EPOCH},
        {"exp": EPOCH - 1, "iat": EPOCH - 3600},
        {"exp": "9999999999"},
        {"exp": True},
        {"iat": EPOCH + 31},
        {"nbf": EPOCH + 3600},
        {"iat": -(10**300)},
        {"exp": 1e300, "iat": 1e300},
        {"email_verified": "true"},
        {"email_verified": 1},
        {"email_verified": []},
        {"email": [ADDRESS]},
        {"email": "\u212aate@example.com"},  # the Kelvin sign, whose lower case is a k
        {"email": "kate@example.com\0"},
        {"email": "kate@\u0435xample.com"},
        {"email": "kate@example.com,ada@example.com"},
        {"email": "<kate@example.com>"},
        {"email": "kate@EXAMPLE\u3002com"},
        {"email": "k" * 10_000},
        {"email": ""},
    ]
    for change in changes:
        yield f"{ascii(change)[:60]}", crafted({"alg": "RS256", "kid": "r"}, claims(issuer, **change), _signed)
    yield "the sub instead of the address", token(issuer, email=None, sub=ADDRESS)


def _ours(api: Api, issuer: Issuer) -> Iterator[Attack]:
    """Mixtures of the issuer's tokens and our own."""
    people = People(api=api)
    user = people.user()
    own = people.token(user)
    header = jwt.get_unverified_header(own)
    mine = jwt.decode(own, options={"verify_signature": False})
    yield "our claims, its key", jwt.encode(mine, RSA, algorithm="RS256", headers={"kid": "r"})
    yield "our claims, its key, our id", jwt.encode(mine, RSA, algorithm="RS256", headers={"kid": header["kid"]})
    yield "its claims, our key", crafted(header, claims(issuer), hs256(SIGNING_KEY.encode()))
    yield "our claims with its name, our key", crafted(header, {**mine, "iss": issuer.url}, hs256(SIGNING_KEY.encode()))
    both = {**claims(issuer), **mine, "iss": issuer.url}
    yield "both claims, our key", crafted({**header, "kid": "r"}, both, hs256(SIGNING_KEY.encode()))

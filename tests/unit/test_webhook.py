"""Webhook endpoints, and signatures that any verifier of the Standard Webhooks scheme accepts."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.doubles import NOON
from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.outcome_event import EventType
from tickwell.domain.webhook import (
    MOST_ENDPOINTS,
    WebhookEndpoint,
    Webhooks,
    is_signed,
    is_signing_secret,
    new_secret,
    signature_headers,
    signed_with,
)

ENDPOINT = WebhookEndpoint(
    endpoint_id="hook-1",
    url="https://example.com/",
    events=(EventType.FAILED,),
    secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    created_at=NOON,
)


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As the guide tells receivers to do it."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, each) for each in headers["webhook-signature"].split())


def test_the_signature_is_that_of_the_schemes_own_example() -> None:
    at = datetime.fromtimestamp(1614265330, tz=UTC)
    headers = dict(signature_headers(ENDPOINT, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', at))
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_after_a_rotation_both_secrets_verify_for_a_day_and_then_the_new_one() -> None:
    secret = new_secret(bytes(range(32)))
    rotated = ENDPOINT.rotated(secret, NOON)
    for at, old_holds in ((NOON + timedelta(hours=23), True), (NOON + timedelta(hours=24), False)):
        headers = dict(signature_headers(rotated, "failed-1", b"{}", at))
        assert verified(secret, headers, b"{}")
        assert verified(ENDPOINT.secret, headers, b"{}") is old_holds


@pytest.mark.parametrize("size", [0, 23, 65])
def test_a_secret_has_the_size_that_the_scheme_wants(size: int) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        new_secret(bytes(size))


@pytest.mark.parametrize(
    ("secret", "sound"),
    [
        (ENDPOINT.secret, True),
        ("whsec_" + base64.b64encode(bytes(24)).decode(), True),
        ("whsec_" + base64.b64encode(bytes(64)).decode(), True),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), False),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), False),
        (base64.b64encode(bytes(24)).decode(), False),
        ("whsec_" + "!" * 32, False),
        ("whsec_" + "ä" * 32, False),
        (ENDPOINT.secret + "\n", False),
        ("whsec_" + "A" * 33, False),
        ("whsec_", False),
        ("", False),
    ],
)
def test_what_is_a_signing_secret(secret: str, sound: bool) -> None:
    assert is_signing_secret(secret) is sound


def test_an_endpoint_wants_what_it_asked_for_unless_it_is_gone() -> None:
    assert ENDPOINT.wants(EventType.FAILED)
    assert not ENDPOINT.wants(EventType.PAUSED)
    assert not replace(ENDPOINT, disabled_at=NOON).wants(EventType.FAILED)


def test_a_tenant_has_at_most_ten_endpoints() -> None:
    webhooks = Webhooks(tenant_id="t")
    for number in range(MOST_ENDPOINTS):
        webhooks = webhooks.adding(replace(ENDPOINT, endpoint_id=str(number)))
    with pytest.raises(ConflictError, match="10"):
        webhooks.adding(ENDPOINT)
    assert len(webhooks.without("3").adding(ENDPOINT).endpoints) == MOST_ENDPOINTS


def test_an_unknown_endpoint_is_not_found() -> None:
    for act in (Webhooks.get, Webhooks.without):
        with pytest.raises(NotFoundError):
            act(Webhooks(tenant_id="t"), "hook-1")


OTHER_SECRET = new_secret(bytes(range(24)))


def test_what_is_signed_with_one_of_two_secrets_is_known_by_either() -> None:
    secrets = [ENDPOINT.secret, OTHER_SECRET]
    headers = dict(signed_with(secrets, "m-1", b"{}", NOON))
    assert len(headers["webhook-signature"].split()) == 2
    for secret in secrets:
        assert verified(secret, headers, b"{}")
        assert is_signed([secret], headers, b"{}", NOON)
        assert is_signed(secrets, dict(signed_with([secret], "m-1", b"{}", NOON)), b"{}", NOON)


@pytest.mark.parametrize(
    ("changes", "body", "seconds"),
    [
        ({"webhook-id": "m-2"}, b"{}", 0),
        ({"webhook-id": ""}, b"{}", 0),
        ({"webhook-timestamp": "1"}, b"{}", 0),
        ({"webhook-timestamp": "\u0661"}, b"{}", 0),
        ({"webhook-timestamp": "-1"}, b"{}", 0),
        ({"webhook-signature": ""}, b"{}", 0),
        ({"webhook-signature": "v1,"}, b"{}", 0),
        ({"webhook-signature": "v1,\u00e4"}, b"{}", 0),
        ({}, b"{ }", 0),
        ({}, b"{}", 301),
        ({}, b"{}", -301),
    ],
)
def test_what_is_changed_or_old_is_not_signed(changes: dict[str, str], body: bytes, seconds: int) -> None:
    headers = dict(signed_with([ENDPOINT.secret], "m-1", b"{}", NOON))
    assert is_signed([ENDPOINT.secret], headers, b"{}", NOON + timedelta(seconds=300))
    assert not is_signed([ENDPOINT.secret], headers | changes, body, NOON + timedelta(seconds=seconds))
    assert not is_signed([OTHER_SECRET], headers, b"{}", NOON)


@pytest.mark.parametrize("secret", ["no secret of the scheme!", "whsec_ä", ENDPOINT.secret[6:]])
def test_nothing_is_checked_against_a_secret_that_is_none_of_the_scheme(secret: str) -> None:
    headers = dict(signed_with([ENDPOINT.secret], "m-1", b"{}", NOON))
    with pytest.raises(ValueError, match="whsec_"):
        is_signed([secret], headers, b"{}", NOON)
    assert is_signed([ENDPOINT.secret, secret], headers, b"{}", NOON)

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
    is_signing_secret,
    new_secret,
    signature_headers,
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

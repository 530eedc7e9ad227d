"""What ``send_email`` accepts."""

from typing import Any

import pytest

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.retry import RetryStrategy
from tickwell.tasks.send_email import SEND_EMAIL

GOOD: dict[str, Any] = {"to": "ada@example.com", "subject": "Hello", "body": "Text"}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"to": ["ada@example.com", "bob@example.com"]},
        {"to": [f"a{n}@example.com" for n in range(50)]},
        {"subject": "ä — 日本語"},
        {"body": "two\nlines\r\n"},
        {"html": "<p>Hello</p>"},
        {"html": None, "reply_to": None},
        {"reply_to": "bob@example.com"},
    ],
)
def test_sound_payloads_are_accepted(change: dict[str, Any]) -> None:
    SEND_EMAIL.parse({**GOOD, **change})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": None}, "to"),
        ({"to": []}, "to"),
        ({"to": ""}, "to.0"),
        ({"to": "ada"}, "to.0"),
        ({"to": "ada@localhost"}, "to.0"),
        ({"to": "ada.@example.com"}, "to.0"),
        ({"to": "Ada <ada@example.com>"}, "to.0"),
        ({"to": "ada@example.com, bob@example.com"}, "to.0"),
        ({"to": "ada@example.com\nBcc: eve@example.com"}, "to.0"),
        ({"to": "ada@example.com\n"}, "to.0"),
        ({"to": ["ada@example.com", "bob@example.com\r"]}, "to.1"),
        ({"to": ["ada@example.com", 3]}, "to.1"),
        ({"to": [f"a{n}@example.com" for n in range(51)]}, "to"),
        ({"to": "a" * 300 + "@example.com"}, "to.0"),
        ({"subject": ""}, "subject"),
        ({"subject": "Hello\r\nBcc: eve@example.com"}, "subject"),
        ({"subject": "Hello\nthere"}, "subject"),
        ({"subject": "Hello\u2028there"}, "subject"),
        ({"subject": "Hello\x85there"}, "subject"),
        ({"subject": "x" * 501}, "subject"),
        ({"subject": "\ud800"}, "subject"),
        ({"body": ""}, "body"),
        ({"body": "a\x00b"}, "body"),
        ({"body": "\udfff"}, "body"),
        ({"body": ["x"]}, "body"),
        ({"html": "\x00"}, "html"),
        ({"reply_to": "bob@example.com\r\nX: y"}, "reply_to"),
        ({"reply_to": "bob"}, "reply_to"),
        ({"from": "eve@example.com"}, "from"),
        ({"bcc": "eve@example.com"}, "bcc"),
    ],
)
def test_bad_payloads_are_refused_with_their_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        SEND_EMAIL.parse({**GOOD, **change})
    assert caught.value.field == f"payload.{field}"


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_recipient_subject_and_body_are_required(missing: str) -> None:
    with pytest.raises(InvalidInputError, match="is required") as caught:
        SEND_EMAIL.parse({name: value for name, value in GOOD.items() if name != missing})
    assert caught.value.field == f"payload.{missing}"


def test_mail_is_retried_quickly_at_first() -> None:
    policy = SEND_EMAIL.policy
    assert (policy.max_retries, policy.retry.strategy) == (3, RetryStrategy.EXPONENTIAL)
    assert (policy.retry.delay_seconds, policy.retry.max_delay_seconds, policy.retry.jitter) == (2.0, 300.0, 0.2)

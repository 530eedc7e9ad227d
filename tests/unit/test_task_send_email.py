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
        {"reply_to": ["bob@example.com", "eve@example.com"]},
        {"cc": "bob@example.com", "bcc": ["eve@example.com"]},
        {"cc": [], "bcc": [], "attachments": []},
        {"cc": [f"a{n}@example.com" for n in range(49)]},
        {"attachments": [{"file": "reports/may.pdf"}] * 20},
        {"attachments": [{"file": "a", "filename": "Grüße 1.pdf", "content_type": "application/pdf"}]},
        {"attachments": [{"file": "a.png", "inline_id": "logo@1"}], "html": "<img src='cid:logo@1'>"},
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
        ({"reply_to": "bob@example.com\r\nX: y"}, "reply_to.0"),
        ({"reply_to": "bob"}, "reply_to.0"),
        ({"reply_to": ["bob@example.com"] * 11}, "reply_to"),
        ({"cc": "bob@example.com\r\nBcc: eve@example.com"}, "cc.0"),
        ({"bcc": ["eve@example.com", "eve"]}, "bcc.1"),
        ({"cc": [f"a{n}@example.com" for n in range(50)]}, "cc"),
        ({"cc": [f"a{n}@example.com" for n in range(30)], "bcc": [f"b{n}@example.com" for n in range(20)]}, "bcc"),
        ({"attachments": [{"file": "a"}] * 21}, "attachments"),
        ({"attachments": [{}]}, "attachments.0.file"),
        ({"attachments": [{"file": "../a"}]}, "attachments.0.file"),
        ({"attachments": [{"file": "a", "filename": "a\r\nX: y"}]}, "attachments.0.filename"),
        ({"attachments": [{"file": "a", "filename": 'a"b'}]}, "attachments.0.filename"),
        ({"attachments": [{"file": "a", "filename": "=?utf-8?q?a?="}]}, "attachments.0.filename"),
        ({"attachments": [{"file": "a", "filename": "x" * 151}]}, "attachments.0.filename"),
        ({"attachments": [{"file": "a", "content_type": "pdf"}]}, "attachments.0.content_type"),
        ({"attachments": [{"file": "a", "content_type": "message/rfc822"}]}, "attachments.0.content_type"),
        ({"attachments": [{"file": "a", "content_type": "text/plain; charset=utf-8"}]}, "attachments.0.content_type"),
        ({"attachments": [{"file": "a", "inline_id": "<a>"}], "html": "x"}, "attachments.0.inline_id"),
        ({"attachments": [{"file": "a", "inline_id": "a"}]}, "attachments"),
        ({"attachments": [{"file": "a", "inline_id": "a"}] * 2, "html": "x"}, "attachments"),
        ({"attachments": [{"file": "a", "data": "x"}]}, "attachments.0.data"),
        ({"from": "eve@example.com"}, "from"),
        ({"sender": "eve@example.com"}, "sender"),
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

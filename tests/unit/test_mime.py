"""Mail as bytes: whatever a mail holds, no header comes out that was not meant."""

import dataclasses
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.doubles import NOON
from tickwell.adapters.mime import mime_mail
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.mail import Mail

MAIL = Mail(
    message_id="id@tickwell.example",
    sender="jobs@tickwell.example",
    to=("ada@example.com",),
    subject="Hello",
    text="Hello",
)
HEADERS = {
    "Message-ID",
    "Date",
    "From",
    "To",
    "Subject",
    "Auto-Submitted",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
}


def parsed(mail: Mail) -> EmailMessage:
    message = message_from_bytes(mime_mail(mail, date=NOON).octets, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


ENCODED_WORDS = st.builds(
    "=?utf-8?{}?{}?=".format, st.sampled_from("qb"), st.text("=0DA_SGVsbGNCkJjYzogeEB5 :abc", max_size=30)
)


@given(st.text() | ENCODED_WORDS | st.text("=?utf8-qbQB0DA :\t", max_size=60))
@example("=?utf-8?q?a=0D=0ABcc:x@y?=")
@example("=?utf-8?b?SGVsbG8NCkJjYzogeEB5?=")
@example("a" * 2000)
def test_no_subject_adds_a_header(subject: str) -> None:
    try:
        message = parsed(dataclasses.replace(MAIL, subject=subject))
    except AttemptFailedError:
        return
    assert set(message.keys()) == HEADERS
    assert len(message.keys()) == len(HEADERS)
    assert message["To"] == "ada@example.com"
    assert message.get_content().rstrip("\r\n") == "Hello"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r")))
@example("a" * 5000)
@example(".\n..\n")
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    content: str = parsed(dataclasses.replace(MAIL, text=text)).get_content()
    assert content.replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize(
    ("sender", "shown", "envelope"),
    [
        ("jobs@tickwell.example", "jobs@tickwell.example", "jobs@tickwell.example"),
        ("jobs@localhost", "jobs@localhost", "jobs@localhost"),
        ("<jobs@tickwell.example>", "jobs@tickwell.example", "jobs@tickwell.example"),
        ("Tickwell <jobs@t.example>", "Tickwell <jobs@t.example>", "jobs@t.example"),
        ("Zeit & Uhr <jobs@t.example>", "Zeit & Uhr <jobs@t.example>", "jobs@t.example"),
        ('"Ticks, Well" <jobs@t.example>', '"Ticks, Well" <jobs@t.example>', "jobs@t.example"),
        ("Bücher <jobs@t.example>", "Bücher <jobs@t.example>", "jobs@t.example"),
        ("o'neil+tag@t.example", "o'neil+tag@t.example", "o'neil+tag@t.example"),
    ],
)
def test_an_address_may_have_a_name(sender: str, shown: str, envelope: str) -> None:
    mail = dataclasses.replace(MAIL, sender=sender)
    assert parsed(mail)["From"] == shown
    assert mime_mail(mail, date=NOON).sender == envelope


@pytest.mark.parametrize(
    "address",
    [
        *("", "ada", "@example.com", "ada@", "a b@example.com", "a@b@c", "a@b, c@d", "Ada <a@b> x", "<a@b", "a@b>"),
        *("a;b@c", ".a@b.c", "a.@b.c", "a..b@c.d", "Ada <.a@b.c>"),
    ],
)
def test_what_is_no_address_is_rejected(address: str) -> None:
    with pytest.raises(AttemptFailedError, match="sender is not an e-mail address"):
        mime_mail(dataclasses.replace(MAIL, sender=address), date=NOON)

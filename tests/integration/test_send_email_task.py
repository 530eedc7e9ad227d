"""``send_email`` with the real mailers and blob store of the embedded engine."""

import asyncio
import json
import shutil
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import FakeClock
from tests.task_contexts import JOB_ID, task_context
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.embedded.outbox import OutboxMailer
from tickwell.adapters.embedded.smtp import SmtpMailer, SmtpSecurity
from tickwell.application.ports import Mailer, SentMail
from tickwell.application.read_history import sent_mail_blob
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.mail import Mail
from tickwell.domain.task_file import file_blob
from tickwell.tasks.registry import built_in_tasks

GOOD: dict[str, Any] = {"to": "ada@example.com", "subject": "Grüße", "body": "Line one\nLine two — ä"}


def send(context: TaskContext, **changes: Any) -> Any:
    return asyncio.run(built_in_tasks().execute("send_email", {**GOOD, **changes}, context))


def outbox(folder: Path) -> list[EmailMessage]:
    files = sorted((folder / "outbox").glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), EmailMessage, policy=policy.default) for file in files]


def context_in(
    folder: Path, *, attempt: int = 1, mailer: Mailer | None = None, sender: str = "tickwell@example.org"
) -> TaskContext:
    return task_context(
        mailer=mailer or OutboxMailer(folder / "outbox", FakeClock()),
        blobs=FileBlobs(folder / "blobs"),
        attempt=attempt,
        sender_address=sender,
    )


def put(folder: Path, name: str, data: bytes, content_type: str) -> None:
    FileBlobs(folder / "blobs").put(file_blob("t1", name), data, content_type=content_type)


def kept(folder: Path, context: TaskContext) -> Any:
    return json.loads(FileBlobs(folder / "blobs").get(sent_mail_blob(context.tenant_id, context.execution_id)))


def test_the_mail_goes_out_as_asked(tmp_path: Path) -> None:
    changes = {"to": ["ada@example.com", "bob@example.com"], "html": "<p>ä</p>", "reply_to": "eve@example.com"}
    send(context_in(tmp_path), **changes)
    (mail,) = outbox(tmp_path)
    assert (mail["From"], mail["To"]) == ("tickwell@example.org", "ada@example.com, bob@example.com")
    assert (mail["Subject"], mail["Reply-To"]) == ("Grüße", "eve@example.com")
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["Line one", "Line two — ä"]
    assert html.get_content().strip() == "<p>ä</p>"


def test_the_output_says_what_was_sent_and_where_to_look_at_it(tmp_path: Path) -> None:
    context = context_in(tmp_path)
    assert send(context) == {
        "message_id": f"{context.idempotency_key}@example.org",
        "preview_url": f"/api/v1/executions/{context.execution_id}/email",
        "to": ["ada@example.com"],
        "via": "outbox",
    }
    assert [line.message for line in context.logbook.entries()] == ["the mail was accepted"]


def test_every_attempt_at_an_occurrence_has_the_same_message_id(tmp_path: Path) -> None:
    outputs = [send(context_in(tmp_path, attempt=attempt)) for attempt in (1, 2)]
    assert outputs[0]["message_id"] == outputs[1]["message_id"]
    assert outputs[0]["message_id"].startswith(JOB_ID)
    (mail,) = outbox(tmp_path)
    assert mail["Message-ID"] == f"<{outputs[0]['message_id']}>"


@pytest.mark.parametrize("sender", ["tickwell@example.org", "Tickwell <tickwell@example.org>"])
def test_the_message_id_is_of_the_senders_domain(tmp_path: Path, sender: str) -> None:
    assert send(context_in(tmp_path, sender=sender))["message_id"].endswith("@example.org")


def test_the_mail_is_kept_as_it_was_sent(tmp_path: Path) -> None:
    context = context_in(tmp_path)
    output = send(context, html="<p>ä</p>")
    assert kept(tmp_path, context) == {
        "message_id": output["message_id"],
        "from": "tickwell@example.org",
        "to": ["ada@example.com"],
        "cc": [],
        "bcc": [],
        "subject": "Grüße",
        "text": "Line one\nLine two — ä",
        "html": "<p>ä</p>",
        "reply_to": [],
        "attachments": [],
        "via": "outbox",
    }


def test_a_recipient_that_is_named_twice_gets_one_mail(tmp_path: Path) -> None:
    assert send(context_in(tmp_path), to=["ada@example.com", "bob@example.com", "ada@example.com"])["to"] == [
        "ada@example.com",
        "bob@example.com",
    ]


def test_copies_answers_and_attachments_go_with_the_mail(tmp_path: Path) -> None:
    context = context_in(tmp_path)
    put(tmp_path, "reports/may.csv", b"a,b\n", "text/csv")
    put(tmp_path, "logo", b"\x89PNG", "image/png")
    send(
        context,
        cc=["bob@example.com", "ada@example.com"],
        bcc="eve@example.com",
        reply_to=["one@example.com", "two@example.com"],
        html='<img src="cid:logo">',
        attachments=[{"file": "reports/may.csv"}, {"file": "logo", "filename": "Lögo.png", "inline_id": "logo"}],
    )
    (mail,) = outbox(tmp_path)
    assert (mail["To"], mail["Cc"], mail["Bcc"]) == ("ada@example.com", "bob@example.com", None)
    assert mail["Reply-To"] == "one@example.com, two@example.com"
    parts = {each.get_filename(): each.get_payload(decode=True) for each in mail.walk() if each.get_filename()}
    assert parts == {"may.csv": b"a,b\n", "Lögo.png": b"\x89PNG"}
    shown = kept(tmp_path, context)
    assert (shown["cc"], shown["bcc"]) == (["bob@example.com"], ["eve@example.com"])
    assert [(each["filename"], each["size_bytes"], each["inline_id"]) for each in shown["attachments"]] == [
        ("may.csv", 4, None),
        ("Lögo.png", 4, "logo"),
    ]
    assert shown["attachments"][0]["content_type"] == "text/csv"


@pytest.mark.parametrize(
    ("files", "code", "retryable"),
    [
        ({}, "FILE_NOT_FOUND", False),
        ({"a": 7 * 1024 * 1024 + 1}, "ATTACHMENTS_TOO_LARGE", False),
        ({"a": 4 * 1024 * 1024, "b": 4 * 1024 * 1024}, "ATTACHMENTS_TOO_LARGE", False),
    ],
)
def test_a_mail_whose_attachments_cannot_go_with_it_does_not_go(
    tmp_path: Path, files: dict[str, int], code: str, retryable: bool
) -> None:
    for name, size in files.items():
        put(tmp_path, name, bytes(size), "application/octet-stream")
    with pytest.raises(AttemptFailedError) as caught:
        send(context_in(tmp_path), attachments=[{"file": name} for name in files or {"a": 0}])
    assert (caught.value.error_code, caught.value.retryable) == (code, retryable)
    assert outbox(tmp_path) == []


class Unread(FileBlobs):
    """A store from which nothing may be read."""

    def get(self, name: str) -> bytes:
        """Too large for the memory."""
        raise AssertionError(f"an unexpected read of {name}")


def test_what_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    put(tmp_path, "a", bytes(7 * 1024 * 1024 + 1), "application/octet-stream")
    with pytest.raises(AttemptFailedError) as caught:
        send(task_context(blobs=Unread(tmp_path / "blobs")), attachments=[{"file": "a"}])
    assert caught.value.error_code == "ATTACHMENTS_TOO_LARGE"


def test_a_store_of_files_that_cannot_be_reached_is_asked_again(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the folder should be")
    with pytest.raises(AttemptFailedError) as caught:
        send(context_in(tmp_path), attachments=[{"file": "a"}])
    assert (caught.value.error_code, caught.value.retryable) == ("FILES_UNAVAILABLE", True)


class LooksFirst:
    """A mailer that reads, at the moment of sending, what has been kept; and sends under an id of the service's own."""

    def __init__(self, folder: Path) -> None:
        self._blobs = FileBlobs(folder / "blobs")
        self.kept: Any = None

    def send(self, mail: Mail) -> SentMail:
        """Look."""
        execution_id = f"{mail.message_id.partition('@')[0]}-1"
        self.kept = json.loads(self._blobs.get(sent_mail_blob("t1", execution_id)))
        return SentMail(message_id="given-by-the-service@mail.example", via="ses")


def test_the_mail_is_kept_before_it_is_sent_and_completed_afterwards(tmp_path: Path) -> None:
    mailer = LooksFirst(tmp_path)
    context = context_in(tmp_path, mailer=mailer)
    output = send(context)
    assert (mailer.kept["subject"], mailer.kept["via"]) == ("Grüße", None)
    assert output["message_id"] == kept(tmp_path, context)["message_id"] == "given-by-the-service@mail.example"
    assert kept(tmp_path, context)["via"] == "ses"


def test_nothing_is_sent_when_the_mail_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the folder should be")
    with pytest.raises(AttemptFailedError) as caught:
        send(context_in(tmp_path))
    assert (caught.value.error_code, caught.value.retryable) == ("BLOBS_UNAVAILABLE", True)
    assert outbox(tmp_path) == []


class LosesTheBlobs:
    """Sends, and then the blob store is gone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._real = OutboxMailer(folder / "outbox", FakeClock())

    def send(self, mail: Mail) -> SentMail:
        """Send, then break."""
        sent = self._real.send(mail)
        shutil.rmtree(self._folder / "blobs")
        (self._folder / "blobs").write_text("a file where the folder should be")
        return sent


def test_a_mail_that_was_sent_is_a_success_whatever_happens_afterwards(tmp_path: Path) -> None:
    """Failing here would send it again."""
    context = context_in(tmp_path, mailer=LosesTheBlobs(tmp_path))
    assert send(context)["via"] == "outbox"
    assert [line.level for line in context.logbook.entries()] == ["info", "warning"]


def test_an_unreachable_mail_server_is_tried_again(tmp_path: Path) -> None:
    clock = FakeClock()
    mailer = SmtpMailer(host="127.0.0.1", port=1, security=SmtpSecurity.PLAIN, clock=clock, timeout_seconds=2.0)
    with pytest.raises(AttemptFailedError) as caught:
        send(context_in(tmp_path, mailer=mailer))
    assert (caught.value.error_code, caught.value.retryable) == ("MAIL_UNAVAILABLE", True)


def test_sending_does_not_hold_up_other_attempts(tmp_path: Path) -> None:
    """The mailer blocks; the event loop must not."""
    started, released = asyncio.Event(), asyncio.Event()

    async def scenario() -> list[str]:
        loop = asyncio.get_running_loop()

        class Waits:
            def send(self, mail: Mail) -> SentMail:
                loop.call_soon_threadsafe(started.set)
                asyncio.run_coroutine_threadsafe(released.wait(), loop).result(timeout=10)
                return SentMail(message_id=mail.message_id, via="smtp")

        order: list[str] = []
        sending = asyncio.create_task(
            built_in_tasks().execute("send_email", GOOD, context_in(tmp_path, mailer=Waits()))
        )
        await asyncio.wait_for(started.wait(), timeout=10)
        order.append("the loop runs")
        released.set()
        await sending
        order.append("the mail is sent")
        return order

    assert asyncio.run(scenario()) == ["the loop runs", "the mail is sent"]

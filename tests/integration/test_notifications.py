"""People are told of failures, timeouts and self-pauses, whatever the state of their servers (C25, X14, X23)."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.contract.mail_servers import MailServer, Postbox, mail_server, reserved, serve  # noqa: F401
from tests.notification_lab import OWNER, Hook, NotificationLab, mails, new_notification_lab, serve_hook
from tests.unit.test_webhook import verified
from tests.world import ADA, task
from tickwell.application.create_job import Every
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.notification import RETRY_PAUSES_SECONDS
from tickwell.domain.outcome_event import EventType

MakeLab = Callable[..., NotificationLab]


def _break(_payload: Any, _context: Any) -> Any:
    raise ValueError("broke")


async def _sleep(_payload: Any, _context: Any) -> None:
    await asyncio.sleep(30)


@pytest.fixture
def make_lab(tmp_path: Path) -> Iterator[MakeLab]:
    with ExitStack() as stack:

        def make(mail_port: int, **options: Any) -> NotificationLab:
            lab = new_notification_lab(
                tmp_path, mail_port=mail_port, tasks=[task("break", _break), task("sleep", _sleep)], **options
            )
            stack.callback(lab.close)
            return lab

        yield make


@pytest.fixture
def lab(make_lab: MakeLab, mail_server: MailServer) -> NotificationLab:  # noqa: F811
    return make_lab(mail_server.port)


@pytest.fixture
def hook() -> Iterator[Hook]:
    yield from serve_hook()


def failing(lab: NotificationLab, **fields: Any) -> Job:
    return lab.world.create(**{"name": "doomed", "task": "break", "max_retries": 0, **fields})


def last(lab: NotificationLab, job: Job) -> Execution:
    return lab.world.executions(job)[-1]


def test_a_final_failure_is_told_by_mail_and_webhook_and_recorded_in_the_log(
    lab: NotificationLab,
    mail_server: MailServer,  # noqa: F811
    hook: Hook,
) -> None:
    endpoint = lab.add_webhook(hook.url)
    job = failing(lab)
    lab.pump()
    (mail,) = mails(mail_server.postbox)
    (letter,) = lab.world.read.dead_letters(ADA, limit=10, cursor=None).items
    assert (mail["To"], mail["Subject"]) == (OWNER, "Job failed: doomed")
    assert mail["Message-ID"] == f"<failed-{letter.dead_letter_id}@tickwell.example>"
    assert "TASK_ERROR: broke" in mail.get_content()
    ((headers, body),) = hook.seen
    assert verified(endpoint.secret, headers, body)
    assert headers["webhook-id"] == f"failed-{letter.dead_letter_id}"
    assert hook.bodies == [
        {
            "type": "job.failed",
            "timestamp": "2026-11-22T12:00:00.000Z",
            "data": {
                "job_id": job.job_id,
                "job_name": "doomed",
                "task": "break",
                "execution_id": last(lab, job).execution_id,
                "due_at": "2026-11-22T12:00:00.000Z",
                "attempt": 1,
                "error_code": "TASK_ERROR",
                "error_message": "broke",
                "dead_letter_id": letter.dead_letter_id,
                "reason": "the only attempt failed",
            },
        }
    ]
    told = lab.logs(last(lab, job).execution_id)
    assert [message for message, _ in told] == ["Notification sent", "Notification sent"]
    assert {(data["channel"], data["target"]) for _, data in told} == {
        ("email", "a***@example.com"),
        ("webhook", "127.0.0.1"),
    }


@pytest.mark.parametrize("name", ["=?utf-8?q?a=0ABcc:_eve?=", "a\u2028b", "=?utf-8?b?Cg==?=" * 12])
def test_no_name_of_a_job_keeps_its_failure_from_being_told(
    lab: NotificationLab,
    mail_server: MailServer,  # noqa: F811
    name: str,
) -> None:
    failing(lab, name=name)
    lab.pump()
    (mail,) = mails(mail_server.postbox)
    assert mail["Subject"].startswith("Job failed: ")
    assert mail["Bcc"] is None


def test_an_attempt_that_times_out_is_told_of_although_it_is_retried(
    lab: NotificationLab,
    mail_server: MailServer,  # noqa: F811
    hook: Hook,
) -> None:
    lab.add_webhook(hook.url)
    job = lab.world.create(name="slow", task="sleep", timeout_seconds=1, max_retries=1)
    lab.pump()
    (mail,) = mails(mail_server.postbox)
    assert mail["Subject"] == "Job timed out: slow"
    assert "The next attempt starts at 2026-11-22T12:01:00.000Z." in mail.get_content()
    (body,) = hook.bodies
    assert (body["type"], body["data"]["next_attempt_at"]) == ("execution.timeout", "2026-11-22T12:01:00.000Z")
    assert len(lab.logs(last(lab, job).execution_id)) == 2


def test_a_timeout_that_was_the_last_attempt_is_one_mail_and_both_events(
    lab: NotificationLab,
    mail_server: MailServer,  # noqa: F811
    hook: Hook,
) -> None:
    lab.add_webhook(hook.url)
    lab.world.create(name="slow", task="sleep", timeout_seconds=1, max_retries=0)
    lab.pump()
    assert [mail["Subject"] for mail in mails(mail_server.postbox)] == ["Job failed (timed out): slow"]
    assert sorted(body["type"] for body in hook.bodies) == ["execution.timeout", "job.failed"]


def test_a_job_that_pauses_itself_says_so(
    lab: NotificationLab,
    mail_server: MailServer,  # noqa: F811
    hook: Hook,
) -> None:
    lab.add_webhook(hook.url, EventType.PAUSED)
    job = failing(lab, schedule=Every(seconds=60), pause_after_failures=2)
    for _ in range(5):
        lab.world.clock.advance(60)
        lab.pump()
    assert len(lab.world.executions(job)) == 2
    paused = lab.world.job(job)
    assert (paused.status, paused.paused_reason) == (JobStatus.PAUSED, "2 failed occurrences in a row")
    subjects = [mail["Subject"] for mail in mails(mail_server.postbox)]
    assert sorted(subjects) == ["Job failed: doomed", "Job failed: doomed", "Job paused itself: doomed"]
    (body,) = hook.bodies
    assert (body["type"], body["data"]["paused_reason"]) == ("job.paused", "2 failed occurrences in a row")
    lab.world.change.resume(ADA, job.job_id)
    lab.world.clock.advance(60)
    lab.pump()
    assert lab.world.job(job).failures_in_a_row == 1
    assert len(hook.bodies) == 1


def test_jobs_run_on_without_a_mail_server_and_the_mail_comes_when_it_is_back(make_lab: MakeLab) -> None:
    held = reserved()
    lab = make_lab(held.getsockname()[1])
    job = failing(lab)
    (report,) = lab.pump()
    assert len(report.again) == 1
    assert lab.world.job(job).status is JobStatus.FAILED
    healthy = lab.world.create(task="echo", payload=1)
    lab.pump()
    assert lab.world.job(healthy).status is JobStatus.COMPLETED
    assert lab.logs(last(lab, job).execution_id) == []
    for server in serve(Postbox(), held):
        lab.world.clock.advance(59)
        assert lab.deliver() == []
        lab.world.clock.advance(1)
        lab.deliver()
        assert [mail["Subject"] for mail in mails(server.postbox)] == ["Job failed: doomed"]
    assert [message for message, _ in lab.logs(last(lab, job).execution_id)] == ["Notification sent"]


def test_a_webhook_that_does_not_answer_delays_no_mail_of_its_batch(
    lab: NotificationLab,
    mail_server: MailServer,  # noqa: F811
    hook: Hook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mail_came = threading.Event()
    take = mail_server.postbox.handle_DATA

    async def note(*arguments: Any) -> str:
        mail_came.set()
        return await take(*arguments)

    monkeypatch.setattr(mail_server.postbox, "handle_DATA", note)
    hook.before_answer = lambda: mail_came.wait(10)
    lab.add_webhook(hook.url)
    failing(lab)
    (report,) = lab.pump()
    assert len(report.sent) == 2, "the webhook is answered only once the mail has come"


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
def test_what_a_webhook_refuses_comes_again_after_growing_pauses_and_stops_when_it_is_taken(
    lab: NotificationLab, hook: Hook, status: int
) -> None:
    hook.statuses = [status, status, 204]
    lab.add_webhook(hook.url)
    job = failing(lab)
    lab.pump()
    for pause_seconds in (60, 300):
        lab.world.clock.advance(pause_seconds - 1)
        assert lab.deliver() == []
        lab.world.clock.advance(1)
        assert len(lab.deliver()) == 1
    lab.world.clock.advance(86_400)
    assert lab.deliver() == []
    assert len(set(hook.ids)) == 1
    assert len(hook.ids) == 3
    assert [message for message, _ in lab.logs(last(lab, job).execution_id)] == ["Notification sent"] * 2


def test_a_webhook_that_is_dead_for_a_day_is_given_up_kept_and_recorded(
    lab: NotificationLab, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hook.statuses = [500]
    endpoint = lab.add_webhook(hook.url)
    job = failing(lab)
    lab.pump()
    for pause_seconds in RETRY_PAUSES_SECONDS:
        lab.world.clock.advance(pause_seconds)
        lab.deliver()
    assert len(hook.seen) == 1 + len(RETRY_PAUSES_SECONDS)
    (kept,) = lab.dead_letters.receive(10, wait_seconds=0)
    assert getattr(kept.message, "endpoint_id", None) == endpoint.endpoint_id
    assert lab.queue.depth().in_flight == 0
    _, (message, data) = lab.logs(last(lab, job).execution_id)
    assert (message, data["error"]) == ("Notification failed for good", "HTTP_STATUS: it answered 500")
    (line,) = [record for record in caplog.records if record.getMessage() == "notification failed for good"]
    assert vars(line)["target"] == "127.0.0.1"
    logged = "".join(str(vars(record)) for record in caplog.records if record.name == "tickwell")
    assert "s3cret-path" not in logged
    assert endpoint.secret not in logged


def test_an_endpoint_that_is_gone_is_disabled_and_told_nothing_more(lab: NotificationLab, hook: Hook) -> None:
    hook.statuses = [410]
    lab.add_webhook(hook.url)
    job = failing(lab)
    lab.pump()
    (endpoint,) = lab.world.notifying.webhooks.read(ADA.tenant_id).endpoints
    assert endpoint.disabled_at == lab.world.clock.now()
    assert "ENDPOINT_GONE: it answered 410 and was disabled" in str(lab.logs(last(lab, job).execution_id))
    failing(lab)
    lab.pump()
    assert len(hook.seen) == 1


def test_a_webhook_reaches_no_private_address_unless_the_deployment_allows_it(
    make_lab: MakeLab,
    mail_server: MailServer,  # noqa: F811
    hook: Hook,
) -> None:
    lab = make_lab(mail_server.port, allow_private_hosts=())
    lab.add_webhook(hook.url)
    job = failing(lab)
    (report,) = lab.pump()
    assert len(report.failed) == 1
    assert hook.seen == []
    assert "BLOCKED_ADDRESS" in str(lab.logs(last(lab, job).execution_id))


def test_a_mail_that_is_refused_for_good_is_recorded_at_once_without_the_address(
    lab: NotificationLab,
    mail_server: MailServer,  # noqa: F811
) -> None:
    mail_server.postbox.recipient_answers[OWNER] = "550 no such user"
    job = failing(lab)
    lab.pump()
    ((message, data),) = lab.logs(last(lab, job).execution_id)
    assert (message, data["error"]) == ("Notification failed for good", "MAIL_REJECTED")
    assert OWNER not in str(data)


def test_an_event_that_comes_again_is_not_told_again(
    lab: NotificationLab,
    mail_server: MailServer,  # noqa: F811
    hook: Hook,
) -> None:
    lab.add_webhook(hook.url)
    failing(lab)
    lab.world.work()
    events = [event for _, event in lab.feed.read(10)]
    for _ in range(3):
        assert lab.follow([*events, *events]) == 2
        lab.deliver()
    assert (len(mails(mail_server.postbox)), len(hook.seen)) == (1, 1)


def test_what_is_under_way_to_a_removed_webhook_is_dropped(lab: NotificationLab, hook: Hook) -> None:
    endpoint = lab.add_webhook(hook.url)
    failing(lab)
    lab.world.work()
    lab.follow_all()
    webhooks = lab.world.notifying.webhooks
    assert webhooks.replace(webhooks.read(ADA.tenant_id).without(endpoint.endpoint_id))
    (report,) = lab.deliver()
    assert (len(report.sent), len(report.dropped)) == (1, 1)
    assert hook.seen == []


def test_after_a_rotation_deliveries_are_signed_with_both_secrets(lab: NotificationLab, hook: Hook) -> None:
    endpoint = lab.add_webhook(hook.url)
    webhooks = lab.world.notifying.webhooks
    read = webhooks.read(ADA.tenant_id)
    rotated = endpoint.rotated("whsec_" + "c2VjcmV0" * 4, lab.world.clock.now())
    assert webhooks.replace(read.replacing(rotated))
    failing(lab)
    lab.pump()
    ((headers, body),) = hook.seen
    assert verified(endpoint.secret, headers, body)
    assert verified(rotated.secret, headers, body)


def test_an_unreadable_notification_is_kept_for_the_operator(lab: NotificationLab) -> None:
    queue: Any = lab.queue
    with queue._database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO queue_messages (queue, group_id, body, visible_at) VALUES ('notifications', 'g', '{]', 0)"
        )
    (report,) = lab.deliver()
    assert len(report.dropped) == 1
    assert len(lab.dead_letters.receive(10, wait_seconds=0)) == 1

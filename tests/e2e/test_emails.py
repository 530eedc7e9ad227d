"""Scheduled mails on the deployed template, with IAM enforced: out through SES, looked at, counted, given up."""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e import sam
from tests.e2e.conftest import IAM
from tests.e2e.deployment import Deployment, Json, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

TO = "mails@reader.example"
MAIL: dict[str, Any] = {"to": [TO, "second@reader.example"], "body": "It is time.", "html": "<p>It is <b>time</b>.</p>"}
IN = timedelta(seconds=5)


@pytest.fixture(scope="module")
def deployment(deployments: Mapping[str, Future[Deployment]]) -> Deployment:
    """The stack, as a user of its own sees it."""
    mine = replace(deployments[IAM].result(), token=None)
    mine.register("mails@user.example")
    return mine


def ended(deployment: Deployment, email_id: str) -> Json:
    """The mail, once it has been sent or has failed."""

    def look() -> Json | None:
        shown = deployment.data("GET", f"/api/v1/emails/{email_id}")
        return shown if shown["status"] in {"sent", "failed"} else None

    return wait_for(look, timeout_seconds=60, what=lambda: f"the mail {email_id}\n{deployment.recent_log()}")


def taken_by_ses(deployment: Deployment, subject: str) -> list[dict[str, Any]]:
    """What SES accepted with that subject for the reader; the owner is told of a failure, by its name."""
    return [mail for mail in deployment.aws.sent_mail() if TO in mail["To"] and subject in str(mail)]


def test_mails_go_out_at_their_time_are_shown_as_sent_and_counted(deployment: Deployment) -> None:
    at = (datetime.now(UTC) + IN).replace(microsecond=0)
    asked: Json = {**MAIL, "subject": "By the API", "scheduled_for": at.isoformat()}
    by_api = deployment.data("POST", "/api/v1/emails/schedule", asked, status=201)
    seed: Json = {"to": TO, "subject": "By the alias", "body": "Test", "scheduledTime": int(at.timestamp())}
    answer = deployment.call("POST", "/api/emails/schedule", seed)
    assert answer.status_code == 201, answer.text
    by_alias = answer.json()
    assert (by_alias["success"], by_alias["jobId"], by_alias["status"]) == (True, by_alias["id"], "scheduled")
    lost: Json = {**MAIL, "subject": "Without its file", "attachments": [{"file": "none.txt"}]}
    failing = deployment.data("POST", "/api/v1/emails/schedule", lost, status=201)

    for email_id, subject in [(by_api["id"], asked["subject"]), (by_alias["id"], seed["subject"])]:
        shown = ended(deployment, email_id)
        assert (shown["status"], shown["via"], shown["from"], shown["error"]) == ("sent", "ses", sam.SENDER, None)
        (taken,) = taken_by_ses(deployment, subject)
        assert shown["messageId"].partition("@")[0] in str(taken), taken
        sent_at = datetime.fromisoformat(shown["sent_at"])
        assert at <= sent_at < at + timedelta(seconds=20)
        page = deployment.call("GET", shown["previewUrl"])
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "sandbox" in page.headers["content-security-policy"]
        assert (MAIL["html"] if subject == asked["subject"] else seed["body"]) in page.text

    shown = ended(deployment, failing["id"])
    assert (shown["status"], shown["error_code"], shown["messageId"]) == ("failed", "FILE_NOT_FOUND", None)
    assert "none.txt" in shown["error"]
    assert taken_by_ses(deployment, lost["subject"]) == []

    expected = {"total": 3, "scheduled": 0, "sending": 0, "sent": 2, "failed": 1, "cancelled": 0}

    def counted() -> Json | None:
        found = deployment.data("GET", "/api/v1/emails/stats")
        return found if expected.items() <= found.items() else None

    stats = wait_for(
        counted,
        timeout_seconds=60,
        what=lambda: f"the counts: {deployment.data('GET', '/api/v1/emails/stats')}\n{deployment.recent_log()}",
    )
    assert (stats["attempts"]["successful"], stats["attempts"]["failed"]) == (2, 1)
    for status, ids in {"sent": [by_alias["id"], by_api["id"]], "failed": [failing["id"]]}.items():
        listed = deployment.data("GET", f"/api/emails?status={status}")
        assert [mail["id"] for mail in listed["emails"]] == ids
        assert listed["pagination"]["total"] == len(ids)


def test_a_mail_that_is_called_back_does_not_go_out(deployment: Deployment) -> None:
    asked = {**MAIL, "subject": "Called back", "delay_seconds": 3600}
    email_id = deployment.data("POST", "/api/v1/emails/schedule", asked, status=201)["id"]
    assert [mail["id"] for mail in deployment.data("GET", "/api/v1/emails?status=scheduled")["emails"]] == [email_id]
    assert deployment.data("DELETE", f"/api/v1/emails/{email_id}")["status"] == "cancelled"
    assert deployment.call("DELETE", f"/api/v1/emails/{email_id}").status_code == 409
    assert taken_by_ses(deployment, asked["subject"]) == []

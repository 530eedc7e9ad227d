"""The main job on the deployed template, through its HTTP API: without and with IAM enforced, with both far timers."""

from datetime import datetime, timedelta

import pytest

from tests.e2e.deployment import Json, wait_for
from tests.e2e.flows import LARGE_PAYLOAD, POISON, Flows, secret_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PUNCTUAL_WITHIN = timedelta(seconds=5)
"""SQS's delay in whole seconds, the local AWS's polling, and a cold start while three stacks share a busy machine.

On an idle one it is about a second."""

FAR_WITHIN = timedelta(seconds=2)
"""A far job is due when everything else is done, and its functions are warm."""


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def assert_punctual(execution: Json, within: timedelta = PUNCTUAL_WITHIN) -> None:
    """Never early, hardly late."""
    late_by = instant(execution["started_at"]) - instant(execution["due_at"])
    assert timedelta(0) <= late_by < within, execution


def test_a_job_calls_a_real_server_at_once_and_shows_all_that_happened(flow: Flows) -> None:
    [execution] = flow.deployment.finished(flow.now_job, timeout_seconds=30)

    [request] = flow.receiver.at(f"/now/{flow.name}")
    assert (request.method, request.body) == ("POST", b'{"deployment":"' + flow.name.encode() + b'"}')
    assert request.headers["idempotency-key"]
    assert request.headers["x-secret"] == secret_of(flow.name)

    detail = flow.deployment.data("GET", f"/api/v1/executions/{execution['id']}")
    assert detail["status"] == "success"
    assert detail["output"]["status_code"] == 200
    assert 0 <= detail["duration_ms"] < 30_000

    logs = flow.deployment.data("GET", f"/api/v1/executions/{execution['id']}/logs")["logs"]
    assert logs
    assert all(entry["level"] and entry["message"] and entry["timestamp"] for entry in logs)

    job = flow.deployment.data("GET", f"/api/v1/jobs/{flow.now_job}")
    assert job["status"] == "completed"
    assert job["statistics"]["total_executions"] == 1
    assert job["payload"]["headers"] == {"X-Secret": "{{secret:caller}}"}
    assert secret_of(flow.name) not in str([detail, logs, job])


def test_a_mail_goes_out_at_its_time_and_once(flow: Flows) -> None:
    [execution] = flow.deployment.finished(flow.mail_job, timeout_seconds=60)

    assert execution["status"] == "success"
    assert instant(execution["due_at"]) == flow.mail_due_at
    assert_punctual(execution)
    mails = [mail for mail in flow.deployment.aws.sent_mail() if "someone@reader.example" in str(mail)]
    assert len(mails) == 1, mails


def test_a_failing_job_is_retried_then_given_up_and_its_owner_told(flow: Flows) -> None:
    executions = flow.deployment.finished(flow.failing_job, count=2, timeout_seconds=60)

    assert [execution["status"] for execution in executions] == ["failed", "failed"]
    assert sorted(execution["retry_attempt"] for execution in executions) == [0, 1]
    assert len(flow.receiver.at(f"/fail/{flow.name}")) == 2
    assert flow.deployment.data("GET", f"/api/v1/jobs/{flow.failing_job}")["status"] == "failed"
    wait_for(
        lambda: [mail for mail in flow.deployment.aws.sent_mail() if flow.email in str(mail)] or None,
        timeout_seconds=30,
        what=lambda: f"the mail about the failure:\n{flow.deployment.recent_log()}",
    )


def test_a_large_payload_travels_through_the_bucket(flow: Flows) -> None:
    [execution] = flow.deployment.finished(flow.large_job, timeout_seconds=60)

    detail = flow.deployment.data("GET", f"/api/v1/executions/{execution['id']}")
    assert detail["status"] == "success"
    assert detail["output"] == LARGE_PAYLOAD
    assert flow.deployment.data("GET", f"/api/v1/jobs/{flow.large_job}")["payload"] == LARGE_PAYLOAD


def test_a_poison_message_ends_as_a_dead_letter_of_the_operator(flow: Flows) -> None:
    [letter] = wait_for(
        lambda: [item for item in flow.deployment.dead_letters() if POISON in str(item)] or None,
        timeout_seconds=60,
        what=lambda: f"the dead letter of the poison message:\n{flow.deployment.recent_log()}",
    )
    assert "operator" in str(letter["pk"])


def test_a_recurring_job_fires_each_minute(flow: Flows) -> None:
    first, second, *_ = flow.deployment.finished(flow.minutely_job, count=2, timeout_seconds=150)

    assert instant(second["due_at"]) - instant(first["due_at"]) == timedelta(minutes=1)
    for execution in (first, second):
        assert execution["status"] == "success"
        assert instant(execution["due_at"]).second == 0
        assert_punctual(execution)


def test_a_job_beyond_the_direct_horizon_runs_on_the_second(flow: Flows) -> None:
    [execution] = flow.deployment.finished(flow.far_job, timeout_seconds=240)

    assert instant(execution["due_at"]) == flow.far_due_at
    assert_punctual(execution, FAR_WITHIN)
    assert len(flow.receiver.at(f"/far/{flow.name}")) == 1


def test_another_tenant_sees_nothing_of_it(flow: Flows) -> None:
    flow.deployment.finished(flow.now_job, timeout_seconds=30)
    own = flow.deployment.token
    try:
        flow.deployment.token = None
        assert flow.deployment.call("GET", f"/api/v1/jobs/{flow.now_job}").status_code == 401
        flow.deployment.register(f"other-{flow.email}")
        assert flow.deployment.call("GET", f"/api/v1/jobs/{flow.now_job}").status_code == 404
    finally:
        flow.deployment.token = own

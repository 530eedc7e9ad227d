"""What becomes of jobs whose messages SQS moves from a lane to its dead letter queue."""

import pytest

from tests.e2e.deployment import Json
from tests.e2e.flows import Flows
from tests.e2e.redrive import Redriven

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def by_attempt(executions: list[Json]) -> list[tuple[int, str, str | None]]:
    return sorted((one["attempt"], one["status"], one["error_code"]) for one in executions)


def test_a_job_whose_message_the_lane_gave_up_gets_another_attempt_and_succeeds_once(redriven: Redriven) -> None:
    deployment, job = redriven.deployment, redriven.revived_job
    executions = deployment.finished(job, count=2, timeout_seconds=60)

    assert by_attempt(executions) == [(1, "lost", "NOT_STARTED"), (2, "success", None)]
    assert redriven.calls_before == 0
    assert len(redriven.receiver.at(f"/revived/{redriven.name}")) == 1
    detail = deployment.data("GET", f"/api/v1/jobs/{job}")
    assert detail["status"] == "completed"
    assert detail["statistics"]["total_executions"] == 2
    assert deployment.data("GET", f"/api/v1/dead-letters?job_id={job}")["dead_letters"] == []


def test_a_job_whose_messages_are_all_given_up_becomes_a_dead_letter_that_can_be_run_again(
    redriven: Redriven, flow: Flows
) -> None:
    deployment, job, path = redriven.deployment, redriven.lost_job, f"/lost/{redriven.name}"
    executions = deployment.finished(job, count=2, timeout_seconds=60)
    assert by_attempt(executions) == [(1, "lost", "NOT_STARTED"), (2, "lost", "NOT_STARTED")]
    assert deployment.data("GET", f"/api/v1/jobs/{job}")["status"] == "failed"
    assert redriven.receiver.at(path) == []

    [listed] = deployment.data("GET", f"/api/v1/dead-letters?job_id={job}")["dead_letters"]
    letter = deployment.data("GET", f"/api/v1/dead-letters/{listed['id']}")
    assert (letter["attempts"], letter["error_code"]) == (2, "NOT_STARTED")
    assert [(error["attempt"], error["status"]) for error in letter["errors"]] == [(1, "lost"), (2, "lost")]
    assert letter["payload"]["url"].endswith(path)
    assert flow.deployment.call("GET", f"/api/v1/dead-letters/{listed['id']}").status_code == 404

    retried = deployment.data("POST", f"/api/v1/dead-letters/{listed['id']}/retry", status=201)["job"]
    [execution] = deployment.finished(retried["id"], timeout_seconds=60)
    assert execution["status"] == "success"
    assert retried["retry_of"] == listed["id"]
    assert len(redriven.receiver.at(path)) == 1
    again = deployment.data("GET", f"/api/v1/dead-letters/{listed['id']}")
    assert again["retried_as"] == retried["id"]

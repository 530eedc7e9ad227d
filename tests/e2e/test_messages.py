"""Messages that become jobs, and functions that jobs call, on the deployed template: without and with IAM enforced."""

import json
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e import sam
from tests.e2e.conftest import IAM, PLAIN
from tests.e2e.deployment import Deployment, Json
from tests.e2e.local_aws import ROOT
from tickwell.domain.webhook import new_secret, signed_with

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SECRET = new_secret(b"s" * 32)


@pytest.fixture(scope="module", params=[PLAIN, IAM])
def deployment(request: pytest.FixtureRequest, deployments: Mapping[str, Future[Deployment]]) -> Deployment:
    """A stack, as a user of its own sees it."""
    mine = replace(deployments[request.param].result(), token=None)
    mine.register(f"messages-{request.param}@user.example")
    return mine


def output_of(deployment: Deployment, job_id: str) -> Json:
    [execution] = deployment.finished(job_id, timeout_seconds=60)
    detail = deployment.data("GET", f"/api/v1/executions/{execution['id']}")
    assert detail["status"] == "success", f"{detail}\n{deployment.recent_log()}"
    output: Json = detail["output"]
    return output


def test_a_job_calls_a_function_that_the_deployment_allows_and_no_other(deployment: Deployment) -> None:
    event = json.loads((ROOT / "tests" / "events" / "api.json").read_text())
    called = {"name": "Call", "task": "invoke_lambda", "max_retries": 0}
    job = deployment.create_job({**called, "payload": {"function": f"{sam.STACK}-api", "payload": event}})
    other = deployment.create_job({**called, "payload": {"function": f"{sam.STACK}-worker", "payload": event}})
    output = output_of(deployment, job)
    assert (output["status_code"], output["result"]["statusCode"]) == (200, 200)
    assert json.loads(output["result"]["body"])["status"]
    [refused] = deployment.finished(other, timeout_seconds=60)
    assert (refused["status"], refused["error_code"]) == ("failed", "FUNCTION_NOT_ALLOWED")


def test_a_signed_message_becomes_a_job_and_an_unsigned_one_does_not(deployment: Deployment) -> None:
    deployment.data("PUT", "/api/v1/secrets/hook-shop", {"value": SECRET})
    asked = {"name": "Message", "signature": {"secret": "hook-shop", "scheme": "standard"}}
    path = deployment.data("POST", "/api/v1/hooks", asked, status=201)["path"]
    raw = json.dumps({"sender": "+4915112345678", "content": "hello"}).encode()

    def send(*signature: tuple[str, str]) -> httpx2.Response:
        headers = {"Host": urlsplit(deployment.outputs["ApiUrl"]).netloc, "Content-Type": "application/json"}
        return httpx2.post(
            f"{deployment.aws.url}{path}", content=raw, headers={**headers, **dict(signature)}, timeout=30
        )

    assert send().status_code == 401
    signature = signed_with([SECRET], "m-1", raw, datetime.now(UTC))
    answers = [send(*signature) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202], answers[0].text
    (job,) = {answer.json()["data"]["job_id"] for answer in answers}
    output = output_of(deployment, job)
    assert (output["sender"], output["content"], output["message_id"]) == ("+4915112345678", "hello", "m-1")

"""Users' own tasks, as the example deploys them: a layer, found by its entry point, in the API and in the workers."""

from collections.abc import Mapping
from concurrent.futures import Future

import pytest

from tests.e2e.conftest import WITH_OWN_TASKS
from tests.e2e.deployment import Deployment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ORDER = {"number": 7, "lines": [{"article": "tea", "pieces": 2, "cents": 350}]}


@pytest.fixture(scope="module")
def shop(deployments: Mapping[str, Future[Deployment]]) -> Deployment:
    """A deployment whose roles are enforced, with a user of its own."""
    deployment = deployments[WITH_OWN_TASKS].result()
    user = Deployment(aws=deployment.aws, outputs=deployment.outputs)
    user.register("shop@example.com")
    return user


def test_the_api_lists_them_with_their_defaults_and_checks_their_payloads(shop: Deployment) -> None:
    tasks = {task["name"]: task for task in shop.data("GET", "/api/v1/tasks")["tasks"]}
    price = tasks["fetch_price"]
    assert (price["runs_in"], price["max_retries"], price["timeout_seconds"]) == ("process", 5, 60)
    assert tasks["write_invoice"]["payload_schema"]["required"] == ["number", "lines"]
    wrong = {"name": "no lines", "task": "write_invoice", "payload": {"number": 7, "lines": []}}
    answer = shop.call("POST", "/api/v1/jobs", wrong)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "payload.lines")


def test_a_job_of_one_runs_in_a_process_of_the_worker_and_writes_a_file(shop: Deployment) -> None:
    job = shop.create_job({"name": "invoice", "task": "write_invoice", "payload": ORDER})
    [execution] = shop.finished(job, timeout_seconds=60)
    assert execution["status"] == "success", shop.recent_log()
    detail = shop.data("GET", f"/api/v1/executions/{execution['id']}")
    assert detail["output"]["file"] == {"name": "invoices/7.txt", "content_type": "text/plain", "size_bytes": 24}
    tenant = shop.data("GET", "/api/v1/auth/me")["tenant_id"]
    blob = f"tenants/{tenant}/files/invoices/7.txt"
    answer = shop.aws.client("s3").get_object(Bucket=shop.outputs["BlobBucketName"], Key=blob)
    assert answer["Body"].read() == b"2 x tea: 700\ntotal: 700\n"

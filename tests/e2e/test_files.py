"""Files on the deployed template: by presigned links into the bucket, and cleaned up by a task."""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace

import httpx2
import pytest

from tests.e2e.conftest import IAM, PLAIN
from tests.e2e.deployment import Deployment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

DATA = bytes(range(256)) * 8_000
"""Twice what the API would take."""


@pytest.fixture(params=[PLAIN, IAM])
def deployment(request: pytest.FixtureRequest, deployments: Mapping[str, Future[Deployment]]) -> Deployment:
    """A stack, as a user of its own sees it."""
    mine = replace(deployments[request.param].result(), token=None)
    mine.register(f"files-{request.param}@user.example")
    return mine


def test_a_file_goes_up_and_down_by_links_and_is_cleaned_up(deployment: Deployment) -> None:
    asked = {"name": "e2e/a.bin", "size_bytes": len(DATA), "content_type": "video/mp4"}
    upload = deployment.data("POST", "/api/v1/files", asked, status=201)["upload"]
    headers = {"Content-Type": upload["headers"]["Content-Type"]}
    written = httpx2.request(upload["method"], upload["url"], headers=headers, content=DATA, timeout=30)
    assert written.status_code == 200, written.text

    file = deployment.data("GET", "/api/v1/files/e2e/a.bin")
    assert (file["size_bytes"], file["content_type"]) == (len(DATA), "video/mp4")
    assert [each["name"] for each in deployment.data("GET", "/api/v1/files?folder=e2e")["files"]] == ["e2e/a.bin"]
    assert httpx2.get(file["url"], timeout=30).content == DATA
    part = httpx2.get(file["url"], headers={"Range": "bytes=10-19"}, timeout=30)
    assert (part.status_code, part.content) == (206, DATA[10:20])

    payload = {"prefix": "e2e/", "older_than_days": 0}
    job = deployment.create_job(
        {"name": "Clean", "task": "cleanup_files", "payload": payload, "delay_seconds": 3, "max_retries": 0}
    )
    [execution] = deployment.finished(job, timeout_seconds=60)
    assert execution["status"] == "success", execution
    result = deployment.data("GET", f"/api/v1/jobs/{job}/result")
    assert (result["output"]["found"], result["output"]["deleted"]) == (1, 1)
    assert deployment.call("GET", "/api/v1/files/e2e/a.bin").status_code == 404

"""The heavy lane as deployed: a worker of its own, with the media layer, makes a picture of a video in the bucket."""

import io
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest
from PIL import Image

from tests import videos
from tests.e2e import sam
from tests.e2e.conftest import IAM
from tests.e2e.deployment import PASSWORD, Deployment, wait_for
from tests.e2e.invocations import invocations

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

_LARGEST_FUNCTION_BYTES = 250 * 1024 * 1024
"""Of a function with all its layers, unpacked: Lambda's limit. The local AWS holds it too."""


@pytest.fixture(scope="module")
def deployment(deployments: Mapping[str, Future[Deployment]]) -> Deployment:
    """The stack whose roles count, as a user of its own."""
    deployed = deployments[IAM].result()
    return Deployment(aws=deployed.aws, outputs=deployed.outputs)


def test_a_video_in_the_bucket_gets_a_thumbnail_beside_it(deployment: Deployment, tmp_path: Path) -> None:
    body = {"email": "films@user.example", "password": PASSWORD}
    registered = deployment.data("POST", "/api/v1/auth/register", body, status=201)
    deployment.token = registered["token"]
    files = f"tenants/{registered['user']['tenant_id']}/files"
    bucket, s3 = deployment.outputs["BlobBucketName"], deployment.aws.client("s3")
    s3.upload_file(str(videos.film(tmp_path / "film.mp4")), bucket, f"{files}/films/one.mp4")

    job = deployment.create_job(
        {
            "name": "Picture",
            "task": "process_video",
            "payload": {
                "source": {"file": "films/one.mp4"},
                "operation": "thumbnail",
                "width": 160,
                "output": "films/one.jpg",
            },
        }
    )
    [execution] = deployment.finished(job, timeout_seconds=150)

    assert execution["status"] == "success", execution
    output = deployment.data("GET", f"/api/v1/executions/{execution['id']}")["output"]
    assert output["file"] == {
        "name": "films/one.jpg",
        "content_type": "image/jpeg",
        "size_bytes": output["file"]["size_bytes"],
    }
    assert output["source"]["duration_seconds"] == pytest.approx(videos.SECONDS, abs=0.1)
    stored = s3.get_object(Bucket=bucket, Key=f"{files}/films/one.jpg")
    assert stored["ContentType"] == "image/jpeg"
    with Image.open(io.BytesIO(stored["Body"].read())) as picture:
        assert (picture.format, picture.size) == ("JPEG", (160, 120))
    wait_for(  # told in the log at its end, which comes after that of its job
        lambda: invocations(deployment, "heavy-worker") or None, timeout_seconds=60, what=deployment.recent_log
    )


def test_only_the_heavy_worker_carries_the_media_layer_and_stays_within_lambdas_limit(
    deployment: Deployment, built: Path
) -> None:
    client = deployment.aws.client("lambda")
    listed = client.list_functions()["Functions"]
    layers = {one["FunctionName"]: [layer["Arn"] for layer in one.get("Layers", ())] for one in listed}
    with_media = [name for name, arns in layers.items() if any("-media-" in arn for arn in arns)]
    assert [name.rpartition("tickwell-dev-")[2] for name in with_media] == ["heavy-worker"]
    ours = sam.LAYER.removeprefix("Core")  # `sam build` makes the layers of both architectures
    folders = [path for path in built.iterdir() if path.name.endswith(ours)]
    assert len(folders) >= 2
    unpacked = sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    assert unpacked < _LARGEST_FUNCTION_BYTES - 10_000_000

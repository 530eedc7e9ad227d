"""Jobs of ``process_video`` from beginning to end, on both engines: the heavy lane, the result, what is not retried."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import videos
from tests.integration.test_process_video_processes import new_pool
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.adapters.processes.pool import ProcessPool
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.retry import GiveUp
from tickwell.tasks.process_video import PROCESS_VIDEO

FILES = f"tenants/{ADA.tenant_id}/files"


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPool]:
    made = new_pool(tmp_path_factory.mktemp("site") / "site", memory_mb=1024)
    yield made
    made.close()


@pytest.fixture
def world(build: Build, pool: ProcessPool) -> World:
    return build(tasks=[PROCESS_VIDEO], processes=pool)


def order(world: World, **payload: Any) -> Job:
    return world.create(task="process_video", payload={"source": {"file": "film.mp4"}, **payload}, priority="high")


def test_a_video_becomes_a_file_of_its_tenant(world: World, tmp_path: Path) -> None:
    world.blobs.store(videos.film(tmp_path / "film.mp4"), f"{FILES}/film.mp4", content_type="video/mp4")
    job = order(world, operation="transcode", preset="480p-h264", output="small.mp4")
    assert (job.lane, job.policy.max_retries, job.policy.timeout_seconds) == (Lane.HEAVY, 5, 840)
    world.work()
    [execution] = world.executions(job)
    assert execution.status is ExecutionStatus.SUCCESS
    assert execution.output["file"]["name"] == "small.mp4"
    info = world.blobs.info(f"{FILES}/small.mp4")
    assert (info.size_bytes, info.content_type) == (execution.output["file"]["size_bytes"], "video/mp4")
    assert world.job(job).status is JobStatus.COMPLETED


def test_a_corrupt_video_fails_its_job_at_the_first_attempt(world: World) -> None:
    world.blobs.put(f"{FILES}/film.mp4", b"no film at all" * 100, content_type="video/mp4")
    job = order(world, operation="probe")
    world.work()
    [execution] = world.executions(job)
    assert execution.failure is not None
    assert execution.failure.code in {"CORRUPT_VIDEO", "UNSUPPORTED_FORMAT"}
    assert isinstance(execution.decision, GiveUp)
    assert world.job(job).status is JobStatus.FAILED


def test_another_tenants_file_is_not_there(world: World) -> None:
    world.blobs.put("tenants/other/files/film.mp4", b"theirs", content_type="video/mp4")
    job = order(world, operation="probe")
    world.work()
    [execution] = world.executions(job)
    assert execution.failure is not None
    assert execution.failure.code == "FILE_NOT_FOUND"


def test_a_payload_that_cannot_work_is_refused_when_the_job_is_created(world: World) -> None:
    with pytest.raises(InvalidInputError, match="720p-h264") as caught:
        order(world, operation="transcode")
    assert caught.value.field == "payload.preset"

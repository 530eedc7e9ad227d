"""``process_video`` where it runs: in a process of its own, whose end is ffmpeg's end too."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import videos
from tests.integration.test_task_processes import COMMAND, WORKER, Recorder, is_running
from tests.server_process import eventually
from tests.task_contexts import task_context
from tests.tasks_package import child_path
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.processes.pool import ChildSettings, ProcessPool
from tickwell.application.task import TaskContext
from tickwell.application.task_processes import taken
from tickwell.bootstrap.task_process import child_environment
from tickwell.domain.errors import AttemptCancelledError, AttemptFailedError
from tickwell.domain.lane import Lane
from tickwell.domain.progress import Progress

ITS_ENVIRONMENT = {b"LC_ALL", b"MALLOC_ARENA_MAX", b"AV_LOG_FORCE_NOCOLOR"}
LONG = {"source": {"file": "long.mp4"}, "operation": "transcode", "preset": "webm-vp9"}


class Cancelling(Recorder):
    """Cancels once ffmpeg is at work."""

    async def sign(self, progress: Progress | None = None) -> None:
        self.cancelled = progress is not None and progress.percent > 5
        await super().sign(progress)


def new_pool(folder: Path, *, memory_mb: int) -> ProcessPool:
    environment = child_environment(WORKER, child_path(folder), variables=(), cloud=False)
    return ProcessPool(COMMAND, environment, ChildSettings(memory_mb=memory_mb), size=1)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPool]:
    made = new_pool(tmp_path_factory.mktemp("site") / "site", memory_mb=1024)
    yield made
    made.close()


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> FileBlobs:
    folder = tmp_path_factory.mktemp("films")
    kept = FileBlobs(folder / "blobs")
    context = task_context(blobs=kept)
    asyncio.run(context.files.upload(videos.long_film(folder / "long.mp4", 60), "long.mp4"))
    asyncio.run(context.files.upload(videos.film(folder / "film.mp4"), "film.mp4"))
    return kept


async def work(pool: ProcessPool, payload: dict[str, Any], context: TaskContext) -> Any:
    async with taken(pool, context, Lane.HEAVY, lease_seconds=300, patience_seconds=60) as process:
        return await process.run("process_video", payload, context)


def ffmpegs(folder: Path) -> list[int]:
    """The ids of processes that have something open below ``folder``, or are told to write there."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and str(folder).encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return [pid for pid in found if is_running(pid)]


def environment_of(pid: int) -> set[bytes]:
    """The names of what a process has in its environment."""
    shown = Path(f"/proc/{pid}/environ").read_bytes()
    return {line.partition(b"=")[0] for line in shown.split(b"\0") if line}


@pytest.fixture
def attempts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where attempts have their folders."""
    folder = tmp_path / "attempts"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_it_makes_the_result_and_tells_how_far_it_is(pool: ProcessPool, blobs: FileBlobs, attempts: Path) -> None:
    signs = Recorder()
    payload = {"source": {"file": "film.mp4"}, "operation": "transcode", "preset": "480p-h264", "output": "small.mp4"}
    output = asyncio.run(work(pool, payload, task_context(blobs=blobs, lifeline=signs)))
    assert output["file"]["name"] == "small.mp4"
    assert len(blobs.get("tenants/t1/files/small.mp4")) == output["file"]["size_bytes"]
    told = [sign.message for sign in signs.signs if sign is not None]
    assert list(dict.fromkeys(told)) == ["fetching the source", "making 480p-h264", "storing the result"]
    assert list(attempts.iterdir()) == []


def test_cancelling_ends_ffmpeg_and_leaves_nothing(pool: ProcessPool, blobs: FileBlobs, attempts: Path) -> None:
    signs = Cancelling()
    with pytest.raises(AttemptCancelledError):
        asyncio.run(work(pool, LONG, task_context(blobs=blobs, lifeline=signs)))
    assert signs.cancelled
    assert not ffmpegs(attempts)  # at once: the attempt does not end before it
    assert list(attempts.iterdir()) == []


def test_the_time_limit_ends_ffmpeg_and_leaves_nothing(pool: ProcessPool, blobs: FileBlobs, attempts: Path) -> None:
    async def limited() -> list[int]:
        running = asyncio.create_task(work(pool, LONG, task_context(blobs=blobs)))
        seen: list[int] = []
        while not seen:
            await asyncio.sleep(0.02)
            seen = ffmpegs(attempts)
        assert environment_of(seen[0]) <= ITS_ENVIRONMENT
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        return seen

    began = time.monotonic()
    seen = asyncio.run(limited())
    assert time.monotonic() - began < 30
    eventually(lambda: not any(map(is_running, seen)))
    assert list(attempts.iterdir()) == []


def test_ffmpeg_is_bound_by_the_memory_of_a_task(tmp_path: Path, blobs: FileBlobs) -> None:
    pool = new_pool(tmp_path / "small-site", memory_mb=256)
    try:
        with pytest.raises(AttemptFailedError) as caught:
            asyncio.run(work(pool, {**LONG, "preset": "1080p-h264"}, task_context(blobs=blobs)))
    finally:
        pool.close()
    assert not caught.value.retryable
    assert caught.value.error_code == "OUT_OF_MEMORY"

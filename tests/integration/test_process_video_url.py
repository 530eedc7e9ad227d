"""``process_video`` on a URL: fetched through the guarded client, to the disk, within bounds."""

import asyncio
import errno
from pathlib import Path
from typing import Any

import pytest

from tests import videos
from tests.integration.http_lab import Respond, always, answer, guarded, serve
from tests.task_contexts import task_context
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.outbound import OutboundRules
from tickwell.tasks import video_work
from tickwell.tasks.registry import built_in_tasks

pytestmark = pytest.mark.usefixtures("temporary")

LOOPBACK = OutboundRules.allowing(["127.0.0.1"])


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return videos.film(tmp_path_factory.mktemp("films") / "film.mp4")


@pytest.fixture
def context(tmp_path: Path) -> TaskContext:
    return task_context(blobs=FileBlobs(tmp_path / "blobs"), http=guarded(LOOPBACK))


def from_url(context: TaskContext, respond: Respond, operation: str = "probe", **options: Any) -> Any:
    async def scenario() -> Any:
        async with serve(respond) as lab:
            payload = {"source": {"url": f"http://127.0.0.1:{lab.port}/film"}, "operation": operation, **options}
            return await built_in_tasks().execute("process_video", payload, context)

    return asyncio.run(scenario())


def url_refused(context: TaskContext, respond: Respond) -> AttemptFailedError:
    with pytest.raises(AttemptFailedError) as caught:
        from_url(context, respond)
    return caught.value


def test_a_source_may_be_a_url(context: TaskContext, film: Path, temporary: Path) -> None:
    output = from_url(context, always(answer("200 OK", body=film.read_bytes())), "thumbnail", output="t.jpg")
    assert output["source"]["size_bytes"] == film.stat().st_size
    assert asyncio.run(context.files.read("t.jpg"))[:2] == b"\xff\xd8"
    assert list(temporary.iterdir()) == []


def test_a_url_whose_server_refuses_is_retried_where_that_can_help(context: TaskContext) -> None:
    gone = url_refused(context, always(answer("404 Not Found", body=b"no film")))
    assert (gone.error_code, gone.retryable) == ("HTTP_STATUS", False)
    busy = url_refused(context, always(answer("503 Busy", ["Retry-After: 7"])))
    assert (busy.error_code, busy.retryable, busy.retry_after_seconds) == ("HTTP_STATUS", True, 7)


def test_a_url_that_leads_inside_is_refused(context: TaskContext) -> None:
    inside = always(answer("302 Found", ["Location: http://169.254.169.254/latest/meta-data"]))
    error = url_refused(context, inside)
    assert (error.error_code, error.retryable) == ("BLOCKED_ADDRESS", False)


def test_a_source_that_is_too_large_is_left(context: TaskContext, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_work, "LARGEST_BYTES", 10_000)
    error = url_refused(context, always(answer("200 OK", body=film.read_bytes())))
    assert (error.error_code, error.retryable) == ("SOURCE_TOO_LARGE", False)
    assert "10000 bytes" in error.message


def test_a_full_disk_is_said_to_be_one(context: TaskContext, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    error = url_refused(context, always(answer("200 OK", body=b"x")))
    assert (error.error_code, error.retryable) == ("NO_SPACE", True)

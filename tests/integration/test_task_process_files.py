"""The tenant's files, and temporary ones, in task processes: the worker moves the bytes, and tidies up."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_task_processes import Recorder, do, new_pool, run
from tests.server_process import eventually
from tests.task_contexts import task_context
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.processes.pool import ProcessPool
from tickwell.domain.completion import PendingCompletion
from tickwell.domain.errors import AttemptFailedError, AttemptLostError


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPool]:
    made = new_pool(tmp_path_factory.mktemp("site") / "site")
    yield made
    made.close()


def test_files_pass_through_the_worker(pool: ProcessPool, tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    output = run(pool, "files", "tea", context=task_context(blobs=blobs))
    found = [["notes/tea.txt", 3], ["notes/twice.txt", 6]]
    assert output == ["teatea", found, ["notes/tea.txt", "notes/twice.txt"]]
    assert blobs.get("tenants/t1/files/notes/tea.txt") == b"tea"


def test_a_file_may_be_larger_than_a_frame(pool: ProcessPool, tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blobs.put("tenants/t1/files/large", b"x" * 15_000_000, content_type="text/plain")
    assert len(run(pool, "read_file", "large", context=task_context(blobs=blobs))) == 15_000_000


@pytest.mark.parametrize(
    ("name", "code"), [("nothing", "FILE_NOT_FOUND"), ("../t2/files/x", "INVALID_FILE_NAME"), ("", "INVALID_FILE_NAME")]
)
def test_what_cannot_be_read_fails_in_the_child_as_it_would_in_the_worker(
    pool: ProcessPool, tmp_path: Path, name: str, code: str
) -> None:
    pid = run(pool, "pid")
    with pytest.raises(AttemptFailedError) as caught:
        run(pool, "read_file", name, context=task_context(blobs=FileBlobs(tmp_path)))
    assert (caught.value.error_code, caught.value.retryable) == (code, False)
    assert run(pool, "pid") == pid


class _Broken(FileBlobs):
    """Fails in a way that nobody foresaw."""

    def fetch(self, name: str, path: Path) -> None:
        raise RuntimeError(f"internal: {name} {path}")


def test_a_fault_of_the_worker_is_told_without_internals(
    pool: ProcessPool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AttemptFailedError, match="could not do") as caught:
        run(pool, "read_file", "x", context=task_context(blobs=_Broken(tmp_path)))
    assert (caught.value.error_code, caught.value.retryable) == ("WORKER_FAILED", True)
    assert "internal: tenants/t1/files/x" in caplog.text


class _Slow(FileBlobs):
    """Waits until it is let go; makes the file ``asked`` before."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked = folder / "asked"
        self.go_on = threading.Event()

    def fetch(self, name: str, path: Path) -> None:  # noqa: ARG002 - the port's signature
        self.asked.touch()
        self.go_on.wait(20)


def test_a_process_with_a_question_left_open_is_not_used_again(pool: ProcessPool, tmp_path: Path) -> None:
    blobs = _Slow(tmp_path)

    async def leave() -> Any:
        pid = await do(pool, "ask_and_leave", str(blobs.asked), context=task_context(blobs=blobs))
        blobs.go_on.set()
        return pid

    pid = asyncio.run(leave())
    assert run(pool, "pid") != pid


def test_temporary_files_go_with_the_attempt(pool: ProcessPool) -> None:
    folder = Path(run(pool, "temporary_file", "left behind"))
    assert folder.parent.name.startswith("tickwell-attempt-")
    assert not folder.parent.exists()


def test_temporary_files_go_also_when_the_process_dies(
    pool: ProcessPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(AttemptLostError):
        run(pool, "temporary_file", "exit")
    eventually(lambda: not list(tmp_path.iterdir()))


def test_a_task_may_say_that_its_work_goes_on_elsewhere(pool: ProcessPool) -> None:
    assert run(pool, "hands_on") == PendingCompletion(timeout_seconds=60)


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_task_may_ask_whether_it_was_cancelled(pool: ProcessPool, cancelled: bool) -> None:
    answer: Any = run(pool, "asks_whether_cancelled", context=task_context(lifeline=Recorder(cancelled=cancelled)))
    assert answer is cancelled

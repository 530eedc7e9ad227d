"""Tasks in child processes, for real: what they return, and what is done about those that never do."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import eventually
from tests.task_contexts import task_context
from tests.tasks_package import child_path
from tickwell.adapters.processes.pool import ChildSettings, ProcessPool
from tickwell.application.lifeline import Lifeline
from tickwell.application.task import TaskContext
from tickwell.application.task_processes import LEAST_PATIENCE_SECONDS, TaskProcess, TaskRaisedError, taken
from tickwell.bootstrap.task_process import child_environment
from tickwell.domain.errors import AttemptCancelledError, AttemptFailedError, AttemptLostError
from tickwell.domain.lane import Lane
from tickwell.domain.progress import Progress

COMMAND = [sys.executable, "-m", "tickwell.bootstrap.task_process"]
WORKER = {"PATH": os.environ["PATH"], "TICKWELL_SMTP_PASSWORD": "geheim-1", "AWS_SECRET_ACCESS_KEY": "geheim-2"}


class Recorder(Lifeline):
    """Keeps the signs that came; ``cancelled`` answers them with the word that the attempt is not wanted."""

    def __init__(self, *, cancelled: bool = False) -> None:
        self.cancelled = cancelled
        self.signs: list[Progress | None] = []

    async def sign(self, progress: Progress | None = None) -> None:
        self.signs.append(progress)
        if self.cancelled:
            raise AttemptCancelledError


def new_pool(folder: Path, *, size: int = 2, kind: type[ProcessPool] = ProcessPool, **options: Any) -> ProcessPool:
    settings = ChildSettings(memory_mb=1024, idle_seconds=options.pop("idle_seconds", 60.0))
    environment = child_environment(WORKER, child_path(folder), variables=(), cloud=False)
    return kind(COMMAND, environment, settings, size=size, **options)


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[ProcessPool]:
    made = new_pool(tmp_path / "site")
    yield made
    made.close()


async def do(
    pool: ProcessPool, deed: str, text: str = "", *, task: str = "deed", context: TaskContext | None = None
) -> Any:
    context = context or task_context()
    async with taken(pool, context, Lane.MEDIUM, lease_seconds=300, patience_seconds=60) as process:
        return await process.run(task, {"do": deed, "text": text}, context)


def run(pool: ProcessPool, deed: str, text: str = "", **options: Any) -> Any:
    return asyncio.run(do(pool, deed, text, **options))


async def limited(pool: ProcessPool, deed: str, text: str = "", *, seconds: float) -> tuple[bool, float]:
    """Whether the limit ended it, and after how long."""
    context = task_context()
    async with taken(pool, context, Lane.MEDIUM, lease_seconds=300, patience_seconds=60) as process:
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                await process.run("deed", {"do": deed, "text": text}, context)
        except TimeoutError:
            return True, time.monotonic() - began
    return False, time.monotonic() - began


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_task_returns_its_output_and_knows_its_attempt(pool: ProcessPool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    context = task_context(attempt=2)
    output = run(pool, "log", "tea", context=context)
    assert output == {"key": context.idempotency_key, "attempt": 2, "job": context.job_id}
    [entry] = context.logbook.entries()
    assert (entry.level, entry.message, entry.metadata) == ("info", "working", {"order": "tea"})
    eventually(lambda: "printed by the task" in [getattr(record, "line", "") for record in caplog.records])


def test_an_async_task_of_a_user_runs_in_a_process_too(pool: ProcessPool) -> None:
    context = task_context()
    text, pid = run(pool, "", "hello", task="polite_deed", context=context)
    assert text == "hello"
    assert pid != os.getpid()
    assert [entry.message for entry in context.logbook.entries()] == ["polite"]


def test_progress_and_heartbeats_reach_the_lifeline(pool: ProcessPool) -> None:
    lifeline = Recorder()
    context = task_context(lifeline=lifeline)
    assert run(pool, "signs", context=context) == "went on"
    *waiting, first, second = lifeline.signs
    assert not any(waiting), "a process that takes long to start is signed for, too"
    assert first is not None
    assert (first.percent, first.message) == (40, "less than half")
    assert second is None


def test_a_cancelled_task_is_told_at_its_heartbeat_and_its_process_stays(pool: ProcessPool) -> None:
    pid = run(pool, "pid")
    context = task_context(lifeline=Recorder(cancelled=True))
    with pytest.raises(AttemptCancelledError):
        run(pool, "listens", context=context)
    assert [entry.message for entry in context.logbook.entries()] == ["told to end"]
    assert run(pool, "pid") == pid


def test_a_failure_keeps_its_code_and_what_it_says_of_retries(pool: ProcessPool) -> None:
    with pytest.raises(AttemptFailedError) as caught:
        run(pool, "refuse", "no tea left")
    error = caught.value
    assert (error.error_code, error.message) == ("SOLD_OUT", "no tea left")
    assert (error.retryable, error.retry_after_seconds) == (False, 7)


def test_any_other_error_comes_with_its_message_and_traceback(pool: ProcessPool) -> None:
    with pytest.raises(TaskRaisedError, match="bad thing: tea") as caught:
        run(pool, "raise", "tea")
    assert "own_tasks.py" in caught.value.trace
    assert "ValueError" in caught.value.trace


def test_sys_exit_ends_the_attempt_and_not_the_process(pool: ProcessPool) -> None:
    pid = run(pool, "pid")
    with pytest.raises(TaskRaisedError):
        run(pool, "system_exit")
    assert run(pool, "pid") == pid


def test_what_an_attempt_left_behind_does_not_speak_for_the_next_one(pool: ProcessPool) -> None:
    pid = run(pool, "leave_a_thread")
    context = task_context(lifeline=Recorder())
    assert run(pool, "after_the_thread", context=context) == [pid, ["to end"]]
    assert [entry.message for entry in context.logbook.entries()] == ["mine"]


@pytest.mark.parametrize("deed", ["spin", "blocked_socket"])
def test_the_limit_ends_a_task_whatever_it_does(pool: ProcessPool, deed: str) -> None:
    async def both() -> tuple[tuple[bool, float], Any]:
        return await asyncio.gather(limited(pool, deed, seconds=2), do(pool, "", "x", task="polite_deed"))

    pid = run(pool, "pid")
    (ended, seconds), neighbour = asyncio.run(both())
    eventually(lambda: not is_running(pid))
    assert ended
    assert 2 <= seconds < 30
    assert neighbour[0] == "x"
    assert len({pid, neighbour[1], run(pool, "pid")}) == 2


def test_the_limit_takes_along_what_the_task_has_started(pool: ProcessPool, tmp_path: Path) -> None:
    note = tmp_path / "grandchild"

    async def limited_once_begun() -> None:
        async with asyncio.timeout(None) as limit:
            running = asyncio.create_task(do(pool, "grandchild", str(note)))
            while not running.done() and not (note.exists() and note.read_text()):  # noqa: ASYNC110 - of a process
                await asyncio.sleep(0.02)
            limit.reschedule(asyncio.get_running_loop().time() + 0.1)
            await running

    with pytest.raises(TimeoutError):
        asyncio.run(limited_once_begun())
    pid = int(note.read_text())
    eventually(lambda: not is_running(pid))


@pytest.mark.parametrize(("deed", "how"), [("exit", "exit code 3"), ("segfault", "SIGSEGV"), ("kill", "SIGKILL")])
def test_a_process_that_dies_by_itself_is_a_loss_and_is_replaced(pool: ProcessPool, deed: str, how: str) -> None:
    pid = run(pool, "pid")
    with pytest.raises(AttemptLostError, match=how) as caught:
        run(pool, deed)
    assert caught.value.error_code == "PROCESS_DIED"
    assert run(pool, "pid") != pid


def test_a_task_cannot_use_up_the_machines_memory(pool: ProcessPool) -> None:
    pid = run(pool, "pid")
    with pytest.raises(AttemptFailedError) as caught:
        run(pool, "memory")
    assert caught.value.error_code == "OUT_OF_MEMORY"
    assert run(pool, "pid") != pid


def test_an_output_has_a_largest_size(pool: ProcessPool) -> None:
    assert len(run(pool, "large")) == 15 * 1024 * 1024
    with pytest.raises(AttemptFailedError) as caught:
        run(pool, "huge")
    assert (caught.value.error_code, caught.value.retryable) == ("OUTPUT_TOO_LARGE", False)
    assert isinstance(run(pool, "pid"), int)


def test_an_output_that_is_not_json_fails_as_elsewhere(pool: ProcessPool) -> None:
    with pytest.raises(AttemptFailedError) as caught:
        run(pool, "not_json")
    assert (caught.value.error_code, caught.value.retryable) == ("OUTPUT_NOT_JSON", False)


def test_a_process_stays_warm_for_the_next_attempt_also_of_another_event_loop(pool: ProcessPool) -> None:
    assert len({run(pool, "pid") for _ in range(3)}) == 1


def test_a_process_is_replaced_after_so_many_attempts(tmp_path: Path) -> None:
    pool = new_pool(tmp_path / "site", most_attempts=2)
    with contextlib.closing(pool):
        pids = [run(pool, "pid") for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_process_that_ended_while_it_was_idle_costs_no_attempt(tmp_path: Path) -> None:
    pool = new_pool(tmp_path / "site", idle_seconds=0.2)
    with contextlib.closing(pool):
        pid = run(pool, "pid")
        eventually(lambda: not is_running(pid))
        assert run(pool, "pid") != pid


def test_no_more_processes_run_than_there_are_places(tmp_path: Path) -> None:
    pool = new_pool(tmp_path / "site", size=1)

    async def three() -> list[Any]:
        return await asyncio.gather(*(do(pool, "pid") for _ in range(3)))

    with contextlib.closing(pool):
        assert len(set(asyncio.run(three()))) == 1


class Never:
    """Processes of which none ever becomes free."""

    def __init__(self) -> None:
        self.waits = 0

    async def take(self, _lane: Lane) -> TaskProcess:
        self.waits += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.waits -= 1
        raise AssertionError

    def give_back(self, process: TaskProcess) -> None:
        raise AssertionError(process)


def test_the_wait_for_a_process_is_signed_for_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickwell.application.task_processes.LEAST_PATIENCE_SECONDS", 0.5)
    lifeline, never = Recorder(), Never()
    context = task_context(lifeline=lifeline)

    async def wait() -> None:
        async with taken(never, context, Lane.MEDIUM, lease_seconds=0.4, patience_seconds=0):
            raise AssertionError

    with pytest.raises(AttemptFailedError) as caught:
        asyncio.run(wait())
    assert (caught.value.error_code, caught.value.retryable) == ("NO_PROCESS", True)
    assert lifeline.signs
    assert never.waits == 0
    assert LEAST_PATIENCE_SECONDS >= 10


def test_a_wait_for_a_process_ends_when_the_job_is_cancelled() -> None:
    context = task_context(lifeline=Recorder(cancelled=True))

    async def wait() -> None:
        async with taken(Never(), context, Lane.MEDIUM, lease_seconds=0.2, patience_seconds=60):
            raise AssertionError

    with pytest.raises(AttemptCancelledError):
        asyncio.run(wait())


def test_the_process_sees_none_of_the_workers_secrets(pool: ProcessPool) -> None:
    seen = run(pool, "environment")
    assert "geheim" not in str(seen)
    assert not [name for name in seen if name.startswith(("TICKWELL_", "AWS_"))]


def test_tasks_see_the_variables_that_were_named_and_in_the_cloud_their_role() -> None:
    worker = {**WORKER, "SHOP_TOKEN": "for tasks", "OTHER": "not for tasks"}
    seen = child_environment(worker, [], variables=("SHOP_TOKEN",), cloud=True)
    assert (seen["SHOP_TOKEN"], seen["AWS_SECRET_ACCESS_KEY"]) == ("for tasks", "geheim-2")
    assert not {"OTHER", "TICKWELL_SMTP_PASSWORD"} & set(seen)


def test_mail_is_not_to_be_had_in_a_process(pool: ProcessPool) -> None:
    with pytest.raises(AttemptFailedError) as caught:
        run(pool, "mail")
    assert (caught.value.error_code, caught.value.retryable) == ("NOT_AVAILABLE", False)


def test_http_from_a_process_is_guarded(pool: ProcessPool) -> None:
    with pytest.raises(AttemptFailedError) as caught:
        run(pool, "http", "http://127.0.0.1:1/")
    assert caught.value.error_code == "BLOCKED_ADDRESS"


_WORKER = """
import asyncio, sys
from pathlib import Path
from tests.integration.test_task_processes import new_pool, do
pool = new_pool(Path(sys.argv[1]))
async def main():
    print(await do(pool, "pid"), flush=True)
    await do(pool, sys.argv[2])
asyncio.run(main())
"""


@pytest.mark.parametrize("deed", ["spin", "blocked_socket"])
def test_a_worker_that_is_killed_leaves_no_process(tmp_path: Path, deed: str) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(tmp_path / "site"), deed], stdout=subprocess.PIPE, text=True
    )
    with worker:
        assert worker.stdout is not None
        pid = int(worker.stdout.readline())
        worker.send_signal(signal.SIGKILL)
    eventually(lambda: not is_running(pid))

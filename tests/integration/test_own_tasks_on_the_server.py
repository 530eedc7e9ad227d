"""Users' tasks on the local server as a process of its own, found by their entry point."""

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_task_processes import is_running
from tests.server_process import ServerProcess, eventually, running, spawn
from tests.tasks_package import install_tasks


def order(server: ServerProcess, deed: str, text: str = "", **fields: Any) -> str:
    payload = {"do": deed, "text": text}
    body = {"name": deed, "task": "deed", "payload": payload, "max_retries": 0, **fields}
    return str(server.data("POST", "/api/v1/jobs", body)["id"])


def executions(server: ServerProcess, job_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.data("GET", f"/api/v1/jobs/{job_id}/executions")["executions"]
    return [execution for execution in found if execution["status"] != "running"]


def has_ended(pid: int) -> bool:
    return not is_running(pid)


def test_a_busy_loop_ends_at_its_limit_while_other_jobs_run(tmp_path: Path) -> None:
    path = install_tasks(tmp_path / "site")
    with running(tmp_path / "data", {"PYTHONPATH": path, "TICKWELL_TASK_PROCESSES": "2"}) as server:
        server.register()
        busy = order(server, "spin", timeout_seconds=2)
        neighbour = order(server, "pid")
        heavy = order(server, "pid", task="heavy_deed")
        (stopped,) = eventually(lambda: executions(server, busy))
        assert stopped["status"] == "timeout"
        assert 2000 <= stopped["duration_ms"] < 20_000
        (done,) = eventually(lambda: executions(server, neighbour))
        assert done["status"] == "success"
        assert eventually(lambda: executions(server, heavy))[0]["status"] == "success"
        assert "heavy" in server.call("GET", "/api/v1/dashboard/health")[1]["services"]["queue"]["metrics"]["lanes"]
        status, _ = server.call("POST", "/api/v1/jobs", {"name": "x", "task": "deed", "payload": {"do": 1}})
        assert status == 422


def test_the_processes_end_with_the_server_however_it_ends(tmp_path: Path) -> None:
    path = install_tasks(tmp_path / "site")
    for number in (signal.SIGTERM, signal.SIGKILL):
        with running(tmp_path / "data", {"PYTHONPATH": path, "TICKWELL_TASK_PROCESSES": "1"}) as server:
            server.register(f"{number.name.lower()}@example.com")
            job = order(server, "pid")
            pid = eventually(partial(executions, server, job))[0]["output"]
            assert is_running(pid)
            assert pid != os.getpid()
            server.process.send_signal(number)
            server.process.wait(120)
        eventually(partial(has_ended, pid))


_NOT_TO_BE_HAD = ["tests.no_such_module:tasks", "tests.own_tasks:Order", "tests.own_tasks:nothing"]


@pytest.mark.parametrize("value", [*_NOT_TO_BE_HAD, "tickwell.tasks.echo:ECHO"])
def test_a_broken_entry_point_stops_the_start_with_its_name(tmp_path: Path, value: str) -> None:
    path = install_tasks(tmp_path / "site", value=value)
    with spawn(tmp_path / "data", PYTHONPATH=path) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert f"entry point own ({value})" in output

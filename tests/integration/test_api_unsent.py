"""What is accepted while no lane takes a message is accepted all the same, and the log says so."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from tests.api_hosts import Client, new_api
from tests.world import World
from tickwell.domain.errors import UnavailableError
from tickwell.domain.lane import Lane

JOBS = "/api/v1/jobs"
IN_A_MINUTE = 1795348860  # 2026-11-22T12:01:00Z; the tests' clock says twelve
MAIL = {"to": "grace@example.com", "subject": "Hello", "body": "Hello.", "scheduledTime": IN_A_MINUTE}


@pytest.fixture
def ada(open_world: Callable[[], World]) -> Client:
    world = open_world()
    down: Any = _Down()
    arming = replace(world.core.arming, lanes=dict.fromkeys(Lane, down))
    return new_api("asgi", replace(world, core=replace(world.core, arming=arming))).user()


class _Down:
    """A lane that nobody reaches."""

    def send(self, *_: Any) -> NoReturn:
        raise UnavailableError("sqs", "down")


def unsent(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [one.__dict__ for one in caplog.records if getattr(one, "action", None) == "job.unsent"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (JOBS, {"name": "a job"}),
        (f"{JOBS}/generate", {"prompt": "A lighthouse"}),
        ("/api/v1/emails/schedule", MAIL),
    ],
)
def test_a_job_is_named(ada: Client, caplog: pytest.LogCaptureFixture, path: str, body: Any) -> None:
    answer = ada("POST", path, body)
    assert answer.status == 201, answer.json
    (told,) = unsent(caplog)
    assert told["job_id"] == answer.data["id"]
    assert told["request_id"]


def test_a_job_that_is_to_run_once_more_is_named(ada: Client, caplog: pytest.LogCaptureFixture) -> None:
    job_id = ada("POST", JOBS, {"name": "a job"}).data["id"]
    child_id = ada("POST", f"{JOBS}/{job_id}/execute").data["child_id"]
    assert [told["job_id"] for told in unsent(caplog)] == [job_id, child_id]


@pytest.mark.parametrize(
    ("method", "path", "body", "count"),
    [
        ("POST", f"{JOBS}/batch", {"jobs": [{"name": "one"}, {"name": "two"}, {"name": ""}]}, 2),
        ("PUT", f"{JOBS}/by-key/one", {"name": "one"}, 1),
        ("POST", f"{JOBS}/apply", {"jobs": [{"key": key, "name": key} for key in ("one", "two")]}, 2),
    ],
)
def test_many_jobs_are_counted(
    ada: Client, caplog: pytest.LogCaptureFixture, method: str, path: str, body: Any, count: int
) -> None:
    assert ada(method, path, body).status in {200, 201}
    (told,) = unsent(caplog)
    assert told["count"] == count
    assert told["request_id"]

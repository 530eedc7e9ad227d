"""The simulation: the whole system, driven through its API, on a clock that jumps."""

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tickwell.application.plain_context import PlainContext
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.tasks.define import task
from tickwell.testing import HttpRequest, HttpResponse, SimulatedTickwell, http_answer

START = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)
JOBS = "/api/v1/jobs"


class Anything(BaseModel):
    """What the tasks below take."""

    seconds: float = 0.0


@task()
async def sleep(payload: Anything, context: TaskContext) -> str:
    """Sleeps."""
    await asyncio.sleep(payload.seconds)
    return context.now().isoformat()


@task()
def plain(_payload: Anything, context: PlainContext) -> list[object]:
    """Runs in a thread, and speaks with the loop."""
    before = context.now()
    context.progress(50, "half")
    time.sleep(0.02)
    return [threading.current_thread() is threading.main_thread(), context.now() == before]


@task()
def fail(_payload: Anything, _context: PlainContext) -> None:
    """Never succeeds."""
    raise AttemptFailedError("NO_LUCK", "again no luck")


@task()
def leave(_payload: Anything, _context: PlainContext) -> None:
    """Ends its process, if it has one."""
    raise SystemExit(3)


@pytest.fixture
def tickwell() -> Iterator[SimulatedTickwell]:
    with SimulatedTickwell(start=START, tasks=[sleep, plain, fail, leave]) as made:
        yield made


def create(tickwell: SimulatedTickwell, task: str, **fields: Any) -> str:
    job_id: str = tickwell.request("POST", JOBS, {"name": "a job", "task": task, "payload": {}, **fields}).data["id"]
    return job_id


def statuses(tickwell: SimulatedTickwell, job_id: str) -> list[str]:
    return [one["status"] for one in tickwell.executions(job_id)]


def test_nothing_runs_before_time_is_given(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "echo")
    assert tickwell.job(job_id)["state"] == "waiting"
    tickwell.advance()
    assert statuses(tickwell, job_id) == ["success"]
    assert tickwell.now() == START


def test_a_daily_job_keeps_to_the_wall_clock_through_a_change(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "echo", cron_expression="30 2 * * *", timezone="Europe/Berlin")
    tickwell.advance(days=3)
    due = [one["due_at"] for one in tickwell.executions(job_id)]
    assert due == ["2027-03-28T01:00:00.000Z", "2027-03-29T00:30:00.000Z", "2027-03-30T00:30:00.000Z"]
    started = [one["started_at"] for one in tickwell.executions(job_id)]
    assert started == due


def test_what_is_due_at_the_very_end_is_done(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "echo", delay_seconds=90)
    tickwell.advance(seconds=89.999)
    assert statuses(tickwell, job_id) == []
    tickwell.advance(seconds=0.001)
    assert statuses(tickwell, job_id) == ["success"]


def test_a_job_two_years_ahead_starts_to_the_second(tickwell: SimulatedTickwell) -> None:
    at = START + timedelta(days=730, seconds=17)
    job_id = create(tickwell, "echo", scheduled_time=at.isoformat())
    tickwell.advance_to(at + timedelta(days=1))
    (execution,) = tickwell.executions(job_id)
    assert datetime.fromisoformat(execution["started_at"]) == at


def test_a_failing_job_is_retried_given_up_and_told_of(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "fail")
    tickwell.advance(hours=2)
    executions = tickwell.executions(job_id)
    assert [one["status"] for one in executions] == ["failed"] * 4
    begun = [datetime.fromisoformat(one["started_at"]) - START for one in executions]
    assert all(after - before >= timedelta(seconds=45) for before, after in itertools.pairwise(begun))
    (letter,) = tickwell.request("GET", "/api/v1/dead-letters").data["dead_letters"]
    assert letter["job_id"] == job_id
    (mail,) = tickwell.mails()
    assert "again no luck" in mail.get_content()


def test_a_task_that_sleeps_takes_simulated_time_only(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "sleep", payload={"seconds": 200})
    begun = time.perf_counter()
    tickwell.advance(seconds=199)
    assert tickwell.job(job_id)["state"] == "running"
    tickwell.advance(seconds=1)
    (execution,) = tickwell.executions(job_id)
    assert (execution["status"], execution["duration_ms"]) == ("success", 200_000)
    assert time.perf_counter() - begun < 20


def test_the_time_limit_is_one_of_simulated_time(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "sleep", payload={"seconds": 9000}, timeout_seconds=60, max_retries=0)
    tickwell.advance(minutes=5)
    (execution,) = tickwell.executions(job_id)
    assert (execution["status"], execution["duration_ms"]) == ("timeout", 60_000)


def test_a_plain_function_runs_in_a_thread_while_time_stands_still(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "plain")
    create(tickwell, "sleep", payload={"seconds": 1})
    tickwell.advance(seconds=10)
    (execution,) = tickwell.executions(job_id)
    assert execution["output"] == [False, True]


def test_a_running_job_is_cancelled(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "sleep", payload={"seconds": 100})
    tickwell.advance(seconds=10)
    assert tickwell.request("POST", f"{JOBS}/{job_id}/cancel").status == 200
    tickwell.advance(seconds=5)
    assert statuses(tickwell, job_id) == ["cancelled"]


def test_a_task_that_would_end_its_process_ends_its_attempt(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "leave", max_retries=0)
    tickwell.advance(minutes=1)
    assert statuses(tickwell, job_id) == ["failed"]


def test_as_many_run_at_a_time_as_the_settings_say() -> None:
    with SimulatedTickwell(start=START, tasks=[sleep], settings={"worker_concurrency": 2}) as tickwell:
        for _ in range(5):
            create(tickwell, "sleep", payload={"seconds": 10})
        tickwell.advance(seconds=10.5)
        ended = [statuses(tickwell, job["id"]) for job in tickwell.request("GET", JOBS).data["jobs"]]
        assert ended.count(["success"]) == 2
        tickwell.advance(seconds=20)
        ended = [statuses(tickwell, job["id"]) for job in tickwell.request("GET", JOBS).data["jobs"]]
        assert ended.count(["success"]) == 5


def test_the_safety_sync_repairs_what_was_lost(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "echo", delay_seconds=30)
    with tickwell._database.transaction() as cursor:
        cursor.execute("DELETE FROM queue_messages")
    tickwell.advance(seconds=59)
    assert statuses(tickwell, job_id) == []
    tickwell.advance(seconds=1)
    assert statuses(tickwell, job_id) == ["success"]


def test_what_was_received_too_often_is_given_up_at_once(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "echo", delay_seconds=30)
    with tickwell._database.transaction() as cursor:
        cursor.execute("UPDATE queue_messages SET receives = 10")
    tickwell.advance(seconds=30)
    with tickwell._database.read() as cursor:
        assert cursor.execute("SELECT COUNT(*) FROM queue_messages WHERE queue = 'lane-dlq'").fetchone() == (0,)
    tickwell.advance(minutes=1)
    assert statuses(tickwell, job_id)


def test_webhooks_are_answered_as_the_test_says() -> None:
    asked: list[HttpRequest] = []

    def answering(request: HttpRequest) -> HttpResponse:
        asked.append(request)
        return http_answer(request, 204 if len(asked) > 1 else 500)

    with SimulatedTickwell(start=START, tasks=[fail], http=answering) as tickwell:
        hook = {"url": "https://hooks.example/tickwell"}
        assert tickwell.request("POST", "/api/v1/webhooks", hook).status == 201
        create(tickwell, "fail", max_retries=0)
        tickwell.advance(hours=1)
    assert [request.url for request in asked] == [hook["url"], hook["url"]]
    assert dict(asked[0].headers)["webhook-id"] == dict(asked[1].headers)["webhook-id"]


def test_no_network_is_touched_unless_the_test_answers(tickwell: SimulatedTickwell) -> None:
    job_id = create(tickwell, "http_request", payload={"url": "https://example.com/"})
    tickwell.advance(hours=1)
    (execution,) = tickwell.executions(job_id)
    assert execution["error_code"] == "NO_NETWORK"


def test_requests_are_answered_a_year_later(tickwell: SimulatedTickwell) -> None:
    tickwell.advance(days=400)
    assert tickwell.request("GET", JOBS).status == 200
    assert tickwell.request("GET", JOBS, headers={"Authorization": ""}).status == 401


def test_the_same_seed_gives_the_same_ids() -> None:
    def ids(seed: int) -> str:
        with SimulatedTickwell(start=START, seed=seed) as tickwell:
            return create(tickwell, "echo")

    assert ids(1) == ids(1)
    assert ids(1) != ids(2)


def test_what_runs_at_the_end_is_abandoned() -> None:
    with SimulatedTickwell(start=START, tasks=[sleep]) as tickwell:
        create(tickwell, "sleep", payload={"seconds": 100})
        tickwell.advance(seconds=1)


def test_time_does_not_run_backwards(tickwell: SimulatedTickwell) -> None:
    with pytest.raises(ValueError, match="backwards"):
        tickwell.advance(seconds=-1)


def test_the_environment_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKWELL_WORKER_CONCURRENCY", "none of your business")
    monkeypatch.setenv("TICKWELL_RATE_LIMIT_PER_HOUR", "1")
    with SimulatedTickwell(start=START) as tickwell:
        assert [tickwell.request("POST", JOBS, {"name": "a"}).status for _ in range(3)] == [201, 201, 201]


@pytest.mark.parametrize("settings", [{"worker_places": 3}, {"worker_concurrency": 0}])
def test_a_wrong_setting_is_an_error(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(settings))):
        SimulatedTickwell(settings=settings)


def test_a_fault_of_the_system_is_raised(tickwell: SimulatedTickwell) -> None:
    create(tickwell, "echo")
    with tickwell._database.transaction() as cursor:
        cursor.execute("DROP TABLE executions")
    with pytest.raises(Exception, match="executions"):
        tickwell.advance(seconds=1)


HANDED_ON = {"name": "x", "task": "hand_on", "payload": {}, "max_retries": 0}


def test_a_task_may_hand_its_work_on_and_be_completed_by_request() -> None:
    given: list[tuple[str, str]] = []

    @task()
    def hand_on(_payload: Anything, context: PlainContext) -> Any:
        """Hands its work on."""
        given.append((context.execution_id, context.completion_token))
        return context.pending(timeout_seconds=7200)

    with SimulatedTickwell(start=START, tasks=[hand_on]) as tickwell:
        jobs = [tickwell.request("POST", JOBS, HANDED_ON).data for _ in "ab"]
        tickwell.advance(hours=1)
        assert [one["pending"] for one in tickwell.executions(jobs[0]["id"])] == [True]
        identity, token = given[0]
        assert tickwell.request("POST", f"/api/v1/executions/{identity}/complete", {"token": token}).status == 200
        tickwell.advance(hours=2)
        assert [one["status"] for job in jobs for one in tickwell.executions(job["id"])] == ["success", "timeout"]

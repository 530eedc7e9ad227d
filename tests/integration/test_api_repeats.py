"""Requests that are sent again under an ``Idempotency-Key``, on both hosts and engines (X1)."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.api_hosts import Answer, Api, Client, new_api, services_of
from tests.contract.store_engines import DynamoStores, EmbeddedStores
from tests.new_world import new_world
from tests.world import World, task
from tickwell.adapters.embedded.jobs import EmbeddedJobStore
from tickwell.application.task import Task
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import Job
from tickwell.domain.submission import HOLD, SUBMISSION_LIFE

JOBS = "/api/v1/jobs"
JOB = {"name": "x", "payload": {"n": 1}}
KEY = {"Idempotency-Key": "8e03978e"}


def fail(*_: Any) -> None:
    raise ValueError("no")


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return [task("fails", fail)]


def names(client: Client) -> list[str]:
    return [job["name"] for job in client("GET", JOBS).data["jobs"]]


def assert_repeated(again: Answer, first: Answer) -> None:
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers


def test_the_same_request_is_answered_alike_whatever_became_of_the_job(api: Api, ada: Client) -> None:
    first = ada("POST", JOBS, JOB, headers=KEY)
    assert first.status == 201
    api.world.live(timedelta(minutes=1))
    assert ada("GET", f"{JOBS}/{first.data['id']}").data["status"] == "completed"
    assert ada("DELETE", f"{JOBS}/{first.data['id']}").status == 200
    assert_repeated(ada("POST", JOBS, JOB, headers=KEY), first)
    assert names(ada) == []
    api.world.clock.advance(SUBMISSION_LIFE)
    later = new_client(api)
    assert later("POST", JOBS, JOB, headers=KEY).status == 201


def new_client(api: Api) -> Client:
    """Ada, signed in once more: tokens end with the day."""
    body = {"email": "ada@example.com", "password": "Correct-Horse-9"}
    return Client(host=api.host, token=api.anonymous("POST", "/api/v1/auth/login", body).data["token"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", JOBS, {"name": "y", "payload": {"n": 1}}),
        ("POST", f"{JOBS}/batch", {"jobs": [JOB]}),
        ("POST", f"{JOBS}/x/pause", None),
    ],
)
def test_another_request_under_the_key_is_a_conflict(ada: Client, method: str, path: str, body: Any) -> None:
    ada("POST", JOBS, JOB, headers=KEY)
    answer = ada(method, path, body, headers=KEY)
    assert (answer.status, answer.json["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert names(ada) == ["x"]


def test_without_a_key_or_under_another_or_by_somebody_else_it_is_another_job(api: Api, ada: Client) -> None:
    eve = api.user("eve@example.com")
    ids = [
        client("POST", JOBS, JOB, headers=headers).data["id"]
        for client, headers in ((ada, KEY), (ada, {}), (ada, {}), (ada, {"idempotency-key": "8e03978E"}), (eve, KEY))
    ]
    assert len(set(ids)) == 5


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\xe4"])
def test_a_key_that_is_none_is_refused_by_name(ada: Client, key: str) -> None:
    answer = ada("POST", JOBS, JOB, headers={"Idempotency-Key": key})
    assert answer.fields == ["Idempotency-Key"]
    assert names(ada) == []


def test_what_was_refused_may_be_sent_again_in_better_form(ada: Client) -> None:
    for body, status in (({"name": ""}, 422), ({"name": "x", "queue": "none"}, 422), (JOB, 201)):
        assert ada("POST", JOBS, body, headers=KEY).status == status
    assert ada("POST", f"{JOBS}/x/pause", headers={"Idempotency-Key": "other"}).status == 404
    assert ada("POST", JOBS, JOB, headers={"Idempotency-Key": "other"}).status == 201


def test_reading_takes_no_key(ada: Client) -> None:
    before = ada("GET", JOBS, headers=KEY).body
    ada("POST", JOBS, JOB)
    assert ada("GET", JOBS, headers=KEY).body != before


def test_actions_queues_webhooks_batches_and_dead_letters_take_one_too(api: Api, ada: Client) -> None:
    job = ada("POST", JOBS, {"name": "later", "cron_expression": "0 9 * * *"}).data
    ada("POST", JOBS, {"name": "fails", "task": "fails", "max_retries": 0})
    api.world.live(timedelta(minutes=1))
    (letter,) = ada("GET", "/api/v1/dead-letters").data["dead_letters"]
    requests: list[tuple[str, Any]] = [
        (f"{JOBS}/{job['id']}/pause", None),
        (f"{JOBS}/{job['id']}/resume", None),
        (f"{JOBS}/{job['id']}/cancel", None),
        (f"{JOBS}/batch", {"jobs": [JOB, {"name": ""}, JOB]}),
        (f"{JOBS}/bulk", {"action": "cancel", "all": True}),
        (f"/api/v1/dead-letters/{letter['id']}/retry", None),
        ("/api/v1/queues", {"name": "images"}),
        ("/api/v1/queues/images/pause", None),
        ("/api/v1/webhooks", {"url": "https://example.com/hook", "events": ["job.failed"]}),
    ]
    for number, (path, body) in enumerate(requests):
        headers = {"Idempotency-Key": f"key-{number}"}
        first = ada("POST", path, body, headers=headers)
        assert first.status in {200, 201}, first.json
        assert_repeated(ada("POST", path, body, headers=headers), first)
    assert len(ada("GET", "/api/v1/webhooks").data["webhooks"]) == 1


class Flaky(EmbeddedJobStore):
    """Writes, and then does not answer, so many times."""

    failures = 0

    def create(self, job: Job) -> None:
        super().create(job)
        if self.failures:
            type(self).failures -= 1
            raise UnavailableError("sqlite", "SQLITE_BUSY")

    def create_many(self, jobs: Sequence[Job]) -> Sequence[bool]:
        """The second half gets no answer."""
        done = super().create_many(jobs)
        if not self.failures or len(jobs) == 1:
            return done
        type(self).failures -= 1
        return [number < len(jobs) // 2 for number in range(len(jobs))]


@pytest.fixture
def flaky(sqlite: EmbeddedStores, tmp_path: Any) -> Any:
    jobs = Flaky(sqlite.database, sqlite.stores.clock)
    world = new_world(tmp_path, replace(sqlite.stores, jobs=jobs))
    yield world
    world.close()


def test_a_failure_of_ours_is_not_kept_and_the_repetition_finds_the_same_job(flaky: World) -> None:
    ada = new_api("lambda", flaky).user()
    Flaky.failures = 1
    assert ada("POST", JOBS, JOB, headers=KEY).status == 503
    (job,) = ada("GET", JOBS).data["jobs"]
    flaky.clock.advance(1)
    again = ada("POST", JOBS, JOB, headers=KEY)
    assert (again.status, again.data["id"]) == (201, job["id"])
    assert_repeated(ada("POST", JOBS, JOB, headers=KEY), again)
    assert len(names(ada)) == 1


def _too_late_soon(world: World) -> list[dict[str, Any]]:
    """Jobs that can be created now, and not any more in half a minute."""
    soon = (world.clock.now() + timedelta(seconds=2)).isoformat()
    return [
        {"name": "over", "interval_seconds": 1, "start_at": soon, "end_at": soon},
        {"name": "refuses", "scheduled_time": soon, "misfire": "refuse"},
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_what_was_made_in_time_is_not_refused_when_its_request_is_sent_again_too_late(
    flaky: World, number: int
) -> None:
    ada = new_api("lambda", flaky).user()
    body = _too_late_soon(flaky)[number]
    Flaky.failures = 1
    assert ada("POST", JOBS, body, headers=KEY).status == 503
    (job,) = ada("GET", JOBS).data["jobs"]
    flaky.clock.advance(31)
    again = ada("POST", JOBS, body, headers=KEY)
    assert (again.status, again.data["id"]) == (201, job["id"])
    assert ada("POST", JOBS, body, headers={"Idempotency-Key": "another"}).status == 422


def test_neither_are_those_of_a_batch(flaky: World) -> None:
    ada = new_api("lambda", flaky).user()
    Flaky.failures = 1
    batch = {"jobs": [*_too_late_soon(flaky), JOB, JOB]}
    first = ada("POST", f"{JOBS}/batch", batch, headers=KEY)
    assert [result["success"] for result in first.data["results"]] == [True, True, False, False]
    flaky.clock.advance(31)
    again = ada("POST", f"{JOBS}/batch", batch, headers=KEY)
    assert again.data["created"] == 4
    assert [result["data"]["id"] for result in again.data["results"]][:2] == [
        result["data"]["id"] for result in first.data["results"][:2]
    ]
    late = ada("POST", f"{JOBS}/batch", batch, headers={"Idempotency-Key": "another"})
    assert [result["success"] for result in late.data["results"]] == [False, False, True, True]


def test_a_batch_that_is_sent_again_is_completed(flaky: World) -> None:
    ada = new_api("lambda", flaky).user()
    Flaky.failures = 1
    batch = {"jobs": [{"name": f"job {number}", "description": "d"} for number in range(4)]}
    first = ada("POST", f"{JOBS}/batch", batch, headers=KEY)
    assert (first.data["created"], first.headers["idempotency-incomplete"]) == (2, "true")
    flaky.clock.advance(1)
    again = ada("POST", f"{JOBS}/batch", batch, headers=KEY)
    assert again.data["created"] == 4
    assert "idempotency-incomplete" not in again.headers
    assert sorted(names(ada)) == [f"job {number}" for number in range(4)]
    assert_repeated(ada("POST", f"{JOBS}/batch", batch, headers=KEY), again)
    flaky.live(timedelta(minutes=6))
    assert {job["status"] for job in ada("GET", JOBS).data["jobs"]} == {"completed"}


@pytest.mark.parametrize("engine", ["sqlite", "dynamodb"])
def test_many_at_the_same_time_make_one_job(engine: str, request: pytest.FixtureRequest, tmp_path: Any) -> None:
    made: EmbeddedStores | DynamoStores = request.getfixturevalue(engine)
    world = new_world(tmp_path, made.stores)
    hosts = [new_api("asgi", world, services=services_of(world)) for _ in range(2)]
    ada = hosts[0].user()
    start = threading.Barrier(6)

    def send(number: int) -> Answer:
        start.wait(10)
        return Client(host=hosts[number % 2].host, token=ada.token)("POST", JOBS, JOB, headers=KEY)

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(send, range(6)))
    done = [answer for answer in answers if answer.status == 201]
    others = [answer for answer in answers if answer.status != 201]
    assert len({answer.body for answer in done}) == 1
    assert {(answer.status, answer.json["code"], answer.headers["retry-after"]) for answer in others} <= {
        (409, "IDEMPOTENCY_IN_PROGRESS", "1")
    }
    assert_repeated(
        ada("POST", JOBS, JOB, headers=KEY), next(a for a in done if "idempotency-replayed" not in a.headers)
    )
    assert len(names(ada)) == 1
    world.clock.advance(HOLD)
    assert ada("POST", JOBS, JOB, headers=KEY).headers["idempotency-replayed"] == "true"
    world.close()

"""The queue that a task chooses for its jobs."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from tickwell.sdk import PlainContext, task
from tickwell.testing import SimulatedTickwell

JOBS = "/api/v1/jobs"


class Order(BaseModel):
    """Anything."""


@task(queue="kitchen")
def cook(_order: Order, _context: PlainContext) -> None:
    """Cooks."""


@task(queue="kitchen", heavy=True)
def roast(_order: Order, _context: PlainContext) -> None:
    """Cooks for long."""


@pytest.fixture
def tickwell() -> Iterator[SimulatedTickwell]:
    with SimulatedTickwell(tasks=[cook, roast]) as made:
        yield made


def body(name: str = "cook", **fields: Any) -> dict[str, Any]:
    return {"name": "soup", "task": name, "payload": {}, "delay_seconds": 60, **fields}


def test_a_job_that_names_no_queue_goes_to_that_of_its_task(tickwell: SimulatedTickwell) -> None:
    assert tickwell.request("POST", "/api/v1/queues", {"name": "kitchen", "priority": "low"}).status == 201
    job = tickwell.request("POST", JOBS, body()).data
    assert (job["queue"], job["priority"]) == ("kitchen", "low")
    assert tickwell.request("POST", JOBS, body(priority="high")).data["priority"] == "high"
    heavy = tickwell.request("POST", JOBS, body("roast")).data
    assert (heavy["queue"], heavy["priority"]) == ("kitchen", "heavy")
    tickwell.advance(minutes=2)
    assert tickwell.job(job["id"])["status"] == "completed"


def test_a_job_may_name_another_queue(tickwell: SimulatedTickwell) -> None:
    tickwell.request("POST", "/api/v1/queues", {"name": "bar"})
    assert tickwell.request("POST", JOBS, body(queue="bar")).data["queue"] == "bar"
    assert tickwell.request("POST", JOBS, body(queue="default")).data["queue"] == "default-medium"


def test_a_queue_that_is_not_there_is_named_with_its_task(tickwell: SimulatedTickwell) -> None:
    answer = tickwell.request("POST", JOBS, body())
    assert answer.status == 422
    (fault,) = answer.json["details"]
    assert fault["field"] == "queue"
    assert "the task cook runs in the queue kitchen, which is not known" in fault["message"]
    assert tickwell.request("POST", JOBS, body(queue="default")).status == 201


def test_an_edit_moves_a_job_only_where_it_says_so(tickwell: SimulatedTickwell) -> None:
    tickwell.request("POST", "/api/v1/queues", {"name": "kitchen"})
    job = tickwell.request("POST", JOBS, body(queue="default")).data
    moved = tickwell.request("PATCH", f"{JOBS}/{job['id']}", {"priority": "high"}).data
    assert moved["queue"] == "default-high"
    assert (
        tickwell.request("PATCH", f"{JOBS}/{job['id']}", {"queue": None, "priority": None}).data["queue"] == "kitchen"
    )

"""Pages of a job's executions through the API (C17)."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.api_hosts import Api, Client
from tests.world import task
from tickwell.application.task import Task

JOBS = "/api/v1/jobs"
ASKED: list[tuple[Client, str]] = []
SEEN: list[dict[str, Any]] = []


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    """One that looks at its own job's executions while it runs, page by page."""
    ASKED.clear()
    SEEN.clear()

    async def look(payload: Any, context: Any) -> None:
        del payload, context
        for client, path in ASKED:
            await asyncio.to_thread(_look, client, path)

    return [task("look", look)]


def _look(client: Client, path: str) -> None:
    first = client("GET", f"{path}?limit=1").data
    cursor = first["pagination"]["next_cursor"]
    queries = (f"limit=1&cursor={cursor}", "limit=1&page=2", "status=running", "status=success")
    SEEN.extend([first, *(client("GET", f"{path}?{query}").data for query in queries)])


def ran(api: Api, client: Client, times: int) -> str:
    """A job that ran so many times."""
    job_id = client("POST", JOBS, {"name": "a job", "task": "look", "interval_seconds": 60}).data["id"]
    for _ in range(times):
        api.world.clock.advance(60)
        api.world.work()
    return str(job_id)


def test_executions_have_pages_with_numbers_and_totals(api: Api, ada: Client) -> None:
    path = f"{JOBS}/{ran(api, ada, 5)}/executions"
    pages = [ada("GET", f"{path}?page={page}&limit=2").data for page in (1, 2, 3, 4)]
    assert [len(page["executions"]) for page in pages] == [2, 2, 1, 0]
    due = [one["due_at"] for page in pages for one in page["executions"]]
    assert due == sorted(due, reverse=True)
    assert len(set(due)) == 5
    for number, page in enumerate(pages, start=1):
        assert (page["pagination"].pop("next_cursor") is not None) == (number < 3)
        assert page["pagination"] == {"total": 5, "page": number, "limit": 2, "total_pages": 3}
    assert ada("GET", f"{path}?status=success&limit=2").data["pagination"]["total"] == 5
    assert ada("GET", f"{path}?status=failed").data["pagination"]["total"] == 0


def test_the_one_that_is_running_is_the_first_of_all(api: Api, ada: Client) -> None:
    job_id = ran(api, ada, 2)
    ASKED.append((ada, f"{JOBS}/{job_id}/executions"))
    api.world.clock.advance(60)
    api.world.work()
    first, behind, second, running, success = SEEN
    assert [one["status"] for one in first["executions"]] == ["running"]
    assert first["pagination"]["total"] == 3
    assert [one["due_at"] for one in behind["executions"]] == ["2026-11-22T12:02:00.000Z"]
    assert second["executions"] == behind["executions"]
    assert (second["pagination"]["page"], second["pagination"]["total"]) == (2, 3)
    assert [one["due_at"] for one in running["executions"]] == ["2026-11-22T12:03:00.000Z"]
    assert running["pagination"]["total"] == 1
    assert len(success["executions"]) == 2


@pytest.mark.parametrize(
    ("query", "field"), [("page=0", "page"), ("page=1&cursor=WzEsImpvYnMiLCJ4Il0", "page"), ("limit=101", "limit")]
)
def test_bad_parameters_are_named(api: Api, ada: Client, query: str, field: str) -> None:
    path = f"{JOBS}/{ran(api, ada, 1)}/executions"
    assert ada("GET", f"{path}?{query}").fields == [field]

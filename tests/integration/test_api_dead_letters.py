"""Dead letters through the API, on both hosts."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.api_hosts import Api, Client
from tests.world import task
from tickwell.application.task import Task, TaskContext
from tickwell.domain.errors import AttemptFailedError

JOBS, LETTERS = "/api/v1/jobs", "/api/v1/dead-letters"
NOON = "2026-11-22T12:00:00.000Z"


def _break(payload: Any, context: TaskContext) -> Any:
    raise AttemptFailedError(str(payload), f"broke in attempt {context.attempt}")


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return [task("break", _break), task("break too", _break)]


def give_up(api: Api, client: Client, code: str = "BROKEN", **fields: Any) -> dict[str, Any]:
    body = {"name": "a job", "task": "break", "payload": code, "max_retries": 0, **fields}
    created = client("POST", JOBS, body)
    assert created.status == 201, created.json
    for _ in range(3):
        api.world.work()
        api.world.clock.advance(1)
    letters = client("GET", LETTERS).data["dead_letters"]
    (letter,) = [letter for letter in letters if letter["job_id"] == created.data["id"]]
    found: dict[str, Any] = letter
    return found


def test_one_dead_letter_tells_all(api: Api, ada: Client) -> None:
    retry = {"strategy": "fixed", "delay_seconds": 1}
    letter = give_up(api, ada, max_retries=1, retry=retry, priority="low", tags=["t"])
    assert letter == {
        "id": letter["id"],
        "job_id": letter["job_id"],
        "job_name": "a job",
        "task": "break",
        "queue": "default-low",
        "priority": "low",
        "due_at": NOON,
        "attempts": 2,
        "reason": "all 2 attempts failed",
        "error_code": "BROKEN",
        "error_message": "broke in attempt 2",
        "first_attempt_at": NOON,
        "failed_at": "2026-11-22T12:00:01.000Z",
        "retried_at": None,
        "retried_as": None,
    }
    errors = [
        {
            "attempt": number,
            "status": "failed",
            "error_code": "BROKEN",
            "error_message": f"broke in attempt {number}",
            "at": f"2026-11-22T12:00:0{number - 1}.000Z",
        }
        for number in (1, 2)
    ]
    shown = ada("GET", f"{LETTERS}/{letter['id']}").data
    assert shown == {**letter, "tags": ["t"], "payload": "BROKEN", "payload_kept": True, "errors": errors}


def test_a_retry_answers_with_the_new_job(api: Api, ada: Client) -> None:
    letter = give_up(api, ada, priority="high")
    answer = ada("POST", f"{LETTERS}/{letter['id']}/retry")
    assert (answer.status, answer.json["message"]) == (201, "Dead letter retried successfully")
    job = answer.data["job"]
    assert (job["retry_of"], job["name"], job["task"], job["priority"]) == (letter["id"], "a job", "break", "high")
    assert (answer.data["id"], answer.data["retried_as"]) == (letter["id"], job["id"])
    again = ada("POST", f"{LETTERS}/{letter['id']}/retry")
    assert (again.status, again.json["code"]) == (409, "ILLEGAL_TRANSITION")
    shown = ada("GET", f"{LETTERS}/{letter['id']}").data
    assert (shown["retried_as"], shown["retried_at"]) == (job["id"], answer.data["retried_at"])
    assert ada("GET", f"{JOBS}/{job['id']}").data["retry_of"] == letter["id"]
    assert ada("GET", f"{JOBS}/{letter['job_id']}").data["retry_of"] is None


def test_the_listing_is_filtered(api: Api, ada: Client) -> None:
    odd = give_up(api, ada, "ODD")
    even = give_up(api, ada, "EVEN", task="break too")
    ada("POST", f"{LETTERS}/{even['id']}/retry")
    for query, expected in [
        ("task=break", [odd["id"]]),
        (f"job_id={even['job_id']}", [even["id"]]),
        ("error_code=ODD", [odd["id"]]),
        ("error_code=NONE", []),
        ("queue=unknown", []),
        (f"failed_after={even['failed_at']}", [even["id"]]),
        (f"failed_before={even['failed_at']}", [odd["id"]]),
        ("failed_after=2026-11-22T13:00:00%2B01:00&task=break", [odd["id"]]),
        ("retried=true", [even["id"]]),
        ("retried=false", [odd["id"]]),
    ]:
        page = ada("GET", f"{LETTERS}?{query}").data
        assert [letter["id"] for letter in page["dead_letters"]] == expected, query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("failed_after=yesterday", "failed_after"),
        ("failed_before=2026-11-22T12:00:00", "failed_before"),
        ("retried=perhaps", "retried"),
        ("cursor=odd", "cursor"),
        ("task=" + "x" * 256, "task"),
        ("surprise=1", "surprise"),
    ],
)
def test_a_filter_that_is_none_is_refused(ada: Client, query: str, field: str) -> None:
    assert ada("GET", f"{LETTERS}?{query}").fields == [field]


def test_a_dead_letter_is_deleted(api: Api, ada: Client) -> None:
    letter = give_up(api, ada)
    answer = ada("DELETE", f"{LETTERS}/{letter['id']}")
    assert (answer.status, answer.data) == (200, {"id": letter["id"]})
    assert answer.json["message"] == "Dead letter deleted successfully"
    assert ada("DELETE", f"{LETTERS}/{letter['id']}").status == 404
    assert ada("POST", f"{LETTERS}/{letter['id']}/retry").status == 404
    assert ada("GET", LETTERS).data["dead_letters"] == []
    assert ada("GET", f"{JOBS}/{letter['job_id']}").data["status"] == "failed"


def test_many_are_retried_and_deleted_by_filter(api: Api, ada: Client) -> None:
    made = [give_up(api, ada, code) for code in ("ODD", "EVEN", "ODD")]
    dry = ada("POST", f"{LETTERS}/retry", {"filter": {"error_code": "ODD"}, "dry_run": True})
    counted = {"matched": 2, "changed": 2, "skipped": 0, "failed": 0, "reasons": [], "next_cursor": None}
    assert (dry.status, dry.data) == (200, {"action": "retry", "dry_run": True, **counted})
    done = ada("POST", f"{LETTERS}/retry", {"filter": {"error_code": "ODD"}})
    assert done.data == {"action": "retry", "dry_run": False, **counted}
    again = ada("POST", f"{LETTERS}/retry", {"filter": {"error_code": "ODD"}})
    assert (again.data["changed"], again.data["skipped"]) == (0, 2)
    assert again.data["reasons"] == [{"reason": "cannot retry a dead letter that is being retried", "count": 2}]
    gone = ada("POST", f"{LETTERS}/delete", {"filter": {"failed_before": made[2]["failed_at"]}})
    assert (gone.data["action"], gone.data["changed"]) == ("delete", 2)
    assert [letter["id"] for letter in ada("GET", LETTERS).data["dead_letters"]] == [made[2]["id"]]
    assert ada("POST", f"{LETTERS}/delete", {"all": True, "dry_run": True}).data["changed"] == 1
    assert ada("POST", f"{LETTERS}/delete", {"all": True}).data["changed"] == 1


def test_those_that_were_retried_are_deleted_by_filter(api: Api, ada: Client) -> None:
    first, second = give_up(api, ada), give_up(api, ada)
    ada("POST", f"{LETTERS}/{first['id']}/retry")
    counted = ada("POST", f"{LETTERS}/retry", {"filter": {"retried": False}, "dry_run": True})
    assert (counted.data["matched"], counted.data["changed"]) == (1, 1)
    assert ada("POST", f"{LETTERS}/delete", {"filter": {"retried": True}}).data["changed"] == 1
    assert [letter["id"] for letter in ada("GET", LETTERS).data["dead_letters"]] == [second["id"]]


@pytest.mark.parametrize("action", ["retry", "delete"])
@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["filter"]),
        ({"filter": {}}, ["filter"]),
        ({"all": False}, ["filter"]),
        ({"all": True, "filter": {"task": "x"}}, ["all"]),
        ({"filter": {"all": True}}, ["filter.all"]),
        ({"al": True}, ["al"]),
        ({"filter": {"failed_after": 1}}, ["filter.failed_after"]),
        ({"filter": {"retried": "yes"}}, ["filter.retried"]),
        ({"filter": {"surprise": 1}}, ["filter.surprise"]),
        ({"filter": {"task": "x"}, "cursor": "odd"}, ["cursor"]),
    ],
    ids=str,
)
def test_a_bulk_request_that_is_none_is_refused(
    ada: Client, action: str, body: dict[str, Any], fields: list[str]
) -> None:
    assert ada("POST", f"{LETTERS}/{action}", body).fields == fields


def test_another_tenants_dead_letters_do_not_exist(api: Api, ada: Client) -> None:
    letter = give_up(api, ada)
    eve = api.user("eve@example.com")
    assert eve("POST", f"{LETTERS}/{letter['id']}/retry").status == 404
    assert eve("DELETE", f"{LETTERS}/{letter['id']}").status == 404
    for action in ("retry", "delete"):
        assert eve("POST", f"{LETTERS}/{action}", {"all": True}).data["matched"] == 0
    assert ada("GET", LETTERS).data["dead_letters"] == [letter]

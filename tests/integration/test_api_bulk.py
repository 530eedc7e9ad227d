"""Many jobs in one request, through the API on both hosts."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api_hosts import Api, Client, new_api
from tests.world import World, task
from tickwell.application.task import Task

JOBS = "/api/v1/jobs"
BATCH, BULK = f"{JOBS}/batch", f"{JOBS}/bulk"


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return [task("other", lambda payload, _context: payload)]


def create(client: Client, *jobs: dict[str, Any]) -> list[str]:
    answer = client("POST", BATCH, {"jobs": [{"name": "x", **job} for job in jobs]})
    assert answer.data["failed"] == 0, answer.json
    return [result["data"]["id"] for result in answer.data["results"]]


def statuses(client: Client, ids: Sequence[str]) -> list[str]:
    return [client("GET", f"{JOBS}/{job_id}").data["status"] for job_id in ids]


def test_a_batch_answers_for_each_job_in_order(api: Api, ada: Client) -> None:
    answer = ada(
        "POST",
        BATCH,
        {
            "jobs": [
                {"name": "first", "payload": {"n": 1}},
                {"name": ""},
                {"name": "third", "surprise": 1, "timeout_seconds": -1},
                "no job",
                {"name": "fifth", "cron_expression": "0 9 * * *"},
                {"name": "sixth", "task": "unknown"},
                {"name": "seventh", "cron_expression": "0 9 * * *", "delay_seconds": 1},
                {"name": "eighth", "cron_expression": "0 0 30 2 *"},
            ]
        },
    )
    assert answer.status == 200
    assert answer.json["message"] == "2 of 8 jobs created"
    results = answer.data["results"]
    assert (answer.data["created"], answer.data["failed"]) == (2, 6)
    assert [result["index"] for result in results] == list(range(8))
    assert [result["success"] for result in results] == [True, False, False, False, True, False, False, False]
    fields = [[fault["field"] for fault in r["error"]["details"]] for r in results if not r["success"]]
    assert fields[0] == ["name"]
    assert sorted(fields[1]) == ["surprise", "timeout_seconds"]
    assert fields[2] == ["body"]
    assert results[3]["error"]["message"] == "body: must be a JSON object"
    assert fields[3:] == [["task"], ["cron_expression"], ["cron_expression"]]
    assert {r["error"]["code"] for r in results if not r["success"]} == {"VALIDATION_ERROR"}
    first, fifth = results[0]["data"], results[4]["data"]
    assert (first["name"], first["state"], fifth["job_type"]) == ("first", "waiting", "recurring")
    api.world.work()
    shown = ada("GET", f"{JOBS}/{first['id']}").data
    assert (shown["status"], shown["payload"]) == ("completed", {"n": 1})
    assert {job["id"] for job in ada("GET", JOBS).data["jobs"]} == {first["id"], fifth["id"]}


@pytest.mark.parametrize("body", [{}, {"jobs": []}, {"jobs": {}}, {"jobs": [{}] * 1001}, {"jobs": None}])
def test_a_batch_that_is_none_is_refused(ada: Client, body: dict[str, Any]) -> None:
    assert ada("POST", BATCH, body).fields == ["jobs"]


def test_a_batch_of_a_thousand_is_created_in_order(open_world: Callable[[], World]) -> None:
    api = new_api("asgi", open_world())
    client = api.user()
    ids = create(client, *[{"name": f"job {number}", "payload": "p" * (number % 700)} for number in range(1000)])
    assert ids == sorted(ids)
    api.world.work()
    assert statuses(client, ids[::100]) == ["completed"] * 10


def test_jobs_are_cancelled_by_filter_after_a_dry_run_that_counts(api: Api, ada: Client) -> None:
    ids = create(ada, {"tags": ["a"]}, {"tags": ["a", "b"], "delay_seconds": 60}, {"tags": ["b"]}, {"tags": ["a"]})
    ada("POST", f"{JOBS}/{ids[3]}/cancel")
    request = {"action": "cancel", "filter": {"tag": "a"}}
    counted = {
        "action": "cancel",
        "matched": 3,
        "changed": 2,
        "skipped": 1,
        "failed": 0,
        "reasons": [{"reason": "cannot cancel a job that is cancelled", "count": 1}],
        "next_cursor": None,
    }
    dry = ada("POST", BULK, {**request, "dry_run": True})
    assert (dry.status, dry.data) == (200, {**counted, "dry_run": True})
    assert statuses(ada, ids) == ["active", "active", "active", "cancelled"]
    assert ada("POST", BULK, request).data == {**counted, "dry_run": False}
    assert statuses(ada, ids) == ["cancelled", "cancelled", "active", "cancelled"]
    api.world.work()
    assert statuses(ada, ids) == ["cancelled", "cancelled", "completed", "cancelled"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"state": "delayed"}, [1, 3]),
        ({"status": "pending"}, [0, 1, 2, 3]),
        ({"status": "active", "state": "waiting"}, [0, 2]),
        ({"task": "other"}, [2]),
        ({"job_type": "recurring"}, [3]),
        ({"search": "IMPORT"}, [1, 2]),
        ({"search": "import", "task": "other"}, [2]),
        ({"created_before": "2026-11-22T12:00:00Z"}, []),
        ({"created_after": "2026-11-22T13:00:00+01:00", "tag": "t"}, [1]),
    ],
    ids=str,
)
def test_a_filter_chooses(ada: Client, chosen: dict[str, Any], expected: list[int]) -> None:
    late = {"delay_seconds": 60, "tags": ["t"], "name": "Import of May"}
    ids = create(ada, {}, late, {"task": "other", "name": "reimport"}, {"interval_seconds": 60})
    assert ada("POST", BULK, {"action": "delete", "filter": chosen}).data["changed"] == len(expected)
    deleted = [number for number, status in enumerate(statuses(ada, ids)) if status == "deleted"]
    assert deleted == expected


def test_named_jobs_are_changed_and_no_others(api: Api, ada: Client) -> None:
    bob = api.user("bob@example.com")
    ids = create(ada, *[{"delay_seconds": 60}] * 3, {"interval_seconds": 60})
    (others,) = create(bob, {"delay_seconds": 60})
    ada("DELETE", f"{JOBS}/{ids[1]}")
    chosen = {"ids": [ids[0], ids[1], ids[3], ids[0], others, "unknown"]}
    dry = ada("POST", BULK, {"action": "delete", "filter": chosen, "dry_run": True}).data
    assert (dry["matched"], dry["changed"], dry["next_cursor"]) == (2, 2, None)
    narrowed = {**chosen, "job_type": "recurring"}
    assert ada("POST", BULK, {"action": "pause", "filter": narrowed}).data["changed"] == 1
    assert statuses(ada, ids) == ["active", "deleted", "active", "paused"]
    assert ada("POST", BULK, {"action": "delete", "filter": chosen}).data["changed"] == 2
    assert statuses(ada, ids) == ["deleted", "deleted", "active", "deleted"]
    assert statuses(bob, [others]) == ["active"]


def test_runs_of_a_backfill_are_cancelled_together_by_the_ids_that_the_occurrences_tell(api: Api, ada: Client) -> None:
    (job_id,) = create(ada, {"cron_expression": "30 * * * *"})
    since = {"from": (api.world.clock.now() - timedelta(hours=5)).isoformat()}
    begun = ada("POST", f"{JOBS}/{job_id}/backfill", {**since, "spread_seconds": 60}).data["created"]
    assert begun == 5
    told = ada("GET", f"{JOBS}/{job_id}/occurrences?{urlencode(since)}").data["occurrences"]
    children = [each["child_id"] for each in told if each["child_id"]]
    assert len(children) == begun
    assert ada("POST", BULK, {"action": "cancel", "all": True, "dry_run": True}).data["matched"] == 1
    assert ada("POST", BULK, {"action": "cancel", "filter": {"ids": children}}).data["changed"] == begun
    assert {*statuses(ada, children), *statuses(ada, [job_id])} == {"cancelled", "active"}


def test_all_there_are_are_changed_after_a_dry_run_that_counts(ada: Client) -> None:
    ids = create(ada, {}, {"delay_seconds": 60, "tags": ["t"]}, {"interval_seconds": 60})
    assert ada("POST", BULK, {"action": "delete", "all": True, "dry_run": True}).data["changed"] == 3
    assert statuses(ada, ids) == ["active"] * 3
    assert ada("POST", BULK, {"action": "delete", "all": True, "filter": None}).data["changed"] == 3
    assert statuses(ada, ids) == ["deleted"] * 3


def test_jobs_are_paused_resumed_and_retried_by_filter(api: Api, ada: Client) -> None:
    ids = create(ada, {"interval_seconds": 3600}, {"delay_seconds": 0}, {"interval_seconds": 3600})
    for action, changed, after in [
        ("pause", 2, ["paused", "active", "paused"]),
        ("resume", 2, ["active", "active", "active"]),
    ]:
        assert ada("POST", BULK, {"action": action, "all": True}).data["changed"] == changed
        assert statuses(ada, ids) == after
    api.world.work()
    api.world.clock.advance(1)
    answer = ada("POST", BULK, {"action": "retry", "filter": {"state": "completed"}}).data
    assert (answer["matched"], answer["changed"]) == (1, 1)
    api.world.work()
    assert len(ada("GET", f"{JOBS}/{ids[1]}/executions").data["executions"]) == 2


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["action"]),
        ({"action": "explode", "all": True}, ["action"]),
        ({"action": "cancel"}, ["filter"]),
        ({"action": "cancel", "filter": {}}, ["filter"]),
        ({"action": "cancel", "filter": {"task": None}}, ["filter"]),
        ({"action": "cancel", "all": False}, ["filter"]),
        ({"action": "cancel", "all": None}, ["all"]),
        ({"action": "cancel", "all": "true"}, ["all"]),
        ({"action": "cancel", "all": True, "filter": {"task": "x"}}, ["all"]),
        ({"action": "cancel", "all": True, "filter": {}}, ["all"]),
        ({"action": "cancel", "filter": {"all": True}}, ["filter.all"]),
        ({"action": "cancel", "fliter": {"task": "x"}, "al": True}, ["fliter", "al"]),
        ({"action": "cancel", "filter": {"status": "odd"}}, ["filter.status"]),
        ({"action": "cancel", "filter": {"job_type": "odd"}}, ["filter.job_type"]),
        ({"action": "cancel", "filter": {"created_after": "2026-11-22"}}, ["filter.created_after"]),
        ({"action": "cancel", "filter": {"nmae": "x"}}, ["filter.nmae"]),
        ({"action": "cancel", "filter": {"task": ""}}, ["filter.task"]),
        ({"action": "cancel", "filter": {"search": ""}}, ["filter.search"]),
        ({"action": "cancel", "filter": {"ids": []}}, ["filter.ids"]),
        ({"action": "cancel", "filter": {"ids": ["x"] * 101}}, ["filter.ids"]),
        ({"action": "cancel", "filter": {"ids": [1]}}, ["filter.ids.0"]),
        ({"action": "cancel", "filter": {"ids": ["x"]}, "cursor": "y"}, ["cursor"]),
        ({"action": "cancel", "filter": {"task": "x"}, "dry_run": "yes"}, ["dry_run"]),
        ({"action": "cancel", "filter": {"task": "x"}, "cursor": "odd"}, ["cursor"]),
    ],
    ids=str,
)
def test_a_bulk_request_that_is_none_is_refused(ada: Client, body: dict[str, Any], fields: list[str]) -> None:
    (job_id,) = create(ada, {})
    assert ada("POST", BULK, body).fields == fields
    assert statuses(ada, [job_id]) == ["active"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"action": "cancel"},
            'filter: must be given with at least one field, or "all": true instead of it: exactly one of the two',
        ),
        (
            {"action": "cancel", "all": True, "filter": {"task": "x"}},
            "all: does not go with a filter: give exactly one of the two",
        ),
        (
            {"action": "cancel", "filter": {"all": True}},
            'filter.all: is no field of a filter; "all": true stands instead of it',
        ),
        ({"action": "cancel", "everything": True}, "known are action, all, cursor, dry_run, filter"),
        ({"action": "cancel", "filter": {"nmae": 1}}, "filter.nmae: is not known here; known are created_after, "),
    ],
    ids=str,
)
def test_a_refusal_says_what_would_be_right(ada: Client, body: dict[str, Any], message: str) -> None:
    answer = ada("POST", BULK, body)
    assert answer.status == 422
    assert message in answer.json["message"]


def test_another_tenants_jobs_are_not_chosen(api: Api, ada: Client) -> None:
    ids = create(ada, {}, {})
    eve = api.user("eve@example.com")
    assert eve("POST", BULK, {"action": "delete", "all": True}).data["matched"] == 0
    assert statuses(ada, ids) == ["active", "active"]

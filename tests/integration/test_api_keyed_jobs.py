"""Jobs under keys of their callers, through the API on both hosts."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.api_hosts import Answer, Api, Client
from tests.world import task
from tickwell.application.task import Task
from tickwell.http.job_request import JobRequest

JOBS = "/api/v1/jobs"
CRON = {"cron_expression": "0 9 * * *"}
AT = "2030-01-01T00:00:00Z"

FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "name": ({}, {"name": "another"}),
    "description": ({}, {"description": "d"}),
    "task": ({}, {"task": "other"}),
    "payload": ({}, {"payload": {"n": 1}}),
    "scheduled_time": ({}, {"scheduled_time": AT}),
    "scheduled_for": ({}, {"scheduled_for": AT}),
    "delay_seconds": ({"delay_seconds": 60}, {"delay_seconds": 61}),
    "cron_expression": (CRON, {"cron_expression": "0 8 * * *"}),
    "timezone": (CRON, {**CRON, "timezone": "Europe/Berlin"}),
    "interval_seconds": ({"interval_seconds": 60}, {"interval_seconds": 61}),
    "timeout_seconds": ({}, {"timeout_seconds": 7}),
    "max_retries": ({}, {"max_retries": 7}),
    "retry": ({}, {"retry": {"strategy": "fixed", "delay_seconds": 7}}),
    "on_lost": ({}, {"on_lost": "fail"}),
    "stall_seconds": ({}, {"stall_seconds": 7}),
    "pause_after_failures": (CRON, {**CRON, "pause_after_failures": 7}),
    "queue": ({}, {"queue": "images"}),
    "priority": ({}, {"priority": "high"}),
    "tags": ({}, {"tags": ["a", "b"]}),
    "dst_missing": (CRON, {**CRON, "dst_missing": "skip"}),
    "dst_repeated": (CRON, {**CRON, "dst_repeated": "both"}),
    "start_at": (CRON, {**CRON, "start_at": AT}),
    "end_at": (CRON, {**CRON, "end_at": AT}),
    "exclude": (CRON, {**CRON, "exclude": ["2026-12-24", "2026-12-30/2027-01-02"]}),
    "jitter_seconds": (CRON, {**CRON, "jitter_seconds": 7}),
    "overlap": (CRON, {**CRON, "overlap": "allow"}),
    "misfire": (CRON, {**CRON, "misfire": "skip"}),
    "misfire_grace_seconds": (CRON, {**CRON, "misfire_grace_seconds": 7}),
    "misfire_max": ({**CRON, "misfire": "run_all"}, {**CRON, "misfire": "run_all", "misfire_max": 7}),
    "misfire_spread_seconds": (
        {**CRON, "misfire": "run_all"},
        {**CRON, "misfire": "run_all", "misfire_spread_seconds": 7},
    ),
    "expires_after_seconds": ({}, {"expires_after_seconds": 7}),
    "precision": ({}, {"precision": "subsecond"}),
}
"""For each field of a job two bodies that differ in it, and in nothing else."""

SHOWN_AS = {"scheduled_for": "scheduled_time", "delay_seconds": "scheduled_time"}
FOLLOWS = {"schedule_type", "job_type"}
"""What only says in another word what other fields say."""


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return [task("other", lambda payload, _context: payload)]


def put(client: Client, key: str, **fields: Any) -> Answer:
    return client("PUT", f"{JOBS}/by-key/{key}", {"name": "a job", **fields})


def get(client: Client, key: str) -> Answer:
    return client("GET", f"{JOBS}/by-key/{key}")


def changed(answer: Answer) -> dict[str, tuple[Any, Any]]:
    return {change["field"]: (change["from"], change["to"]) for change in answer.data["changes"]}


def test_a_job_is_created_left_alone_and_changed(api: Api, ada: Client) -> None:
    first = put(ada, "backup/daily", **CRON, max_retries=5)
    assert (first.status, first.json["message"], first.data["action"]) == (201, "Job created", "created")
    assert (first.data["key"], first.data["scope"], first.data["changes"]) == ("backup/daily", None, [])
    api.world.clock.advance(60)
    again = put(ada, "backup/daily", **CRON, max_retries=5)
    assert (again.status, again.json["message"]) == (200, "Job unchanged")
    assert again.data == {**first.data, "action": "unchanged"}
    third = put(ada, "backup/daily", cron_expression="0 10 * * *")
    assert (third.status, third.json["message"], third.data["id"]) == (200, "Job changed", first.data["id"])
    assert changed(third) == {"cron_expression": ("0 9 * * *", "0 10 * * *"), "max_retries": (5, 3)}
    assert third.data["next_run"] == "2026-11-23T10:00:00.000Z"
    shown = get(ada, "backup/daily")
    assert shown.data == ada("GET", f"{JOBS}/{first.data['id']}").data
    assert shown.data["cron_expression"] == "0 10 * * *"
    assert [(job["id"], job["key"]) for job in ada("GET", JOBS).data["jobs"]] == [(first.data["id"], "backup/daily")]


def test_every_field_of_a_job_is_compared() -> None:
    """Whoever adds a field to jobs adds two bodies that differ in it."""
    assert JobRequest.model_fields.keys() - FIELDS.keys() == FOLLOWS


@pytest.mark.parametrize("field", sorted(FIELDS.keys() & JobRequest.model_fields.keys()))
def test_a_change_of_a_field_is_told_by_its_name_and_taken_back_by_leaving_it_out(ada: Client, field: str) -> None:
    assert ada("POST", "/api/v1/queues", {"name": "images"}).status == 201
    before, after = FIELDS[field]
    assert put(ada, "k", **before).status == 201
    forth = put(ada, "k", **after)
    assert forth.data["action"] == "changed", forth.json
    name = SHOWN_AS.get(field, field)
    also = {"queue", "priority"} if field == "priority" else {"schedule_type"} if "scheduled" in field else set()
    assert changed(forth).keys() == {name} | also
    old, new = changed(forth)[name]
    assert old != new
    if field != "delay_seconds":
        assert put(ada, "k", **after).data["action"] == "unchanged"
    back = put(ada, "k", **before)
    assert changed(back)[name] == (new, old)


@pytest.mark.parametrize(
    ("spelled", "key"),
    [
        ("a/b/c", "a/b/c"),
        ("a%2Fb", "a/b"),
        ("a:b.c_d-e", "a:b.c_d-e"),
        ("a%3Ab", "a:b"),
        ("executions", "executions"),
        ("pause", "pause"),
        ("x/executions", "x/executions"),
        ("by-key/by-key", "by-key/by-key"),
        ("k" * 128, "k" * 128),
    ],
)
def test_keys_of_every_form_come_through(ada: Client, spelled: str, key: str) -> None:
    assert put(ada, spelled).data["key"] == key
    assert get(ada, spelled).data["key"] == key
    assert put(ada, key).data["action"] == "unchanged"


@pytest.mark.parametrize("key", ["%2E%2E", ".", "a%2F%2Fb", "a/", "-a", "a%20b", "a%23b", "a@b", "k" * 129, "a%252Fb"])
def test_what_cannot_be_a_key_is_refused_and_not_found(ada: Client, key: str) -> None:
    assert put(ada, key).fields == ["key"]
    assert get(ada, key).status == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"surprise": 1}, "surprise"),
        ({"cron_expression": "0 0 30 2 *"}, "cron_expression"),
        ({"task": "unknown"}, "task"),
        ({"status": "paused"}, "status"),
    ],
)
def test_a_body_is_judged_as_that_of_a_new_job(ada: Client, body: dict[str, Any], field: str) -> None:
    assert put(ada, "k", **body).fields == [field]
    assert get(ada, "k").status == 404


def test_tenants_have_keys_of_their_own(api: Api, ada: Client) -> None:
    mine = put(ada, "k").data
    eve = api.user()
    assert get(eve, "k").status == 404
    theirs = put(eve, "k")
    assert theirs.status == 201
    assert theirs.data["id"] != mine["id"]
    assert get(ada, "k").data["id"] == mine["id"]


def test_a_deleted_job_has_no_key_any_more(ada: Client) -> None:
    first = put(ada, "k", **CRON).data
    assert ada("DELETE", f"{JOBS}/{first['id']}").status == 200
    assert get(ada, "k").json["message"] == "no job with the key k"
    second = put(ada, "k", **CRON)
    assert second.status == 201
    assert second.data["id"] != first["id"]


def test_what_runs_beside_a_job_has_not_its_key(api: Api, ada: Client) -> None:
    first = put(ada, "k", **CRON).data
    child = ada("POST", f"{JOBS}/{first['id']}/execute").data["child_id"]
    api.world.work()
    assert ada("GET", f"{JOBS}/{child}").data["key"] is None
    assert get(ada, "k").data["id"] == first["id"]


def test_a_change_by_id_is_put_back(ada: Client) -> None:
    first = put(ada, "k", **CRON).data
    assert ada("PATCH", f"{JOBS}/{first['id']}", {"name": "drifted"}).data["key"] == "k"
    assert changed(put(ada, "k", **CRON)) == {"name": ("drifted", "a job")}


def test_a_long_value_is_not_shown_in_the_changes(ada: Client) -> None:
    put(ada, "k", payload="p" * 3000)
    (change,) = put(ada, "k", payload="q" * 3000).data["changes"]
    assert change == {"field": "payload", "from": None, "to": None, "omitted": True}


def test_what_was_changed_is_audited_and_what_was_not_is_not(ada: Client) -> None:
    put(ada, "a/b", **CRON)
    put(ada, "a/b", **CRON)
    put(ada, "a/b", interval_seconds=60)
    records = ada("GET", "/api/v1/audit").data["records"]
    assert [(record["action"], record["resource"]) for record in records if "Job" in record["action"]] == [
        ("putJob", "a/b")
    ]

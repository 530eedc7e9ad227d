"""A file of jobs is applied, through the API on both hosts."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.api_hosts import Answer, Api, Client, new_api
from tests.template.cloudformation import ROOT
from tests.world import World, task
from tickwell.application.apply_jobs import PATIENCE
from tickwell.application.task import Task
from tickwell.domain.quota import QuotaName
from tickwell.tasks.http_request import HTTP_REQUEST

JOBS, APPLY = "/api/v1/jobs", "/api/v1/jobs/apply"
CRON = {"cron_expression": "0 9 * * *"}


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return [HTTP_REQUEST, task("other", lambda payload, _context: payload)]


def job(key: str, **fields: Any) -> dict[str, Any]:
    return {"key": key, "name": key, **CRON, **fields}


def apply(client: Client, *jobs: Any, **options: Any) -> Answer:
    answer = client("POST", APPLY, {"jobs": list(jobs), **options})
    assert answer.status == 200, answer.json
    return answer


def actions(answer: Answer) -> dict[str, str]:
    return {result["key"]: result["action"] for result in answer.data["results"]}


def standing(client: Client) -> dict[str, str]:
    """The names of the tenant's jobs, by key."""
    return {job["key"]: job["name"] for job in client("GET", f"{JOBS}?limit=100").data["jobs"]}


def test_a_file_is_applied_and_applied_again(api: Api, ada: Client) -> None:
    first = apply(ada, job("a"), job("b"), scope="s")
    assert first.json["message"] == "2 jobs applied"
    assert actions(first) == {"a": "created", "b": "created"}
    assert (first.data["applied"], first.data["created"], first.data["prune"]) == (2, 2, "not_asked")
    api.world.clock.advance(60)
    second = apply(ada, job("a", name="renamed"), job("b"), job("c"), scope="s")
    assert actions(second) == {"a": "changed", "b": "unchanged", "c": "created"}
    (a, b, c) = second.data["results"]
    assert a["changes"] == [{"field": "name", "from": "a", "to": "renamed", "omitted": False}]
    assert [result["id"] for result in first.data["results"]] == [a["id"], b["id"]]
    assert (c["status"], b["changes"]) == ("active", [])
    assert ada("GET", f"{JOBS}/by-key/a").data["scope"] == "s"
    again = apply(ada, job("a", name="renamed"), job("b"), job("c"), scope="s")
    assert (again.data["applied"], again.data["unchanged"]) == (0, 3)


def test_a_dry_run_tells_and_does_nothing(ada: Client) -> None:
    apply(ada, job("a"), job("gone"), scope="s")
    file = [job("a", name="renamed"), job("new"), job("bad", timeout_seconds=0)]
    wrong = apply(ada, *file, scope="s", prune=True, dry_run=True)
    assert actions(wrong) == {"a": "changed", "new": "created", "bad": "failed"}
    assert (wrong.data["prune"], wrong.json["message"]) == ("left_out", "2 jobs would be applied")
    right = apply(ada, *file[:2], scope="s", prune=True, dry_run=True)
    assert actions(right) == {"a": "changed", "new": "created", "gone": "deleted"}
    assert {result["key"]: result["id"] for result in right.data["results"]}["new"] is None
    assert standing(ada) == {"a": "a", "gone": "gone"}
    done = apply(ada, *file[:2], scope="s", prune=True)
    assert actions(done) == actions(right)
    assert standing(ada) == {"a": "renamed", "new": "new"}


def test_a_dry_run_refuses_what_the_real_one_would(ada: Client) -> None:
    apply(ada, job("a"))
    one = ada("GET", f"{JOBS}/by-key/a").data["id"]
    assert ada("POST", f"{JOBS}/{one}/pause").status == 200
    once = {"key": "a", "name": "a", "scheduled_time": "2030-01-01T00:00:00Z"}
    for dry_run in (True, False):
        (result,) = apply(ada, once, dry_run=dry_run).data["results"]
        assert result["error"]["code"] == "ILLEGAL_TRANSITION"
        assert result["error"]["message"] == "cannot make a one-time job of a job that is paused"


def test_only_what_carries_the_scope_and_is_not_in_the_file_is_deleted(ada: Client) -> None:
    apply(ada, job("a"), job("b"), job("c"), scope="s")
    apply(ada, job("other"), scope="s.other")
    apply(ada, job("nobodys"))
    assert ada("PUT", f"{JOBS}/by-key/put", {"name": "put", **CRON}).status == 201
    assert ada("POST", JOBS, {"name": "keyless", **CRON}).status == 201
    pruned = apply(ada, job("b"), scope="s", prune=True)
    assert actions(pruned) == {"b": "unchanged", "a": "deleted", "c": "deleted"}
    assert (pruned.data["deleted"], pruned.data["prune"], pruned.data["results"][1]["status"]) == (2, "done", "deleted")
    assert standing(ada).keys() == {"b", "other", "nobodys", "put", None}
    assert ada("GET", f"{JOBS}/by-key/a").status == 404
    all_gone = apply(ada, scope="s", prune=True)
    assert actions(all_gone) == {"b": "deleted"}
    assert actions(apply(ada, job("a"), scope="s", prune=True)) == {"a": "created"}


def test_a_job_that_moved_to_another_file_is_not_deleted_by_the_first(ada: Client) -> None:
    apply(ada, job("a"), job("b"), scope="one")
    (refused,) = apply(ada, job("a", name="mine"), scope="two").data["results"]
    assert (refused["error"]["code"], refused["action"]) == ("CONFLICT", "failed")
    assert "carries the scope one" in refused["error"]["message"]
    moved = apply(ada, job("a"), scope="two", adopt=True)
    assert moved.json["message"] == "1 job applied"
    assert moved.data["results"][0]["changes"] == [{"field": "scope", "from": "one", "to": "two", "omitted": False}]
    assert actions(apply(ada, scope="one", prune=True)) == {"b": "deleted"}
    assert standing(ada).keys() == {"a"}


def test_where_something_failed_nothing_is_deleted(ada: Client) -> None:
    apply(ada, job("a"), job("b"), scope="s")
    misspelled = {"kee": "b", "name": "b", **CRON}
    answer = apply(ada, job("a"), misspelled, scope="s", prune=True)
    assert (answer.data["prune"], answer.data["failed"], answer.data["deleted"]) == ("left_out", 1, 0)
    assert standing(ada).keys() == {"a", "b"}


def test_each_job_is_judged_by_itself(ada: Client) -> None:
    answer = apply(
        ada,
        job("a"),
        {"name": "no key"},
        job("../x"),
        "no job",
        job("b", task="unknown"),
        job("a", name="twin"),
        {"key": "c", "name": "c", "delay_seconds": 5},
        job("d", surprise=1),
        {"key": 7, "name": "d"},
        job("e", cron_expression="0 0 30 2 *"),
    )
    results = answer.data["results"]
    assert [result["action"] for result in results] == ["created", *["failed"] * 9]
    assert [result["key"] for result in results] == ["a", None, None, None, "b", "a", "c", "d", None, "e"]
    fields = [[fault["field"] for fault in result["error"]["details"]] for result in results[1:]]
    assert fields == [
        ["key"],
        ["key"],
        ["body"],
        ["task"],
        ["key"],
        ["delay_seconds"],
        ["surprise"],
        ["key"],
        ["cron_expression"],
    ]
    assert results[5]["error"]["message"] == "key: stands twice: jobs[0] has it as well"
    assert standing(ada) == {"a": "a"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "jobs"),
        ({"jobs": None}, "jobs"),
        ({"jobs": [{}] * 1001}, "jobs"),
        ({"jobs": [], "prune": True}, "scope"),
        ({"jobs": [], "scope": "a b"}, "scope"),
        ({"jobs": [], "scope": ""}, "scope"),
        ({"jobs": [], "scope": "s" * 65}, "scope"),
        ({"jobs": [], "prune": 1}, "prune"),
        ({"jobs": [], "force": True}, "force"),
    ],
)
def test_a_file_that_is_none_is_refused(ada: Client, body: dict[str, Any], field: str) -> None:
    assert ada("POST", APPLY, body).fields == [field]


def test_an_empty_file_is_fine(ada: Client) -> None:
    answer = apply(ada)
    assert (answer.data["results"], answer.json["message"]) == ([], "0 jobs applied")


def test_the_quota_lets_some_in_and_changes_pass(api: Api, ada: Client) -> None:
    tenant_id = ada("GET", "/api/v1/organization").data["id"]
    api.world.quotas.store.change(tenant_id, {QuotaName.JOBS: 2})
    answer = apply(ada, job("a"), job("b"), job("c"))
    assert (answer.data["created"], answer.data["failed"]) == (2, 1)
    (code,) = {result["error"]["code"] for result in answer.data["results"] if "error" in result}
    assert code == "QUOTA_EXCEEDED"
    changed = apply(ada, *[job(key, name="n") for key in standing(ada)])
    assert changed.data["changed"] == 2


def test_it_is_audited_and_repeated_under_its_key(ada: Client) -> None:
    body = {"jobs": [job("a"), job("b")]}
    first = ada("POST", APPLY, body, headers={"Idempotency-Key": "k"})
    again = ada("POST", APPLY, body, headers={"Idempotency-Key": "k"})
    assert (again.body, again.headers["idempotency-replayed"]) == (first.body, "true")
    apply(ada, job("a"), job("b"))
    apply(ada, job("c"), dry_run=True)
    records = ada("GET", "/api/v1/audit").data["records"]
    found = [(record["count"], record["status"]) for record in records if record["action"] == "applyJobs"]
    assert found == [(2, 200)] * 2, "the repetition too, as everywhere; and neither what changed nothing nor a dry run"


def test_the_example_is_applied(ada: Client) -> None:
    body = json.loads((ROOT / "examples/jobs.json").read_text())
    answer = ada("POST", APPLY, body)
    assert (answer.data["created"], answer.data["failed"]) == (3, 0), answer.json
    assert ada("POST", APPLY, body).data["unchanged"] == 3


def test_the_example_of_a_weekly_cleanup_is_applied(ada: Client) -> None:
    for queue in json.loads((ROOT / "examples/queues/image-generation.json").read_text())["queues"]:
        assert ada("POST", "/api/v1/queues", queue).status == 201
    answer = ada("POST", APPLY, json.loads((ROOT / "examples/clean-up.json").read_text()))
    assert (answer.data["created"], answer.data["failed"]) == (1, 0), answer.json


def test_a_thousand_jobs_are_applied_and_deleted(open_world: Callable[[], World]) -> None:
    client = new_api("asgi", open_world()).user()
    file = [job(f"k{number}", payload=number) for number in range(1000)]
    assert apply(client, *file, scope="s").data["created"] == 1000
    file[500]["payload"] = "changed"
    again = apply(client, *file, scope="s", prune=True)
    assert (again.data["unchanged"], again.data["changed"], again.data["deleted"]) == (999, 1, 0)
    assert apply(client, file[0], scope="s", prune=True).data["deleted"] == 999


def test_what_cannot_be_begun_in_time_is_left_for_the_next_try(
    open_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = open_world()
    client = new_api("asgi", world).user()
    store = type(world.core.jobs)
    create = store.create

    def slowly(self: Any, made: Any) -> None:
        create(self, made)
        world.clock.advance(PATIENCE / 4)

    with monkeypatch.context() as patched:
        patched.setattr(store, "create", slowly)
        answer = apply(client, *[job(f"k{number}") for number in range(40)], scope="s", prune=True)
    assert answer.headers["idempotency-incomplete"] == "true"
    assert answer.data["prune"] == "left_out"
    assert 0 < answer.data["created"] < 40
    assert {r["error"]["code"] for r in answer.data["results"] if "error" in r} == {"UNAVAILABLE"}
    world.clock.advance(timedelta(minutes=1))
    again = apply(client, *[job(f"k{number}") for number in range(40)], scope="s", prune=True)
    assert (again.data["failed"], again.data["created"] + again.data["unchanged"]) == (0, 40)

"""Mails over HTTP, on both hosts and engines (E1 to E4, E6)."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.api_hosts import Api, Client, memory_world, new_api
from tests.integration.test_api_statistics import follow_stream
from tickwell.application.remembered import FRESH

EMAILS, SCHEDULE, STATS = "/api/v1/emails", "/api/v1/emails/schedule", "/api/v1/emails/stats"
MAIL: dict[str, Any] = {"to": "bob@example.com", "subject": "Hello", "body": "It is time."}
NOT_THERE = {**MAIL, "attachments": [{"file": "none.txt"}]}
IN_AN_HOUR = 1795352400  # 2026-11-22T13:00:00Z; the tests' clock says twelve


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A user of a system in memory, for what the host has nothing to do with."""
    world = memory_world(tmp_path_factory.mktemp("emails"))
    yield new_api("asgi", world).user()
    world.close()


def scheduled(client: Client, mail: Mapping[str, Any] = MAIL, **more: Any) -> str:
    answer = client("POST", SCHEDULE, {**mail, **more})
    assert answer.status == 201, answer.json
    return str(answer.data["id"])


def test_a_mail_is_a_job_of_the_task_with_three_attempts(ada: Client) -> None:
    answer = ada("POST", SCHEDULE, {**MAIL, "scheduledTime": IN_AN_HOUR, "tags": ["may"]})
    assert answer.status == 201
    email_id = answer.data["id"]
    when = "2026-11-22T13:00:00.000Z"
    assert answer.data == {"id": email_id, "jobId": email_id, "status": "scheduled", "scheduled_for": when}
    job = ada("GET", f"/api/v1/jobs/{email_id}").data
    assert job["name"] == "Mail to bob@example.com: Hello"
    assert (job["task"], job["queue"], job["tags"]) == ("send_email", "emails", ["email", "may"])
    assert (job["payload"], job["next_run"], job["state"]) == ({**MAIL, "to": ["bob@example.com"]}, when, "delayed")
    assert job["max_retries"] == 2
    assert (job["retry"]["strategy"], job["retry"]["delay_seconds"], job["retry"]["factor"]) == ("exponential", 2, 2)


def test_the_alias_answers_what_the_system_before_did(ada: Client) -> None:
    answer = ada("POST", "/api/emails/schedule", {**MAIL, "scheduledTime": IN_AN_HOUR})
    assert answer.status == 201
    told = answer.json
    assert (told["success"], told["jobId"], told["status"]) == (True, told["id"], "scheduled")
    assert told["data"]["id"] == told["id"]
    assert ada("GET", "/api/emails?status=scheduled").data["emails"][0]["id"] == told["id"]
    assert ada("GET", f"/api/emails/{told['id']}").data == ada("GET", f"{EMAILS}/{told['id']}").data
    assert ada("GET", "/api/emails/stats").data.keys() == ada("GET", STATS).data.keys()


@pytest.mark.parametrize(
    ("when", "at"),
    [
        ({}, "12:00:00.000Z"),
        ({"scheduledTime": 1}, "1970-01-01T00:00:01.000Z"),
        ({"scheduledTime": IN_AN_HOUR + 0.25}, "13:00:00.250Z"),
        ({"scheduled_time": "2026-11-22T14:00:00+01:00"}, "13:00:00.000Z"),
        ({"scheduled_for": "2026-11-22T13:00:00Z"}, "13:00:00.000Z"),
        ({"scheduled_for": IN_AN_HOUR}, "13:00:00.000Z"),
        ({"delay_seconds": 90}, "12:01:30.000Z"),
    ],
)
def test_a_time_may_be_said_in_several_ways(memory: Client, when: dict[str, Any], at: str) -> None:
    answer = memory("POST", SCHEDULE, {**MAIL, **when})
    assert answer.data["scheduled_for"].removeprefix("2026-11-22T") == at


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": "nobody"}, "to.0"),
        ({"to": []}, "to"),
        ({"to": 7}, "to"),
        ({"to": ["ada@example.com", "b\r\nBcc: eve@example.com"]}, "to.1"),
        ({"subject": ""}, "subject"),
        ({"subject": "a\nb"}, "subject"),
        ({"subject": "x" * 501}, "subject"),
        ({"body": ""}, "body"),
        ({"html": 1}, "html"),
        ({"attachments": [{"filename": "x"}]}, "attachments.0.file"),
        ({"scheduledTime": "soon"}, "scheduledTime"),
        ({"scheduledTime": "2026-11-22T13:00:00"}, "scheduledTime"),
        ({"scheduledTime": True}, "scheduledTime"),
        ({"scheduledTime": -1}, "scheduledTime"),
        ({"scheduledTime": IN_AN_HOUR * 1000}, "scheduledTime"),
        ({"scheduledTime": 1, "scheduled_for": 1}, "scheduledTime"),
        ({"scheduled_time": 1, "delay_seconds": 0}, "delay_seconds"),
        ({"delay_seconds": -1}, "delay_seconds"),
        ({"tags": ["x"] * 20}, "tags"),
        ({"queue": "images"}, "queue"),
    ],
)
def test_what_is_wrong_is_named_by_its_own_field(memory: Client, change: dict[str, Any], field: str) -> None:
    answer = memory("POST", SCHEDULE, {**MAIL, **change})
    assert answer.fields[0].partition(".")[0] == field.partition(".")[0], answer.json


def test_a_mail_that_is_refused_makes_no_queue(ada: Client) -> None:
    assert ada("POST", SCHEDULE, {**MAIL, "subject": ""}).status == 422
    assert ada("GET", "/api/v1/queues/emails").status == 404


@pytest.mark.parametrize(
    ("value", "hint"),
    [(IN_AN_HOUR * 1000, "not milliseconds"), (f"{IN_AN_HOUR}", "quotes"), (10**400, "must be from 0 to")],
    ids=["milliseconds", "text", "larger than any float"],
)
def test_what_is_nearly_unix_seconds_is_told_what_would_be_right(memory: Client, value: Any, hint: str) -> None:
    at, told = memory("POST", SCHEDULE, {**MAIL, "scheduledTime": value}).fault
    assert at == "scheduledTime"
    assert hint in told


def test_mails_are_listed_and_counted_by_how_far_they_have_come(api: Api, ada: Client) -> None:
    sent, failed = scheduled(ada, subject="Sent"), scheduled(ada, NOT_THERE)
    api.world.work()
    waiting, cancelled = scheduled(ada, delay_seconds=60), scheduled(ada, delay_seconds=60)
    answer = ada("DELETE", f"{EMAILS}/{cancelled}")
    assert (answer.status, answer.data["status"], answer.data["next_attempt_at"]) == (200, "cancelled", None)
    follow_stream(api)
    ids = {"scheduled": waiting, "sent": sent, "failed": failed, "cancelled": cancelled}
    for status, email_id in ids.items():
        found = ada("GET", f"{EMAILS}?status={status}").data
        assert [(one["id"], one["status"]) for one in found["emails"]] == [(email_id, status)]
        assert found["pagination"]["total"] == 1
    stats = ada("GET", STATS).data
    assert {name: stats[name] for name in ids} == dict.fromkeys(ids, 1)
    assert (stats["total"], stats["sending"]) == (4, 0)
    assert (stats["attempts"]["total"], stats["attempts"]["successful"], stats["attempts"]["failed"]) == (2, 1, 1)
    assert [one["id"] for one in ada("GET", EMAILS).data["emails"]] == [cancelled, waiting, failed, sent]


def test_a_listing_shows_to_whom_and_when_and_why_not(api: Api, ada: Client) -> None:
    sent = scheduled(ada, to=["bob@example.com", "eve@example.com"], subject="x" * 500, body="y" * 300_000)
    failed = scheduled(ada, NOT_THERE)
    api.world.work()
    shown = {one["id"]: one for one in ada("GET", EMAILS).data["emails"]}
    assert (shown[sent]["to"], shown[sent]["subject"]) == (["bob@example.com", "eve@example.com"], "x" * 500)
    assert (shown[sent]["sent_at"], shown[sent]["error"]) == ("2026-11-22T12:00:00.000Z", None)
    assert (shown[failed]["error_code"], shown[failed]["sent_at"]) == ("FILE_NOT_FOUND", None)
    assert "none.txt" in shown[failed]["error"]
    assert ada("POST", f"/api/v1/jobs/{failed}/retry").status == 200
    again = ada("GET", f"{EMAILS}/{failed}").data
    assert (again["status"], again["error"]) == ("scheduled", None)


def test_a_sent_mail_that_is_changed_was_sent_when_it_was_sent(api: Api, ada: Client) -> None:
    sent = scheduled(ada)
    api.world.work()
    api.world.clock.advance(60)
    assert ada("PATCH", f"/api/v1/jobs/{sent}", {"tags": ["kept"]}).status == 200
    (listed,) = ada("GET", EMAILS).data["emails"]
    assert (listed["tags"], listed["sent_at"]) == (["kept"], "2026-11-22T12:00:00.000Z")
    assert ada("GET", f"{EMAILS}/{sent}").data["sent_at"] == listed["sent_at"]


def test_pages_follow_one_another(ada: Client) -> None:
    made = [scheduled(ada, delay_seconds=60) for _ in range(5)]
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = ada("GET", f"{EMAILS}?limit=2{cursor and f'&cursor={cursor}'}").data
        found += [one["id"] for one in page["emails"]]
        cursor = page["pagination"]["next_cursor"]
    assert found == made[::-1]
    assert ada("GET", f"{EMAILS}?cursor=x").fields == ["cursor"]
    assert ada("GET", f"{EMAILS}?status=lost").fields == ["status"]
    assert ada("GET", f"{EMAILS}?limit=101").fields == ["limit"]


def test_a_mail_is_shown_as_it_is_to_be_sent_and_then_as_it_was_sent(api: Api, ada: Client) -> None:
    email_id = scheduled(ada, html="<p>It is time.</p>", cc="cy@example.com", delay_seconds=60)
    before = ada("GET", f"{EMAILS}/{email_id}").data
    assert (before["to"], before["cc"], before["subject"]) == (["bob@example.com"], ["cy@example.com"], "Hello")
    assert (before["body"], before["html"]) == ("It is time.", "<p>It is time.</p>")
    assert (before["messageId"], before["from"], before["sent_at"], before["attempts"]) == (None, None, None, [])
    assert before["next_attempt_at"] == before["scheduled_for"] == "2026-11-22T12:01:00.000Z"
    api.world.clock.advance(60)
    api.world.work()
    after = ada("GET", f"{EMAILS}/{email_id}").data
    (execution,) = ada("GET", f"/api/v1/jobs/{email_id}/executions").data["executions"]
    assert after["messageId"] == execution["output"]["message_id"]
    assert after["previewUrl"] == f"/api/v1/emails/{email_id}/preview"
    assert (after["status"], after["sent_at"], after["via"]) == ("sent", "2026-11-22T12:01:00.000Z", "outbox")
    assert (after["from"], after["body"]) == ("jobs@tickwell.example", "It is time.")
    assert [attempt["status"] for attempt in after["attempts"]] == ["success"]


def test_what_was_cleaned_up_is_shown_as_it_was_asked_for(api: Api, ada: Client) -> None:
    email_id = scheduled(ada)
    api.world.work()
    tenant_id = ada("GET", "/api/v1/auth/me").data["tenant_id"]
    (execution,) = ada("GET", f"/api/v1/jobs/{email_id}/executions").data["executions"]
    api.world.blobs.delete(f"tenants/{tenant_id}/mail/{execution['id']}.json")
    shown = ada("GET", f"{EMAILS}/{email_id}").data
    assert (shown["status"], shown["body"], shown["messageId"]) == ("sent", "It is time.", None)
    assert "It is time." in ada("GET", f"{EMAILS}/{email_id}/preview").body.decode()


def test_what_is_no_mail_of_the_tenant_is_not_found(api: Api, ada: Client) -> None:
    eve = api.user("eve@example.com")
    other = {"name": "x", "task": "send_email", "payload": MAIL, "delay_seconds": 60}
    mine = scheduled(ada, delay_seconds=60)
    deleted = scheduled(ada, delay_seconds=60)
    assert ada("DELETE", f"/api/v1/jobs/{deleted}").status == 200
    for client, email_id in [
        (eve, mine),
        (ada, "unknown"),
        (ada, deleted),
        (ada, ada("POST", "/api/v1/jobs", other).data["id"]),
        (ada, ada("POST", "/api/v1/jobs", {"name": "x", "queue": "emails", "delay_seconds": 60}).data["id"]),
    ]:
        for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/preview")]:
            answer = client(method, f"{EMAILS}/{email_id}{path}")
            assert (answer.status, answer.json["message"]) == (404, f"no email {email_id}")
    assert ada("GET", f"{EMAILS}/{mine}").data["status"] == "scheduled"
    assert [one["id"] for one in ada("GET", EMAILS).data["emails"]] == [mine]


def test_what_has_ended_is_not_cancelled(api: Api, ada: Client) -> None:
    email_id = scheduled(ada)
    api.world.work()
    answer = ada("DELETE", f"{EMAILS}/{email_id}")
    assert (answer.status, answer.json["code"]) == (409, "ILLEGAL_TRANSITION")
    assert ada("GET", f"{EMAILS}/{email_id}").data["status"] == "sent"


def test_a_request_that_is_sent_again_schedules_one_mail(ada: Client) -> None:
    key = {"Idempotency-Key": "once"}
    answers = [ada("POST", SCHEDULE, MAIL, headers=key) for _ in range(2)]
    assert answers[0].json == answers[1].json
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len(ada("GET", EMAILS).data["emails"]) == 1
    assert ada("POST", SCHEDULE, {**MAIL, "subject": "Else"}, headers=key).status == 409


def test_pausing_the_queue_holds_all_mails_back(api: Api, ada: Client) -> None:
    email_id = scheduled(ada)
    assert ada("POST", "/api/v1/queues/emails/pause").status == 200
    api.world.clock.advance(FRESH.total_seconds())
    api.world.work()
    assert ada("GET", f"{EMAILS}/{email_id}").data["status"] == "scheduled"
    assert ada("POST", "/api/v1/queues/emails/resume").status == 200
    api.world.clock.advance(FRESH.total_seconds())
    api.world.work()
    assert ada("GET", f"{EMAILS}/{email_id}").data["status"] == "sent"


def test_the_queue_is_made_anew_where_it_was_deleted(api: Api, ada: Client) -> None:
    scheduled(ada)
    api.world.work()
    assert ada("DELETE", "/api/v1/queues/emails").status == 200
    scheduled(ada)
    assert ada("GET", "/api/v1/queues/emails").status == 200
    assert len(ada("GET", EMAILS).data["emails"]) == 2


def test_a_queue_of_the_tenants_own_making_is_left_as_it_is(ada: Client) -> None:
    made = ada("POST", "/api/v1/queues", {"name": "emails", "concurrency": 2, "max_retries": 9})
    assert made.status == 201
    email_id = scheduled(ada, delay_seconds=60)
    assert ada("GET", "/api/v1/queues/emails").data["concurrency"] == 2
    assert ada("GET", f"/api/v1/jobs/{email_id}").data["max_retries"] == 2


def test_where_there_is_no_room_for_the_queue_the_answer_says_so(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickwell.application.manage_queues.MOST_QUEUES", 0)
    answer = ada("POST", SCHEDULE, MAIL)
    assert (answer.status, answer.json["code"]) == (409, "CONFLICT")
    assert "mails need the queue emails" in answer.json["message"]


def test_a_trace_stays_with_the_mail(ada: Client) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = ada("POST", SCHEDULE, MAIL, headers={"traceparent": trace})
    job = ada("GET", f"/api/v1/jobs/{answer.data['id']}").data
    assert job["traceparent"].split("-")[1] == trace.split("-")[1]

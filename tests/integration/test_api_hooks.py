"""Hooks through the API, and messages that come to them, on both hosts."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.api_hosts import Answer, Api, Client, new_api, services_of
from tickwell.application.task import Task
from tickwell.domain.hook import spell_hook_token
from tickwell.domain.webhook import new_secret, signed_with
from tickwell.http.access import RateClass
from tickwell.http.request_limits import Quota
from tickwell.tasks.send_message import SEND_MESSAGE

HOOKS = "/api/v1/hooks"
MESSAGE = {"message_id": "m-1", "sender": "+49", "content": "When do you open?", "instance": "shop"}
SMS = {"channel": "sms", "to": "{{message.sender}}", "text": "Got it: {{message.content}}"}


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return (SEND_MESSAGE,)


def hook(client: Client, **fields: Any) -> dict[str, Any]:
    answer = client("POST", HOOKS, {"name": "Message from the shop", **fields})
    assert answer.status == 201, answer.json
    made: dict[str, Any] = answer.data
    return made


def hand_in(api: Api, path: str, body: Any = MESSAGE, headers: Mapping[str, str] | None = None) -> Answer:
    return api.anonymous("POST", path, body, headers=headers)


def job_of(client: Client, answer: Answer) -> Any:
    assert answer.status == 202, answer.json
    return client("GET", f"/api/v1/jobs/{answer.data['job_id']}").data


def secret_of(api: Api, client: Client, name: str, value: str) -> None:
    tenant_id = client("GET", "/api/v1/auth/me").data["tenant_id"]
    api.world.core.tenant_secrets.put(tenant_id, name, value)


def test_a_hook_is_made_with_an_address_that_is_shown_once(ada: Client) -> None:
    made = hook(ada, task="send_message", payload=SMS, fields={"sender": "data.from"})
    path = made.pop("path")
    assert path.startswith("/hooks/twh_")
    assert made == {
        "id": made["id"],
        "name": "Message from the shop",
        "task": "send_message",
        "queue": None,
        "payload": SMS,
        "fields": {"sender": "data.from"},
        "signature": None,
        "created_by": ada("GET", "/api/v1/auth/me").data["id"],
        "created_at": "2026-11-22T12:00:00.000Z",
        "last_used_at": None,
    }
    assert ada("GET", f"{HOOKS}/{made['id']}").data == made
    listed = ada("GET", HOOKS)
    assert listed.data == {"hooks": [made]}
    assert "twh_" not in listed.body.decode()


def test_a_message_becomes_a_job_that_runs(api: Api, ada: Client) -> None:
    made = hook(ada)
    answer = hand_in(api, made["path"])
    assert answer.data == {"job_id": answer.data["job_id"], "message_id": "m-1"}
    job = job_of(ada, answer)
    assert (job["name"], job["task"]) == ("Message from the shop", "echo")
    assert job["payload"] == {
        "message_id": "m-1",
        "organization": ada("GET", "/api/v1/auth/me").data["tenant_id"],
        "instance": "shop",
        "sender": "+49",
        "content": "When do you open?",
    }
    api.world.work()
    assert job_of(ada, answer)["status"] == "completed"
    assert ada("GET", f"{HOOKS}/{made['id']}").data["last_used_at"] == "2026-11-22T12:00:00.000Z"


def test_a_hook_answers_by_the_payload_that_it_was_made_with(api: Api, ada: Client) -> None:
    ada("POST", "/api/v1/queues", {"name": "message"})
    made = hook(ada, task="send_message", queue="message", payload=SMS)
    job = job_of(ada, hand_in(api, made["path"], {**MESSAGE, "sender": "+4915112345678"}))
    assert (job["task"], job["queue"]) == ("send_message", "message")
    assert job["payload"] == {"channel": "sms", "to": "+4915112345678", "text": "Got it: When do you open?"}


def test_a_message_that_comes_again_is_the_same_job(api: Api, ada: Client) -> None:
    path = hook(ada)["path"]
    first = hand_in(api, path)
    again = hand_in(api, path, {**MESSAGE, "delivery": 2})
    assert (again.status, again.data) == (202, first.data)
    assert again.headers["idempotency-replayed"] == "true"
    by_header = [hand_in(api, path, {"n": n}, {"webhook-id": "w-1"}) for n in (1, 2)]
    assert by_header[0].data["job_id"] == by_header[1].data["job_id"] != first.data["job_id"]
    assert hand_in(api, hook(ada)["path"]).data["job_id"] != first.data["job_id"]
    api.world.clock.advance(timedelta(hours=25).total_seconds())
    assert hand_in(api, path).data["job_id"] != first.data["job_id"]


def test_a_job_belongs_to_the_trace_of_its_message(api: Api, ada: Client) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = hand_in(api, hook(ada)["path"], headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    api.world.work()
    (execution,) = ada("GET", f"/api/v1/jobs/{answer.data['job_id']}/executions").data["executions"]
    assert trace in execution["traceparent"]


def test_messages_without_an_id_are_all_taken(api: Api, ada: Client) -> None:
    path = hook(ada)["path"]
    answers = [hand_in(api, path, {"content": "hi"}) for _ in range(2)]
    assert answers[0].data["message_id"] is None
    assert answers[0].data["job_id"] != answers[1].data["job_id"]


@pytest.mark.parametrize("body", [b'[{"a": 1}, 2]', b'"text"', b"17", b"null"])
def test_any_json_is_a_message(api: Api, ada: Client, body: bytes) -> None:
    answer = api.anonymous("POST", hook(ada)["path"], raw=body)
    assert job_of(ada, answer)["payload"]["content"] == json.loads(body)


@pytest.mark.parametrize(
    ("raw", "headers", "status"),
    [
        (b"{", {}, 422),
        (b'{"a": 1, "a": 2}', {}, 422),
        (b"\xff", {}, 422),
        (b"", {"Content-Type": "application/json"}, 422),
        (b'{"message_id": "%s"}' % (b"x" * 1025), {}, 422),
        (b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b'"%s"' % (b"x" * 262_144), {}, 413),
    ],
)
def test_what_is_no_message_is_refused(
    api: Api, ada: Client, raw: bytes, headers: Mapping[str, str], status: int
) -> None:
    assert api.anonymous("POST", hook(ada)["path"], raw=raw, headers=headers).status == status
    assert ada("GET", "/api/v1/jobs").data["jobs"] == []


def test_a_message_that_makes_no_payload_is_told_so(api: Api, ada: Client) -> None:
    made = hook(ada, task="send_message", payload=SMS)
    answer = hand_in(api, made["path"], {"sender": "nobody", "content": "hi"})
    assert answer.fields == ["payload.to"]


def test_every_wrong_address_is_unknown_alike(api: Api, ada: Client) -> None:
    made, gone = hook(ada), hook(ada)
    assert ada("DELETE", f"{HOOKS}/{gone['id']}").data == {"id": gone["id"]}
    token = made["path"].rpartition("/")[2]
    wrong = [gone["path"], "/hooks/x", f"/hooks/{token[:-1]}", f"/hooks/{'a' * 500}", f"/hooks/tw_{token[4:]}"]
    tenant_id = ada("GET", "/api/v1/auth/me").data["tenant_id"]
    wrong.append(f"/hooks/{spell_hook_token(tenant_id, made['id'], bytes(24))}")
    wrong.append(f"/hooks/{spell_hook_token(tenant_id, tenant_id, bytes(24))}")
    for path in wrong:
        answer = hand_in(api, path)
        assert (answer.status, answer.json["message"]) == (404, "no hook with this address"), path
    assert api.anonymous("GET", made["path"]).status == 405
    assert ada("GET", "/api/v1/jobs").data["jobs"] == []


def test_a_hook_belongs_to_its_tenant(api: Api, ada: Client) -> None:
    made, bob = hook(ada), api.user()
    assert bob("GET", f"{HOOKS}/{made['id']}").status == 404
    assert bob("DELETE", f"{HOOKS}/{made['id']}").status == 404
    assert bob("GET", HOOKS).data == {"hooks": []}
    job_of(ada, hand_in(api, made["path"]))


@pytest.mark.parametrize("scheme", ["standard", "sha256"])
def test_a_hook_that_asks_for_signatures_takes_no_others(api: Api, ada: Client, scheme: str) -> None:
    secret, raw = new_secret(b"s" * 32), json.dumps(MESSAGE).encode()
    path = hook(ada, signature={"secret": "hook-shop", "scheme": scheme, "header": "X-Sign"})["path"]
    digest = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    standard = dict(signed_with([secret], "m-9", raw, api.world.clock.now()))
    headers = standard if scheme == "standard" else {"X-Sign": f"sha256={digest}"}

    def send(body: bytes = raw, changes: Mapping[str, str] | None = None) -> Answer:
        return api.anonymous("POST", path, raw=body, headers={**headers, **(changes or {})})

    assert send().status == 401  # there is no such secret yet
    api.world.clock.advance(61)
    if scheme == "standard":
        headers = dict(signed_with([secret], "m-9", raw, api.world.clock.now()))
    secret_of(api, ada, "hook-shop", secret)
    assert send(raw + b" ").status == 401
    assert send(changes={"X-Sign": "sha256=00", "webhook-signature": "v1,AAAA"}).status == 401
    assert api.anonymous("POST", path, raw=raw).status == 401
    assert job_of(ada, send())["payload"]["sender"] == "+49"
    assert len(ada("GET", "/api/v1/jobs").data["jobs"]) == 1


def test_no_sender_gets_at_a_secret(api: Api, ada: Client) -> None:
    secret_of(api, ada, "token", "the secret value")
    path = hook(ada, payload={"a": "{{body.a}}{{body.b}}", "whole": "{{body}}"})["path"]
    body = {"a": "{{secret:", "b": "token}}", "c": ["{{secret:token}}"]}
    answer = hand_in(api, path, body)
    api.world.work()
    job = job_of(ada, answer)
    executions = ada("GET", f"/api/v1/jobs/{job['id']}/executions").data["executions"]
    shown = ada("GET", f"/api/v1/executions/{executions[0]['id']}").data
    assert shown["output"] == {"a": "{{secret:token}}", "whole": body}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"task": "no_such_task"}, "task"),
        ({"queue": "no-such-queue"}, "queue"),
        ({"payload": "{{message.nobody}}"}, "payload"),
        ({"task": "send_message", "payload": {**SMS, "channel": "pigeon"}}, "payload.channel"),
        ({"task": "send_message", "payload": {**SMS, "more": 1}}, "payload.more"),
        ({"fields": {"sender": "a..b"}}, "fields.sender"),
        ({"fields": {"receiver": "a"}}, "fields.receiver"),
        ({"signature": {"secret": "token"}}, "signature.secret"),
        ({"signature": {"secret": "hook-a", "scheme": "md5"}}, "signature.scheme"),
        ({"signature": {"secret": "hook-a", "header": "a b"}}, "signature.header"),
        ({"more": 1}, "more"),
    ],
)
def test_a_hook_that_could_not_work_is_refused(ada: Client, fields: dict[str, Any], field: str) -> None:
    answer = ada("POST", HOOKS, {"name": "a hook", **fields})
    assert field in answer.fields
    assert ada("GET", HOOKS).data == {"hooks": []}


def test_hooks_are_for_admins(api: Api, ada: Client) -> None:
    key = ada("POST", "/api/v1/api-keys", {"name": "k", "scopes": ["webhooks:write"], "role": "member"}).data["key"]
    refused = api.anonymous("POST", HOOKS, {"name": "a hook"}, headers={"X-API-Key": key})
    assert refused.status == 403


def test_a_hundred_and_first_hook_is_refused(api: Api, ada: Client) -> None:
    tenant_id, hook_id = ada("GET", "/api/v1/auth/me").data["tenant_id"], hook(ada)["id"]
    made = api.world.hooks.get(tenant_id, hook_id)
    for number in range(99):
        api.world.hooks.add(replace(made, hook_id=f"{hook_id[:-2]}{number:02}-"))
    assert ada("POST", HOOKS, {"name": "one more"}).status == 409


def test_a_hook_takes_so_many_messages_a_minute_and_an_address_sends_no_more(api: Api) -> None:
    limits = {RateClass.HOOK: Quota(limit=5, per=timedelta(minutes=1))}
    limited = new_api("asgi", api.world, services=services_of(api.world, quotas=limits, messages_per_minute=3))
    ada = limited.user("ada@example.com")
    path, other = hook(ada)["path"], hook(ada)["path"]
    answers = [hand_in(limited, path, {"n": n}) for n in range(4)]
    assert [answer.status for answer in answers] == [202, 202, 202, 429]
    assert int(answers[-1].headers["retry-after"]) <= 60
    assert [hand_in(limited, other, {"n": n}).status for n in range(2)] == [202, 429]
    limited.world.clock.advance(61)
    assert hand_in(limited, path, {"n": 9}).status == 202


def test_messages_leave_no_token_in_the_logs(api: Api, ada: Client, caplog: pytest.LogCaptureFixture) -> None:
    path = hook(ada, signature={"secret": "hook-gone"})["path"]
    hand_in(api, path)
    hand_in(api, f"{path[:-1]}a")
    told = "".join(str(record.__dict__) for record in caplog.records)
    assert "a hook's secret cannot be used" in told
    assert path.rpartition("/")[2] not in told

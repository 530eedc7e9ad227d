"""``http_request`` signs what it sends, and keeps what is signed, or holds a secret, from other origins."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON, FakeClock
from tests.integration.http_lab import Lab, Names, Respond, Wires, always, answer, by_target, guarded, serve
from tests.ssrf_vectors import PUBLIC
from tests.task_contexts import task_context
from tests.unit.test_webhook import verified
from tickwell.application.attempt_secrets import AttemptSecrets, TenantAttemptSecrets
from tickwell.domain.errors import AttemptFailedError, NotFoundError
from tickwell.domain.outbound import OutboundRules
from tickwell.domain.webhook import new_secret
from tickwell.tasks.registry import built_in_tasks

NEW, OLD = new_secret(bytes(range(32))), new_secret(bytes(range(32, 64)))
OK = answer("200 OK")


class Kept:
    """The secrets of a tenant: the versions of each, newest first."""

    def __init__(self, **versions: Sequence[str]) -> None:
        self._versions = versions

    def versions(self, tenant_id: str, name: str) -> Sequence[str]:
        """See ``TenantSecrets``."""
        assert tenant_id == "t1"
        if name not in self._versions:
            raise NotFoundError("secret", name)
        return self._versions[name]


def secrets(**versions: Sequence[str]) -> AttemptSecrets:
    return TenantAttemptSecrets(Kept(**versions), "t1")


def call(
    respond: Respond, known: AttemptSecrets, *, attempt: int = 1, clock: FakeClock | None = None, **payload: Any
) -> Lab:
    """Run the task on ``http://here.example/a``, where all names lead to one server."""

    async def scenario() -> Lab:
        async with serve(respond) as lab:
            names = Names(here_example=[[PUBLIC]], there_example=[["8.8.8.8"]])
            http = guarded(OutboundRules(), resolver=names, network=Wires(lab.port))
            context = task_context(http=http, secrets=known, attempt=attempt, clock=clock)
            whole = {"url": "http://here.example/a", "method": "POST", **payload}
            await built_in_tasks().execute("http_request", whole, context)
            return lab

    return asyncio.run(scenario())


def fail(respond: Respond, known: AttemptSecrets, **payload: Any) -> AttemptFailedError:
    with pytest.raises(AttemptFailedError) as caught:
        call(respond, known, **payload)
    return caught.value


@pytest.mark.parametrize("payload", [{"json": {"ä": 1}}, {"body": "ä"}, {}, {"method": "GET"}])
def test_the_receiver_can_verify_what_it_got(payload: dict[str, Any]) -> None:
    (seen,) = call(always(OK), secrets(hook=[NEW]), sign_with="hook", **payload).seen
    assert verified(NEW, seen.headers, seen.body)
    assert not verified(NEW, seen.headers, seen.body + b"x")
    assert not verified(OLD, seen.headers, seen.body)
    assert seen.headers["webhook-timestamp"] == str(int(NOON.timestamp()))


def test_after_a_rotation_both_secrets_verify() -> None:
    (seen,) = call(always(OK), secrets(hook=[NEW, OLD]), sign_with="hook", json=1).seen
    assert verified(NEW, seen.headers, seen.body)
    assert verified(OLD, seen.headers, seen.body)
    assert len(seen.headers["webhook-signature"].split()) == 2


def test_a_secret_of_before_that_cannot_sign_is_left_out() -> None:
    (seen,) = call(always(OK), secrets(hook=[NEW, "not one"]), sign_with="hook", json=1).seen
    assert len(seen.headers["webhook-signature"].split()) == 1
    assert verified(NEW, seen.headers, seen.body)


def test_each_attempt_signs_anew_under_the_same_message_id() -> None:
    sent = [
        call(
            always(OK),
            secrets(hook=[NEW]),
            attempt=attempt,
            clock=FakeClock(NOON + timedelta(hours=attempt)),
            sign_with="hook",
            json=1,
        ).seen[0]
        for attempt in (1, 2)
    ]
    assert len({seen.headers["webhook-id"] for seen in sent}) == 1
    assert len({seen.headers["webhook-timestamp"] for seen in sent}) == 2
    assert sent[0].headers["webhook-id"] == sent[0].headers["idempotency-key"]
    assert all(verified(NEW, seen.headers, seen.body) for seen in sent)


def test_without_it_nothing_is_signed() -> None:
    (seen,) = call(always(OK), secrets(hook=[NEW]), json=1).seen
    assert not [name for name in seen.headers if name.startswith("webhook-")]


@pytest.mark.parametrize(
    ("known", "code"),
    [
        (secrets(), "SECRET_NOT_FOUND"),
        (secrets(hook=["geheim-123"]), "INVALID_SIGNING_SECRET"),
        (secrets(hook=["geheim-123", NEW]), "INVALID_SIGNING_SECRET"),
    ],
)
def test_without_a_secret_that_can_sign_nothing_is_sent(known: AttemptSecrets, code: str) -> None:
    reached: list[Any] = []

    async def respond(seen: Any, writer: asyncio.StreamWriter) -> None:
        reached.append(seen)
        writer.write(OK)

    caught = fail(respond, known, sign_with="hook", json=1)
    assert (caught.error_code, caught.retryable, reached) == (code, False, [])
    assert "geheim" not in caught.message


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("target", ["http://there.example/b", "http://here.example:81/b"])
def test_a_signed_body_does_not_go_to_another_origin(status: int, target: str) -> None:
    moves = by_target(a=answer(f"{status} Moved", [f"Location: {target}"]), b=OK)
    caught = fail(moves, secrets(hook=[NEW]), sign_with="hook", json={"a": "s3cret"})
    assert (caught.error_code, caught.retryable) == ("REDIRECT_TO_OTHER_ORIGIN", False)
    assert "s3cret" not in caught.message


def test_a_body_with_an_opened_secret_does_not_go_to_another_origin() -> None:
    known = secrets(token=["s3cret-token"])
    asyncio.run(known.get("token"))
    moves = by_target(a=answer("307 Moved", ["Location: http://there.example/b"]), b=OK)
    assert fail(moves, known, json={"a": "s3cret-token"}).error_code == "REDIRECT_TO_OTHER_ORIGIN"
    assert len(call(moves, secrets(), json={"a": "no secret"}).seen) == 2


@pytest.mark.parametrize("status", [301, 302, 303])
def test_what_becomes_a_get_goes_on_without_body_and_signature(status: int) -> None:
    moves = by_target(
        a=answer(f"{status} Moved", ["Location: http://there.example/b"]),
        b=answer("307 Moved", ["Location: http://here.example/c"]),
        c=OK,
    )
    lab = call(moves, secrets(hook=[NEW]), sign_with="hook", json={"a": 1}, headers={"Authorization": "Bearer x"})
    assert [(seen.method, seen.body) for seen in lab.seen] == [("POST", b'{"a":1}'), ("GET", b""), ("GET", b"")]
    assert "webhook-signature" in lab.seen[0].headers
    for seen in lab.seen[1:]:
        assert not {"webhook-signature", "webhook-id", "authorization"} & set(seen.headers)


def test_a_signed_body_stays_whole_on_its_own_origin() -> None:
    lab = call(
        by_target(a=answer("307 Moved", ["Location: /b"]), b=OK), secrets(hook=[NEW]), sign_with="hook", json={"a": 1}
    )
    assert [seen.target for seen in lab.seen] == ["/a", "/b"]
    assert all(verified(NEW, seen.headers, seen.body) for seen in lab.seen)

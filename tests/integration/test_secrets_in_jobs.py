"""Jobs whose payloads refer to secrets: what the task gets, and that nothing else ever has the value."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.quiet import quiet
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError, InvalidInputError, NotFoundError, UnavailableError
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.retry import RetryAt

TOKEN = 'grüße-"sesame" 12'
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
PAYLOAD = {"header": "Bearer {{secret:token}}", "list": ["{{secret:key}}", 1]}


def with_secrets(world: World) -> World:
    world.core.tenant_secrets.put(ADA.tenant_id, "token", TOKEN)
    world.core.tenant_secrets.put(ADA.tenant_id, "key", KEY)
    return world


def only_execution(world: World, job: Job) -> Execution:
    [execution] = world.executions(job)
    return whole(world, execution)


def whole(world: World, execution: Execution) -> Execution:
    """With its output."""
    found = world.read.execution(ADA, execution.execution_id).execution
    assert isinstance(found, Execution)
    return found


def everything_known(world: World, job: Job) -> str:
    """All that the API would tell of the job."""
    executions = [whole(world, one) for one in world.executions(job)]
    logs = [world.read.logs(ADA, one.execution_id) for one in executions]
    letters = world.core.history.list_dead_letters(ADA.tenant_id, limit=10, cursor=None).items
    return repr([world.job(job), executions, logs, letters])


def assert_secret(text: str) -> None:
    lines = [line for line in KEY.splitlines() if line]
    for value in (TOKEN, *lines):
        for spelled in (value, json.dumps(value)[1:-1], repr(value)[1:-1], quote(value)):
            assert spelled not in text, spelled
        assert b64encode(value.encode()).decode().rstrip("=")[:-1] not in text


def test_the_task_gets_the_values_and_what_is_stored_has_the_references(build: Build) -> None:
    got: list[Any] = []
    world = with_secrets(build(lambda payload, _context: got.append(payload)))
    job = world.create(task="probe", payload=PAYLOAD)
    world.work()
    assert got == [{"header": f"Bearer {TOKEN}", "list": [KEY, 1]}]
    assert world.job(job).payload == PAYLOAD
    assert world.job(job).status is JobStatus.COMPLETED
    assert_secret(everything_known(world, job))


def test_a_payload_in_the_bucket_refers_as_well(build: Build) -> None:
    got: list[Any] = []
    world = with_secrets(build(lambda payload, _context: got.append(payload[-1])))
    job = world.create(task="probe", payload=["x" * 300_000, "{{secret:token}}"])
    assert world.job(job).payload_blob is not None
    world.work()
    assert got == [TOKEN]


def test_values_are_masked_in_output_log_progress_and_errors(build: Build) -> None:
    shown: list[Any] = []

    async def tell(payload: Any, context: TaskContext) -> Any:
        header, key = payload["header"], payload["list"][0]
        context.log("info", f"sending {header}", body=json.dumps(payload), line=key.splitlines()[1])
        context.log("info", "x" * (32 * 1024 - 30) + header)
        await context.progress(50, f"with {header}")
        shown.append(world.job(job).slot)
        if context.attempt == 1:
            raise ValueError(f"no {header} {payload!r} {quote(header)}")
        if context.attempt == 2:
            raise AttemptFailedError("REFUSED", f"no {header}")
        return {"echoed": payload, header: b64encode(f"user:{TOKEN}".encode()).decode(), "line": key.splitlines()[2]}

    world = with_secrets(build(tell))
    job = world.create(task="probe", payload=PAYLOAD, max_retries=3)
    for _ in range(3):
        world.work()
        world.clock.advance(3600)
    first, second, third = world.executions(job)
    assert (first.failure is not None, second.failure and second.failure.message) == (True, "no Bearer ***")
    output = whole(world, third).output
    assert output["echoed"] == {"header": "Bearer ***", "list": ["***", 1]}
    assert "progress" in repr(shown[0])
    assert_secret(everything_known(world, job) + repr(shown))


def test_what_the_code_of_a_task_asks_for_is_masked_too(build: Build) -> None:
    async def ask(_payload: Any, context: TaskContext) -> Any:
        return [await context.secrets.get("token"), list(await context.secrets.versions("key"))]

    world = with_secrets(build(ask))
    world.core.tenant_secrets.put(ADA.tenant_id, "key", "the newer key")
    job = world.create(task="probe")
    world.work()
    assert only_execution(world, job).output == ["***", ["***", "***"]]


def test_an_output_without_secrets_is_left_as_it_is(build: Build) -> None:
    world = with_secrets(build(lambda _payload, _context: {"token": TOKEN}))
    job = world.create(task="probe")
    world.work()
    assert only_execution(world, job).output == {"token": TOKEN}


def test_a_secret_that_is_not_there_ends_the_occurrence_and_the_dead_letter_runs_once_it_is(build: Build) -> None:
    got: list[Any] = []
    world = build(lambda payload, _context: got.append(payload))
    job = world.create(task="probe", payload="{{secret:token}}", max_retries=5)
    world.work()
    [execution] = world.executions(job)
    assert execution.failure is not None
    assert execution.failure.code == "SECRET_NOT_FOUND"
    assert execution.failure.message == "there is no secret token; PUT /api/v1/secrets/token makes it"
    assert (world.job(job).status, got) == (JobStatus.FAILED, [])
    [letter] = world.core.history.list_dead_letters(ADA.tenant_id, limit=10, cursor=None).items
    with_secrets(world)
    retried = world.retry_letter(ADA, letter.dead_letter_id)
    assert retried.job.payload == "{{secret:token}}"
    world.work()
    assert got == [TOKEN]
    assert_secret(everything_known(world, retried.job))


def test_another_tenants_secret_is_not_there(build: Build) -> None:
    world = build(lambda payload, _context: payload)
    world.core.tenant_secrets.put("tenant-eve", "token", TOKEN)
    job = world.create(task="probe", payload="{{secret:token}}")
    world.work()
    failure = only_execution(world, job).failure
    assert failure is not None
    assert failure.code == "SECRET_NOT_FOUND"


class _Failing:
    """A store of secrets of which the first reads fail."""

    def __init__(self, inner: Any, error: Exception, failures: int = 1) -> None:
        self._inner, self.error, self.failures = inner, error, failures
        self.reads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def versions(self, tenant_id: str, name: str) -> Any:
        self.reads += 1
        if self.reads <= self.failures:
            raise self.error
        return self._inner.versions(tenant_id, name)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickwell.application.attempt_secrets.PAUSES_SECONDS", (0.0,) * 3)


def test_a_store_that_fails_for_a_moment_costs_no_attempt(build: Build) -> None:
    error = UnavailableError("secretsmanager", "ThrottlingException")
    world = build(
        lambda payload, _context: payload,
        watch=lambda name, port: _Failing(port, error, 3) if name == "tenant secrets" else port,
    )
    job = with_secrets(world).create(task="probe", payload="{{secret:token}}", max_retries=0)
    world.work()
    assert world.job(job).status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    ("error", "failures"),
    [
        (UnavailableError("secretsmanager", "ThrottlingException"), 4),
        (PermissionError("arn:aws:iam::123:role/internal"), 1),
    ],
)
def test_a_store_that_fails_costs_an_attempt_and_tells_nothing_of_itself(
    build: Build, error: Exception, failures: int
) -> None:
    world = build(
        lambda payload, _context: payload,
        watch=lambda name, port: _Failing(port, error, failures) if name == "tenant secrets" else port,
    )
    with_secrets(world)
    job = world.create(task="probe", payload="{{secret:token}}", max_retries=1)
    with quiet():
        world.work()
    [first] = world.executions(job)
    assert first.failure is not None
    assert (first.failure.code, first.failure.message) == (
        "SECRETS_UNAVAILABLE",
        "the tenant's secrets could not be read",
    )
    assert isinstance(first.decision, RetryAt)
    world.clock.advance(3600)
    world.work()
    assert world.job(job).status is JobStatus.COMPLETED


def test_a_worker_asks_for_a_secret_once_a_minute(build: Build) -> None:
    got: list[Any] = []
    world = build(
        lambda payload, _context: got.append(payload),
        watch=lambda name, port: _Failing(port, NotFoundError("secret", "x")) if name == "tenant secrets" else port,
    )
    store: Any = with_secrets(world).core.tenant_secrets
    store.failures = 0
    for _ in range(5):
        world.create(task="probe", payload="{{secret:token}}")
        world.work()
    assert store.reads == 1
    world.core.tenant_secrets.put(ADA.tenant_id, "token", "a newer token")
    world.clock.advance(61)
    world.create(task="probe", payload="{{secret:token}}")
    world.work()
    assert got == [TOKEN] * 5 + ["a newer token"]


def test_what_does_not_fit_with_its_value_fails_without_retry_and_without_telling_it(build: Build) -> None:
    world = with_secrets(build())
    payload = {"to": "{{secret:token}}", "subject": "s", "body": "b"}
    job = world.create(task="send_email", payload=payload)
    world.work()
    execution = only_execution(world, job)
    assert execution.failure is not None
    assert execution.failure.code == "INVALID_PAYLOAD"
    assert "payload.to" in execution.failure.message
    assert world.job(job).status is JobStatus.FAILED
    assert_secret(everything_known(world, job))


def test_the_mail_that_is_kept_to_be_shown_has_no_secrets(build: Build, tmp_path: Path) -> None:
    world = with_secrets(build())
    payload = {"to": "bob@example.com", "subject": "s {{secret:token}}", "body": "b {{secret:token}}"}
    job = world.create(task="send_email", payload=payload)
    world.work()
    execution = only_execution(world, job)
    mail = world.read.sent_mail(ADA, execution.execution_id)
    assert (mail["subject"], mail["text"]) == ("s ***", "b ***")
    assert_secret(repr(mail) + everything_known(world, job))
    assert "=C3=BC" in "".join(path.read_text() for path in (tmp_path / "outbox").glob("*.eml"))


@pytest.mark.parametrize("edits", [False, True])
def test_a_malformed_reference_is_refused_when_the_job_is_accepted(build: Build, edits: bool) -> None:
    world = build()
    wrong = {"a": ["{{secret:My Key}}"]}
    with pytest.raises(InvalidInputError, match="must name a secret") as caught:
        world.registry.validate("echo", wrong) if edits else world.create(payload=wrong)
    assert caught.value.field == "payload.a.0"


def test_two_dashes_of_escape_stand_for_the_text_itself(build: Build) -> None:
    world = build()
    job = world.create(payload="{{secret::token}}")
    world.work()
    assert only_execution(world, job).output == "{{secret:token}}"

"""The Lambda functions with secrets in their environment, their table and their payloads: nothing of it is told."""

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.chaos.security.findings import BROKE, Findings
from tests.contract.queue_engines import REGION
from tests.function_stack import Stack, http_event, open_stack
from tests.notification_lab import Hook
from tests.secrecy_lab import MARK, TENANT_SECRET
from tickwell.bootstrap.aws import clients

KIND: Final = "functions"
JOBS: Final = "/api/v1/jobs"
KEYS_OF_THE_ROLE: Final = {
    "AWS_ACCESS_KEY_ID": f"{MARK}-role-id",
    "AWS_SECRET_ACCESS_KEY": f"{MARK}-role-key",
    "AWS_SESSION_TOKEN": f"{MARK}-role-token",
}
SIGNING_KEY: Final = f"{MARK}-signing-key-{'k' * 40}"


@dataclass(kw_only=True)
class Said(logging.Handler):
    """All that functions log, down to the last field, and print."""

    printed: io.StringIO = field(default_factory=io.StringIO)
    logged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it, with its error."""
        self.logged.append(self.format(record) + str(vars(record)))

    __hash__ = logging.Handler.__hash__

    @property
    def text(self) -> str:
        """Everything."""
        return self.printed.getvalue() + "\n".join(self.logged)


@contextlib.contextmanager
def _listening() -> Iterator[Said]:
    said = Said()
    root = logging.getLogger()
    before = root.level
    root.addHandler(said)
    root.setLevel(logging.INFO)  # as Lambda does, by the template
    try:
        with contextlib.redirect_stdout(said.printed), contextlib.redirect_stderr(said.printed):
            yield said
    finally:
        root.setLevel(before)
        root.removeHandler(said)


def attack_functions(findings: Findings, folder: Path, hook: Hook) -> None:
    """All functions, with what they are meant for and with what they cannot read."""
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, mock_aws(), _listening() as said:
        for name, value in {**KEYS_OF_THE_ROLE, "AWS_DEFAULT_REGION": REGION}.items():
            patch.setenv(name, value)
        with open_stack(patch) as stack:
            answers, secrets = _use(stack, hook)
    findings.require(KIND, "the log says too little", held=said.text.count("'action'") > 5, what=BROKE)
    findings.holds_no_secret(KIND, "the log", said.text, {"what was sent": MARK, **secrets})
    deployment = {**KEYS_OF_THE_ROLE, "the signing key": SIGNING_KEY}
    for what, status, text in answers:
        findings.holds_no_secret(KIND, what, text, deployment)
        findings.holds_no_secret(KIND, what, text, {"a tenant's secret": json.dumps(TENANT_SECRET)[1:-1]})
        if status >= 400:
            findings.holds_no_secret(KIND, what, text.replace(f"{MARK}-id", ""), {"what was sent": MARK, **secrets})


Answers = list[tuple[str, int, str]]


def _use(stack: Stack, hook: Hook) -> tuple[Answers, dict[str, str]]:
    """A user with marked secrets, whose jobs fail in all ways; the answers, and the secrets that were made."""
    secretsmanager = boto3.client("secretsmanager", region_name=REGION)
    secretsmanager.put_secret_value(SecretId="jwt", SecretString=SIGNING_KEY)
    answers: Answers = []

    def call(method: str, path: str, body: Any = None, token: str = "") -> Any:
        status, answer = stack.call(method, path, body, token)
        answers.append((f"{method} {path}: {status}", status, json.dumps(answer)))
        return answer.get("data")

    account = {"email": "ada@example.com", "password": f"Aa1-{MARK}-password"}
    token = call("POST", "/api/v1/auth/register", account)["token"]
    call("POST", "/api/v1/auth/login", {**account, "password": f"{MARK}-wrong"})
    webhook = call("POST", "/api/v1/webhooks", {"url": hook.url, "events": ["job.failed"]}, token)
    key = call("POST", "/api/v1/api-keys", {"name": "k", "scopes": ["jobs:read"]}, token)
    call("GET", JOBS, token=key["key"][:-1])
    for value in (TENANT_SECRET, {"value": TENANT_SECRET}, [TENANT_SECRET]):
        call("PUT", "/api/v1/secrets/kept", {"value": value}, token)
    for body in _jobs(hook):
        call("POST", JOBS, {"name": "a job", "max_retries": 0, **body}, token)
    call("POST", JOBS, {"name": "a job", "task": "http_request", "payload": {"url": f"{MARK}-url"}}, token)
    call("GET", f"{JOBS}?cursor={MARK}-cursor", token=token)
    call("GET", f"{JOBS}/{MARK}-id", token=token)
    call("GET", JOBS, token=f"{MARK}.{MARK}.{MARK}")
    _invoke_all(stack)
    for path in (JOBS, "/api/v1/dead-letters", "/api/v1/audit", "/api/v1/webhooks", "/health", "/health/store"):
        call("GET", path, token=token)
    call("GET", "/api/v1/secrets", token=token)
    call("GET", "/api/v1/organization/export", token=token)
    _with_a_broken_table(stack, token, answers)
    secrets = {"the token": token, "the webhook's secret": webhook["secret"], "the API key": key["key"]}
    return answers, secrets


def _jobs(hook: Hook) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {MARK}-header"}
    return [
        {"payload": f"{MARK}-payload"},
        {"payload": f"{MARK}-{'x' * 300_000}"},
        {"task": "http_request", "payload": {"url": f"http://127.0.0.2:9/{MARK}-path?{MARK}-query"}},
        {
            "task": "http_request",
            "payload": {"url": hook.url, "headers": headers, "method": "POST", "expected_status": 418},
        },
        {"task": "send_email", "payload": {"to": f"{MARK}@example.com", "subject": MARK, "body": MARK}},
        {"payload": "{{secret:kept}}"},
        {"task": "send_email", "payload": {"to": "{{secret:kept}}", "subject": "s", "body": "b"}},
        {"task": "http_request", "payload": {"url": "http://127.0.0.2:9/?key={{secret:kept}}"}},
    ]


def _invoke_all(stack: Stack) -> None:
    """Each function with its events, twice, and with what nobody can read."""

    def run(function: str, event: dict[str, Any]) -> None:
        if event.get("Records") != []:  # Lambda never comes with nothing
            stack.run(function, event)

    for _ in range(2):
        run("worker", stack.event("lane-medium"))
        run("outcomes", {"Records": stack.records("INSERT", "NewImage")})
        run("notifier", stack.event("notify"))
        run("safety_sync", {})
    run("archive", {"Records": stack.records("REMOVE", "OldImage")})
    for queue, function in (("lane-low", "worker"), ("dispatch", "dispatcher"), ("notify", "notifier")):
        for body in ("{]" + MARK, json.dumps({"v": 99, "secret": MARK}), json.dumps([MARK])):
            stack.send(queue, body)
        run(function, stack.event(queue))
    run("dead_letter", stack.event("lane-dlq"))


def _with_a_broken_table(stack: Stack, token: str, answers: Answers) -> None:
    """DynamoDB refuses all writes."""
    message = "Throughput exceeds the current capacity of your table"

    def refuse(**_given: Any) -> None:
        raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": message}}, "PutItem")

    events = clients.client("dynamodb").meta.events
    names = [
        f"before-call.dynamodb.{name}" for name in ("PutItem", "UpdateItem", "TransactWriteItems", "BatchWriteItem")
    ]
    for name in names:
        events.register(name, refuse)
    try:
        body = {"name": f"{MARK}-name", "payload": f"{MARK}-payload", "delay_seconds": 3600}
        event = http_event("POST", JOBS, body, {"authorization": f"Bearer {token}"})
        answer = stack.run("api", event)
        answers.append(("a job without a table", answer["statusCode"], answer["body"]))
    finally:
        for name in names:
            events.unregister(name, refuse)

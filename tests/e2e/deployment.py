"""A deployed Tickwell as a user meets it: its HTTP API, and what an operator can look up."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2

from tests.e2e import sam
from tests.e2e.local_aws import LocalAws

T = TypeVar("T")
Json = dict[str, Any]

PASSWORD = "Secure-Pass-123"

_PATIENCE_SECONDS = 120.0
"""For an answer: how long a function may take is for the local AWS to see to, but not how long one takes to begin."""


class UnavailableError(AssertionError):
    """The API said that something it stands on does not answer, and asked to try again."""


@dataclass(kw_only=True, slots=True)
class Deployment:
    """One stack. The API is reached by its Host header, since no resolver knows the local AWS's names."""

    aws: LocalAws
    outputs: dict[str, str]
    token: str | None = field(default=None)

    def call(self, method: str, path: str, body: Json | None = None) -> httpx2.Response:
        """One request to the HTTP API, as the registered user if there is one."""
        headers = {"Host": urlsplit(self.outputs["ApiUrl"]).netloc}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return httpx2.request(method, f"{self.aws.url}{path}", headers=headers, json=body, timeout=_PATIENCE_SECONDS)

    def data(self, method: str, path: str, body: Json | None = None, *, status: int = 200) -> Json:
        """The ``data`` of an answer that must have ``status``. Raises UnavailableError where it has 503."""
        answer = self.call(method, path, body)
        if answer.status_code == 503:
            raise UnavailableError(f"{method} {path}: {answer.text}\n{self.recent_log()}")
        assert answer.status_code == status, f"{method} {path}: {answer.text}\n{self.recent_log()}"
        content: Json = answer.json()["data"]
        return content

    def register(self, email: str) -> None:
        """Make a user, who sends all later requests."""
        registered = self.data("POST", "/api/v1/auth/register", {"email": email, "password": PASSWORD}, status=201)
        self.token = registered["token"]

    def create_job(self, body: Json) -> str:
        """Create a job; returns its id."""
        job_id: str = self.data("POST", "/api/v1/jobs", body, status=201)["id"]
        return job_id

    def create_jobs(self, bodies: list[Json]) -> list[str]:
        """Create jobs with one request; returns their ids in order."""
        created = self.data("POST", "/api/v1/jobs/batch", {"jobs": bodies})
        assert created["failed"] == 0, created
        return [result["data"]["id"] for result in created["results"]]

    def executions(self, job_id: str) -> list[Json]:
        """The job's finished executions, oldest first."""
        listed = self.data("GET", f"/api/v1/jobs/{job_id}/executions")["executions"]
        return sorted(
            (execution for execution in listed if execution["status"] != "running"),
            key=lambda e: str(e["due_at"]),
        )

    def finished(self, job_id: str, *, count: int = 1, timeout_seconds: float) -> list[Json]:
        """Wait until the job has ``count`` finished executions."""
        return wait_for(
            lambda: found if len(found := self.executions(job_id)) >= count else None,
            timeout_seconds=timeout_seconds,
            what=lambda: f"{count} execution(s) of {job_id}: {self.executions(job_id)}\n{self.recent_log()}",
        )

    def dead_letters(self) -> list[Json]:
        """Every dead letter record in the table, the operator's included."""
        client = self.aws.client("dynamodb")
        pages = client.get_paginator("scan").paginate(TableName=self.outputs["TableName"], ConsistentRead=True)
        items = [item for page in pages for item in page["Items"]]
        return [item for item in items if item.get("kind") == {"S": "dead_letter"}]

    def put_in_lane(self, lane: str, body: str) -> None:
        """Send raw text to a lane, as no release of Tickwell would."""
        self.aws.client("sqs").send_message(QueueUrl=self.outputs[f"Lane{lane.title()}Url"], MessageBody=body)

    def function_environment(self, name: str) -> dict[str, str]:
        """The environment variables of a deployed function."""
        configuration = self.aws.client("lambda").get_function_configuration(FunctionName=f"{sam.STACK}-{name}")
        variables: dict[str, str] = configuration["Environment"]["Variables"]
        return variables

    def verify_sender(self) -> None:
        """What every user of SES has to do once: have the sender's address verified."""
        self.aws.client("sesv2").create_email_identity(EmailIdentity=sam.SENDER)

    def recent_log(self) -> str:
        """What functions and local AWS said last, for the message of a failing test."""
        client = self.aws.client("logs")
        lines = []
        for group in client.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{sam.STACK}")["logGroups"]:
            name = group["logGroupName"]
            events = client.filter_log_events(logGroupName=name)["events"]
            lines += [f"{name}: {event['message'].rstrip()}" for event in events[-20:]]
        lines += self.aws.log.read_text(errors="replace").splitlines()[-30:]
        return "\n".join(line[:2000] for line in lines)


def wait_for(look: Callable[[], T | None], *, timeout_seconds: float, what: Callable[[], str]) -> T:
    """Ask ``look`` until it finds something, also where it gets no answer; fails with ``what`` was waited for."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        with suppress(UnavailableError, httpx2.TimeoutException):
            found = look()
            if found is not None:
                return found
        time.sleep(0.5)
    raise AssertionError(f"waited {timeout_seconds} s in vain for {what()}")

"""What a user submits to a fresh deployment, all at once."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.e2e.deployment import Deployment
from tests.e2e.limits import Limited, submit_to_limited_queues
from tests.e2e.receiver import Receiver

MAIL_IN = timedelta(seconds=20)
FAR_IN = timedelta(seconds=160)
"""Beyond the deployments' direct horizon of 130 s."""

LARGE_PAYLOAD = {"text": "x" * 300_000}
POISON = "neither JSON nor of any release"

QUIET_AFTER = timedelta(seconds=72)
"""Counted from the beginning of the minute: twelve seconds after the next one."""
TURN = timedelta(seconds=12)

COLD_STARTS_SECONDS = 20
"""All functions of three stacks start within this time on two cores."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flows:
    """The jobs of one deployment, by what they show."""

    name: str
    deployment: Deployment
    receiver: Receiver
    email: str
    now_job: str
    mail_job: str
    mail_due_at: datetime
    minutely_job: str
    failing_job: str
    large_job: str
    far_job: str
    far_due_at: datetime
    limited: Limited


def submit(name: str, deployment: Deployment, receiver: Receiver, *, turn: int) -> Flows:
    """Register a user and create everything. ``turn`` numbers the stacks, which fill their queues one after another."""
    _stay_clear_of_the_minute()
    email = f"{name}@user.example"
    deployment.register(email)
    deployment.data("PUT", "/api/v1/secrets/caller", {"value": secret_of(name)})
    mail_due_at, far_due_at = in_(MAIL_IN), in_(FAR_IN)
    request = {"task": "http_request", "name": "Call"}
    flows = Flows(
        name=name,
        deployment=deployment,
        receiver=receiver,
        email=email,
        mail_due_at=mail_due_at,
        far_due_at=far_due_at,
        far_job=deployment.create_job(
            {
                **request,
                "scheduled_time": far_due_at.isoformat(),
                "payload": {"url": f"{receiver.url}/far/{name}", "method": "POST"},
            }
        ),
        mail_job=deployment.create_job(
            {
                "name": "Mail",
                "task": "send_email",
                "scheduled_time": mail_due_at.isoformat(),
                "payload": {"to": "someone@reader.example", "subject": "From Tickwell", "body": "It works."},
            }
        ),
        now_job=deployment.create_job(
            {
                **request,
                "payload": {
                    "url": f"{receiver.url}/now/{name}",
                    "method": "POST",
                    "headers": {"X-Secret": "{{secret:caller}}"},
                    "json": {"deployment": name},
                },
            }
        ),
        minutely_job=deployment.create_job(
            {
                **request,
                "cron_expression": "* * * * *",
                "payload": {"url": f"{receiver.url}/minutely/{name}", "method": "GET"},
            }
        ),
        failing_job=deployment.create_job(
            {
                **request,
                "name": "Fails",
                "max_retries": 1,
                "retry": {"strategy": "fixed", "delay_seconds": 1},
                "payload": {"url": f"{receiver.url}/fail/{name}", "method": "GET"},
            }
        ),
        large_job=deployment.create_job({"name": "Large", "payload": LARGE_PAYLOAD}),
        limited=submit_to_limited_queues(name, deployment, receiver, due_at=_quiet_time(turn)),
    )
    deployment.put_in_lane("medium", POISON)
    return flows


def secret_of(name: str) -> str:
    """What a deployment's user keeps in Secrets Manager."""
    return f"secret-of-{name}"


def in_(span: timedelta) -> datetime:
    """A whole second, ``span`` from now."""
    return (datetime.now(UTC) + span).replace(microsecond=0)


def _quiet_time(turn: int) -> datetime:
    """When the next minute's occurrences have run: what keeps the machine busy then delays nobody's punctuality."""
    now = datetime.now(UTC)
    return now.replace(second=0, microsecond=0) + QUIET_AFTER + turn * TURN


def _stay_clear_of_the_minute() -> None:
    """Wait if a minute is about to begin: the minute job's first occurrence would meet every function's cold start."""
    rest_seconds = 60 - datetime.now(UTC).timestamp() % 60
    if rest_seconds < COLD_STARTS_SECONDS:
        time.sleep(rest_seconds)

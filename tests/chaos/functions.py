"""The deployed functions on a local AWS while everything goes wrong that Lambda and SQS allow.

Built and deployed with SAM. Worker processes are killed in the middle of batches, messages are delivered twice and
late, and the table refuses every call for a minute. After that every job must have ended as it should, once.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from tests.chaos.figures import Figures
from tests.chaos.trials import Run
from tests.e2e import sam
from tests.e2e.deployment import Deployment, Json
from tests.e2e.local_aws import started
from tests.e2e.meddling import Meddler, meddling
from tests.e2e.receiver import Receiver, receiving
from tests.e2e.throttled_table import ThrottledTable, lead_functions_through, throttled_table

JOBS = 40
DUE_WITHIN_SECONDS = 70
BEFORE_SECONDS = 15
"""How long processes are killed and messages meddled with before the table refuses, and as long afterwards."""

THROTTLED_SECONDS = 60
ENDS_WITHIN_SECONDS = 180
"""From the end of all trouble."""

WORKER_SECONDS = 60
INVISIBLE_SECONDS = 75
"""The lanes' visibility, for a worker that may run for 60 s: what a killed one held comes back that soon."""

LANES = ("High", "Medium", "Low")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a job stands in the end."""

    body: Json
    status: str
    executions: Sequence[Json]
    keys: frozenset[str]


def functions(run: Run) -> Figures:
    """One stack, and one bad day."""
    chance = random.Random(run.seed)
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}
    built = sam.build(run.folder, environment)
    home = run.folder / "aws"
    with started(home, iam_enforced=False) as aws, receiving() as receiver, throttled_table(aws) as table:
        outputs = sam.deploy(built, aws, far_timer="sweep", WorkerTimeoutSeconds=str(WORKER_SECONDS))
        deployment = Deployment(aws=aws, outputs=outputs)
        lead_functions_through(aws, table)
        lanes = [outputs[f"Lane{lane}Url"] for lane in LANES]
        for url in lanes:
            aws.client("sqs").set_queue_attributes(
                QueueUrl=url, Attributes={"VisibilityTimeout": str(INVISIBLE_SECONDS)}
            )
        port = urlsplit(receiver.url).port
        assert port is not None
        meddler = Meddler(aws=aws, lanes=lanes, home=home, port=port, chance=chance)
        jobs = submitted(deployment, receiver, chance)
        trouble(meddler, table)
        ended = waited_for(deployment, receiver, jobs)
        return judged(ended, meddler, table, log=deployment.recent_log(), folder=run.folder)


def submitted(deployment: Deployment, receiver: Receiver, chance: random.Random) -> dict[str, Json]:
    """Jobs of several kinds in all lanes, due at once and in the next minute and a half; their bodies by id."""
    deployment.register("chaos@user.example")
    bodies = [_body(number, receiver, chance) for number in range(JOBS)]
    return dict(zip(deployment.create_jobs(bodies), bodies, strict=True))


def _body(number: int, receiver: Receiver, chance: random.Random) -> Json:
    fails = number % 6 == 0
    due_at = datetime.now(UTC) + timedelta(seconds=chance.randint(0, DUE_WITHIN_SECONDS))
    return {
        "name": f"{'fails' if fails else 'succeeds'} {number}",
        "task": "http_request",
        "priority": chance.choice(["high", "medium", "low"]),
        "scheduled_time": due_at.isoformat(),
        "timeout_seconds": 10,
        "on_lost": "retry",
        "max_retries": 1 if fails else 20,
        "retry": {"strategy": "fixed", "delay_seconds": 2},
        "payload": {"url": f"{receiver.url}{_path(number, fails=fails)}", "method": "POST"},
    }


def _path(number: int, *, fails: bool) -> str:
    return f"/fail/{number}" if fails else f"/slow/2/{number}"


def trouble(meddler: Meddler, table: ThrottledTable) -> None:
    """Everything at once, and the table's minute in the middle of it."""
    with meddling(meddler):
        time.sleep(BEFORE_SECONDS)
        table.throttles.set()
        time.sleep(THROTTLED_SECONDS)
        table.throttles.clear()
        time.sleep(BEFORE_SECONDS)


def waited_for(deployment: Deployment, receiver: Receiver, jobs: Mapping[str, Json]) -> list[Ended]:
    """How all jobs stand once they have ended, or when they should have."""
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while (found := _statuses(deployment, jobs)) is None or not all(map(_is_over, found.values())):
        if time.monotonic() > deadline:
            break
        time.sleep(3)
    return [
        Ended(
            body=body,
            status=(found or {}).get(job_id, "unknown"),
            executions=deployment.executions(job_id),
            keys=_keys(receiver, body),
        )
        for job_id, body in jobs.items()
    ]


def _keys(receiver: Receiver, body: Json) -> frozenset[str]:
    path = body["payload"]["url"].removeprefix(receiver.url)
    return frozenset(request.headers["idempotency-key"] for request in receiver.at(path))


def _statuses(deployment: Deployment, jobs: Mapping[str, Json]) -> dict[str, str] | None:
    answer = deployment.call("GET", "/api/v1/jobs?limit=100")
    if answer.status_code != 200:
        return None
    listed = {job["id"]: job["status"] for job in answer.json()["data"]["jobs"]}
    return {job_id: listed.get(job_id, "missing") for job_id in jobs}


def _is_over(status: str) -> bool:
    return status in {"completed", "failed"}


def judged(ended: Sequence[Ended], meddler: Meddler, table: ThrottledTable, *, log: str, folder: Path) -> Figures:
    """What was done to the stack, and what it made of it."""
    statuses = Counter(str(execution["status"]) for job in ended for execution in job.executions)
    faults = [fault for job in ended for fault in faults_of(job)]
    if faults:
        (folder / "functions.log").write_text(log)
        faults.append(log[-3000:])
    return Figures(
        counts={
            "jobs": len(ended),
            "kills": meddler.kills,
            "duplicates": meddler.duplicates,
            "delayed": meddler.delayed,
            "throttled calls": table.refused,
            "attempts lost": statuses["lost"],
            "given up after losses": sum(_is_given_up(job) for job in ended),
        },
        zeros={
            "unfinished": sum(not _is_over(job.status) for job in ended),
            "completed twice": sum(_successes(job) > 1 for job in ended),
            "ended otherwise": sum(_is_over(job.status) and not _is_as_expected(job) for job in ended),
            "keys that changed": sum(len(job.keys) > 1 for job in ended),
            "too little trouble": sum(not each for each in (meddler.kills, meddler.duplicates, table.refused)),
        },
        faults=faults,
    )


def faults_of(job: Ended) -> Iterator[str]:
    """What is wrong with how one job ended."""
    name, told = job.body["name"], [(e["attempt"], e["status"], e["error_code"]) for e in job.executions]
    if not _is_over(job.status) or not _is_as_expected(job):
        yield f"{name} is {job.status}, not {_expected(job)}: {told}"
    if _successes(job) > 1:
        yield f"{name} was completed {_successes(job)} times: {told}"
    if len(job.keys) > 1:
        yield f"{name} sent several idempotency keys: {sorted(job.keys)}"


def _is_as_expected(job: Ended) -> bool:
    return job.status == _expected(job) or _is_given_up(job)


def _is_given_up(job: Ended) -> bool:
    """Whether two of its attempts were lost: whose function is killed twice has failed (rule 4)."""
    return job.status == "failed" and sum(execution["status"] == "lost" for execution in job.executions) >= 2


def _successes(job: Ended) -> int:
    return sum(execution["status"] == "success" for execution in job.executions)


def _expected(job: Ended) -> str:
    return "failed" if job.body["name"].startswith("fails") else "completed"

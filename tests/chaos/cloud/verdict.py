"""What must be true once all is over, read through the API itself on a quiet wire."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from moto.ses.models import ses_backends

from tests.chaos.cloud.deployed import ACCOUNT
from tests.chaos.cloud.platform import Cloud
from tests.chaos.cloud.work import Client, Wanted, Work
from tests.contract.queue_engines import REGION

ENDED = frozenset({"completed", "failed", "cancelled"})


@dataclass(kw_only=True, slots=True)
class Verdict:
    """Sentences about what is not as it must be.

    ``given_up`` counts jobs that failed because they were lost twice (rule 4), which is as it must be.
    """

    given_up: int = 0
    unfinished: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        """All of them."""
        return [*self.unfinished, *self.wrong, *self.duplicated, *self.untold, *self.left]


def unfinished(client: Client, wanted: Sequence[Wanted]) -> list[str]:
    """Those of the jobs that were accepted, or only half so, that have not ended."""
    jobs = {job["id"]: job for job in _all(client, "/api/v1/jobs?limit=100", "jobs")}
    gone = [
        f"{each.kind} job {each.job_id} was accepted, and is not there" for each in wanted if each.job_id not in jobs
    ]
    return gone + [
        f"job {job['id']} ({job['name']}) is {job['state']}, to run at {job['next_run']}"
        for job in jobs.values()
        if job["status"] not in ENDED
    ]


def judge(client: Client, work: Work, cloud: Cloud) -> Verdict:
    """Look at everything."""
    verdict = Verdict(unfinished=unfinished(client, work.wanted))
    jobs = {job["id"]: job for job in _all(client, "/api/v1/jobs?limit=100", "jobs")}
    names = Counter(job["name"] for job in jobs.values())
    verdict.duplicated += [f"job {name} was accepted {times} times" for name, times in names.items() if times > 1]
    known = {each.job_id for each in work.wanted}
    verdict.wrong += [
        f"job {job['name']} is there, and nobody was told" for job in jobs.values() if job["id"] not in known
    ]
    for each in work.wanted:
        given_up = each.job_id in jobs and _is_given_up(client, each, jobs[each.job_id]["status"], verdict)
        if each.path is not None and not given_up and not work.receiver.keys.get(each.path):
            verdict.untold.append(f"{each.kind} job {each.job_id} never reached its target")
    _judge_notifications(work, jobs, verdict)
    verdict.left += permits(client)
    _judge_counts(client, jobs, verdict)
    verdict.left += [f"{number} messages are left in {queue}" for queue, number in cloud.left().items()]
    return verdict


def _is_given_up(client: Client, wanted: Wanted, status: str, verdict: Verdict) -> bool:
    """Judge one job; whether it failed because two attempts were lost, before which it may have reached nobody."""
    records = list(_all(client, f"/api/v1/jobs/{wanted.job_id}/executions?limit=100", "executions"))
    if status == "failed" and [record["status"] for record in records] == ["lost", "lost"]:
        verdict.given_up += 1
        return True
    _judge_job(wanted, records, status, verdict)
    return False


def _judge_job(wanted: Wanted, records: Sequence[dict[str, Any]], status: str, verdict: Verdict) -> None:
    what = f"{wanted.kind} job {wanted.job_id}"
    if status in ENDED and status != wanted.ends:
        attempts_told = [f"{record['attempt']} {record['status']} {record.get('error')}" for record in records]
        verdict.wrong.append(f"{what} is {status}, and should be {wanted.ends}: {attempts_told}")
    attempts = Counter((record["due_at"], record["attempt"]) for record in records)
    verdict.duplicated += [
        f"attempt {key} of {what} has {times} records" for key, times in attempts.items() if times > 1
    ]
    done = Counter(record["due_at"] for record in records if record["status"] == "success")
    verdict.duplicated += [f"{what} completed {due_at} {times} times" for due_at, times in done.items() if times > 1]
    if wanted.due_at and sorted(done) != sorted(wanted.due_at):
        verdict.wrong.append(f"{what} was due at {wanted.due_at}, and done for {sorted(done)}")
    elif not wanted.due_at and len(done) != int(wanted.ends == "completed"):
        verdict.wrong.append(f"{what} has {len(done)} successful executions, and is {status}")


def _judge_notifications(work: Work, jobs: dict[str, Any], verdict: Verdict) -> None:
    """Of each final failure the owner has a mail, and the webhook a call."""
    failed = [job["name"] for job in jobs.values() if job["status"] == "failed"]
    sent = [
        str(message.raw_data) for message in ses_backends[ACCOUNT][REGION].sent_messages if hasattr(message, "raw_data")
    ]
    verdict.untold += [f"nobody was mailed about {name}" for name in failed if not any(name in text for text in sent)]
    hooks = work.receiver.keys.get("/hooks", Counter())
    if len(hooks) != len(failed):
        verdict.untold.append(f"the webhook was told of {len(hooks)} of {len(failed)} final failures")


def permits(client: Client) -> list[str]:
    """Attempts that the limited queue believes in: none, once all is over."""
    _, answer = client.ask("GET", "/api/v1/queues/narrow", keyed=False)
    running, waiting = answer["data"]["running"], answer["data"]["waiting"]
    return [f"the queue says that {running} run and {waiting} wait"] if running or waiting else []


def _judge_counts(client: Client, jobs: dict[str, Any], verdict: Verdict) -> None:
    _, answer = client.ask("GET", "/api/v1/jobs/stats/overview", keyed=False)
    told = answer["data"]["jobs"]
    real = Counter(job["status"] for job in jobs.values())
    for status in sorted(ENDED):
        if told[status] != real[status]:
            verdict.wrong.append(f"{told[status]} jobs are counted as {status}, and {real[status]} are")


def _all(client: Client, path: str, name: str) -> Iterator[dict[str, Any]]:
    """Every item of a listing."""
    cursor: str | None = ""
    while cursor is not None:
        _, answer = client.ask("GET", path + (f"&cursor={quote(cursor)}" if cursor else ""), keyed=False)
        yield from answer["data"][name]
        cursor = answer["data"]["pagination"]["next_cursor"]

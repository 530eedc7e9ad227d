"""Everything that stands in the stores and queues, and what explains it.

Whatever is not explained is an orphan: a permit that nobody gives back, a place in a waiting list that nobody takes, a
key without its job. Tables and items of a kind that nobody explains here are a fault as well, so that new ones are not
forgotten. What is written ahead of its record (due items, bodies, details, blobs) may be left by a crash: it must have
an end by itself, and is counted, not blamed.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.chaos.crash.ground import Row
from tests.chaos.crash.verdicts import Lost, Orphan
from tickwell.adapters.aws.dynamodb import caller_key_keys, keys, queue_keys
from tickwell.adapters.documents import due_item_from
from tickwell.application.arming import first_attempt, slot_message
from tickwell.domain.due import DueItem
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.message import JobMessage, Unreadable
from tickwell.messages import decode_job_message

if TYPE_CHECKING:
    from tests.chaos.crash.lab import Lab

LONGEST_DELAY_MS: Final = 15 * 60 * 1000


@dataclass(kw_only=True)
class Facts:
    """What explains things. ``ahead`` counts what is explained only by having an end of its own."""

    jobs: Mapping[JobKey, Job]
    now_ms: int
    rows: Sequence[Row]
    ahead: Counter[str] = field(default_factory=Counter)

    def job(self, values: Mapping[str, Any]) -> Job | None:
        """The job that a row of SQLite names."""
        return self.jobs.get(JobKey(tenant_id=values["tenant_id"], job_id=values["job_id"]))

    def left(self, kind: str, *, ends: bool) -> bool:
        """It was written ahead of a record that never came; explained if it ``ends`` by itself."""
        self.ahead[kind] += ends
        return ends

    def awaits(self, message: JobMessage) -> bool:
        """Whether the job of ``message`` still waits for just that attempt."""
        job = self.jobs.get(message.key)
        return job is not None and any(awaited.identity == message.identity for awaited in awaited_by(job))


Explains = Callable[[Facts, Mapping[str, Any]], bool]


def awaited_by(job: Job) -> list[JobMessage]:
    """The attempts that are still to come."""
    if job.status is not JobStatus.ACTIVE:
        return []
    found = [] if job.next_run_at is None else [first_attempt(job, job.next_run_at)]
    if job.slot is not None and job.slot.token is None:
        found.append(slot_message(job, job.slot, job.slot.due_at))
    return found


def require_explained(lab: "Lab", jobs: Sequence[Job]) -> Facts:
    """Raises Orphan for what nothing explains, and Lost for an attempt to come that has no due item."""
    rows = lab.rows()
    now = lab.world.clock.now()
    known = {job.key: job for job in jobs}
    known |= {key: lab.world.core.jobs.get(key.tenant_id, key.job_id) for key in _jobs_in(rows) - known.keys()}
    facts = Facts(jobs=known, now_ms=to_epoch_ms(now), rows=rows)
    for row in rows:
        explains = EXPLANATIONS.get(row.kind)
        Orphan.unless(explains is not None, f"nobody says what explains a row of {row.kind}")
        assert explains is not None
        Orphan.unless(explains(facts, row.values), f"{row.kind}: {dict(row.values)}")
    due = {(item.message.identity, item.message.version) for item in due_items(rows)}
    for job in jobs:
        for message in awaited_by(job):
            told = f"{job.name}, attempt {message.attempt} of {message.due_at:%H:%M:%S}, has no due item"
            Lost.unless(any(identity == message.identity for identity, _ in due), told)
    blobs = _blobs(lab, rows)
    if blobs:
        facts.ahead["blob"] += blobs
    lab.ahead.update(facts.ahead)
    return facts


def due_items(rows: Sequence[Row]) -> list[DueItem]:
    """All due items, of either engine."""
    found = [due_item_from(row.values["look_ms"], row.values["document"]) for row in rows if row.kind == "due_items"]
    for row in rows:
        if row.kind == "due":
            position = keys.parse_due_key(_key(row.values))[1]
            found.append(due_item_from(to_epoch_ms(position.look_at), str(row.values["doc"])))
    return found


def _jobs_in(rows: Sequence[Row]) -> set[JobKey]:
    """All that stand: those that were deleted, which no listing shows, as well."""
    stand = [row.values for row in rows if row.kind == "jobs"]
    listed = {JobKey(tenant_id=values["tenant_id"], job_id=values["job_id"]) for values in stand}
    return listed | {keys.parse_job_key(_key(row.values)) for row in rows if row.kind == "job"}


def _blobs(lab: "Lab", rows: Sequence[Row]) -> int:
    """How many blobs nothing names. They stay, as all blobs do: see operations.md."""
    named = json.dumps([{name: str(value) for name, value in row.values.items()} for row in rows])
    folder = lab.folder / "blobs"
    names = (path.relative_to(folder).as_posix().removesuffix("~") for path in folder.rglob("*~"))
    return sum(name not in named for name in names)


def _key(values: Mapping[str, Any]) -> keys.Key:
    return keys.Key(str(values["pk"]), str(values["sk"]))


def _always(_facts: Facts, _values: Mapping[str, Any]) -> bool:
    """What exists for its own sake, or is recounted elsewhere."""
    return True


def _never(_facts: Facts, _values: Mapping[str, Any]) -> bool:
    """No flow leaves one."""
    return False


def _of_job(facts: Facts, values: Mapping[str, Any]) -> bool:
    return facts.job(values) is not None


def _dead_letter(facts: Facts, values: Mapping[str, Any]) -> bool:
    document = json.loads(values["document"] if "document" in values else values["doc"])
    return any(job.job_id == document["job"] for job in facts.jobs.values())


def _letters(facts: Facts) -> int:
    return sum(row.kind in {"dead_letters", "dead_letter"} for row in facts.rows)


def _outcome(facts: Facts, _values: Mapping[str, Any]) -> bool:
    """Nobody follows them here: one stands for each dead letter, and each job that paused itself."""
    paused = sum(job.pause_reason is not None for job in facts.jobs.values())
    standing = sum(row.kind == "outcomes" for row in facts.rows)
    return standing >= _letters(facts) and (paused > 0 or standing <= 2 * _letters(facts))


def _due(facts: Facts, values: Mapping[str, Any]) -> bool:
    (item,) = due_items([Row(kind="due_items" if "look_ms" in values else "due", values=values)])
    if facts.awaits(item.message) or item.message.key in facts.jobs:
        return True
    return facts.left("due item", ends=to_epoch_ms(item.expires_at) > facts.now_ms)


def _watermark(facts: Facts, values: Mapping[str, Any]) -> bool:
    """Nobody holds a lease on it that counts."""
    return (values.get("lease_until_ms", values.get("lu")) or 0) <= facts.now_ms


def _gate(facts: Facts, values: Mapping[str, Any]) -> bool:
    """No permit is held that counts: nothing runs."""
    document = json.loads(values["document"] if "document" in values else values["doc"])
    return all(until <= facts.now_ms for _, until in document["permits"])


def _parked(facts: Facts, values: Mapping[str, Any]) -> bool:
    """Its job still waits for what stands there."""
    if "pk" in values:
        tenant_id, _, _, job_id, _, version = queue_keys.parse_parked_key(_key(values))
        return _parked(facts, {"tenant_id": tenant_id, "job_id": job_id, "version": version})
    job = facts.job(values)
    return job is not None and job.status is JobStatus.ACTIVE and job.version == values["version"]


def _ended(facts: Facts, values: Mapping[str, Any]) -> bool:
    job = facts.job(values)
    return job is not None and (job.status is JobStatus.COMPLETED) == bool(values["completed"])


def _ended_item(facts: Facts, values: Mapping[str, Any]) -> bool:
    job_id = str(values["sk"]).rpartition("#")[2]
    return any(job.job_id == job_id and job.expires_at is not None for job in facts.jobs.values())


def _caller_key(facts: Facts, values: Mapping[str, Any]) -> bool:
    return _names_its_job(facts, values["caller_key"], values["tenant_id"], values["job_id"])


def _caller_key_item(facts: Facts, values: Mapping[str, Any]) -> bool:
    tenant_id, name = caller_key_keys.parse_caller_key_key(_key(values))
    return _names_its_job(facts, name, tenant_id, str(values["job"]))


def _names_its_job(facts: Facts, key: str, tenant_id: str, job_id: str) -> bool:
    """Or the job of it never came to be: then it is whoever's who puts it next."""
    job = facts.jobs.get(JobKey(tenant_id=tenant_id, job_id=job_id))
    return facts.left("key", ends=True) if job is None else job.caller_key == key


def _job_count(facts: Facts, values: Mapping[str, Any]) -> bool:
    """It equals a recount."""
    same = ("tenant_id", "queue", "status", "recurring")
    jobs = (row.values for row in facts.rows if row.kind == "jobs" and "." not in row.values["job_id"])
    counted = sum(
        all(row[name] == values[name] for name in same) and json.loads(row["definition"])["lane"] == values["lane"]
        for row in jobs
    )
    return bool(counted == values["jobs"])


def _execution_count(facts: Facts, values: Mapping[str, Any]) -> bool:
    """All of them together equal the statistics of the jobs."""
    ends = ("success", "failed", "timeout", "cancelled", "lost")
    told = sum(row.values[end] for row in facts.rows if row.kind == "execution_counts" for end in ends)
    return bool(values["tenant_id"]) and told == sum(job.tally.executions for job in facts.jobs.values())


def _letter_count(facts: Facts, values: Mapping[str, Any]) -> bool:
    return bool(values["dead_letters"] == _letters(facts))


def _message(facts: Facts, values: Mapping[str, Any]) -> bool:
    """Only what is delayed is left in a lane, and goes with its delay should its job not want it any more."""
    message = decode_job_message(values["body"])
    if not values["queue"].startswith("lane-") or values["queue"] == "lane-dlq" or isinstance(message, Unreadable):
        return False
    if facts.awaits(message):
        return True
    ends_ms = facts.now_ms + LONGEST_DELAY_MS
    return facts.left("message", ends=facts.now_ms < values["visible_at"] <= ends_ms)


def _body(facts: Facts, values: Mapping[str, Any]) -> bool:
    """Named by its job; or with an end, but for those of recurring jobs whose job came to nothing."""
    job, reference = keys.parse_body_key(_key(values))
    place = keys.job_key(job)
    standing = (row.values for row in facts.rows if row.kind == "job" and _key(row.values) == place)
    named = any(values.get("body") == reference for values in standing)
    return named or facts.left("body", ends="ttl" in values or job not in facts.jobs)


def _execution(facts: Facts, values: Mapping[str, Any]) -> bool:
    return keys.parse_execution_key(_key(values))[0] in facts.jobs


def _detail(facts: Facts, values: Mapping[str, Any]) -> bool:
    reference = str(values["sk"]).split("#")[3].partition(".")[0]
    named = any(row.values.get("ref") == reference for row in facts.rows if row.kind == "execution")
    return named or facts.left("detail", ends="ttl" in values)


def _skip(facts: Facts, values: Mapping[str, Any]) -> bool:
    return keys.parse_skip_key(_key(values))[0] in facts.jobs


def _job_item(facts: Facts, values: Mapping[str, Any]) -> bool:
    return keys.parse_job_key(_key(values)) in facts.jobs


def _with_end(_facts: Facts, values: Mapping[str, Any]) -> bool:
    return "ttl" in values or "expires_ms" in values


EXPLANATIONS: Final[Mapping[str, Explains]] = {
    # SQLite
    "jobs": _of_job,
    "executions": _of_job,
    "skips": _of_job,
    "dead_letters": _dead_letter,
    "outcomes": _outcome,
    "due_items": _due,
    "watermarks": _watermark,
    "queues": _always,
    "gates": _gate,
    "parked": _parked,
    "ended_jobs": _ended,
    "caller_keys": _caller_key,
    "submissions": _with_end,
    "job_counts": _job_count,
    "execution_counts": _execution_count,
    "execution_hours": _with_end,
    "recent_executions": _of_job,
    "dead_letter_counts": _letter_count,
    "tenants": _always,
    "users": _always,
    "audit": _with_end,
    "queue_messages": _never,
    "lanes.queue_messages": _message,
    # DynamoDB
    "job": _job_item,
    "body": _body,
    "execution": _execution,
    "detail": _detail,
    "skip": _skip,
    "dead_letter": _dead_letter,
    "due": _due,
    "watermark": _watermark,
    "queue": _always,
    "gate": _gate,
    "with_waiting": _always,
    "ended": _ended_item,
    "caller_key": _caller_key_item,
    "submission": _with_end,
    "address": _always,
    "user": _always,
    "tenant": _always,
    "count": _with_end,
}

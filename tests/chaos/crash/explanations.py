"""What explains a row of each table of SQLite, and an item of each kind of DynamoDB."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.chaos.crash.facts import LONGEST_DELAY_MS, Facts, due_items, key_of
from tests.chaos.crash.ground import Row
from tickwell.adapters.aws.dynamodb import caller_key_keys, keys, queue_keys
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import JobKey, JobStatus
from tickwell.domain.message import Unreadable
from tickwell.messages import decode_job_message

Explains = Callable[[Facts, Mapping[str, Any]], bool]


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
    """Nobody follows them here: one stands for each dead letter, each timeout, and each job that paused itself."""
    timeouts = sum('"status":"timeout"' in row.values["summary"] for row in facts.rows if row.kind == "executions")
    paused = sum(job.pause_reason is not None for job in facts.jobs.values())
    standing = sum(row.kind == "outcomes" for row in facts.rows)
    return standing >= _letters(facts) and (paused > 0 or standing <= 2 * _letters(facts) + timeouts)


def _due(facts: Facts, values: Mapping[str, Any]) -> bool:
    (item,) = due_items([Row(kind="due_items" if "look_ms" in values else "due", values=values)])
    if facts.awaits(item.message) or item.message.key in facts.jobs:
        return True
    return facts.left("due items", ends=to_epoch_ms(item.expires_at) > facts.now_ms)


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
        tenant_id, _, _, job_id, _, version = queue_keys.parse_parked_key(key_of(values))
        return _parked(facts, {"tenant_id": tenant_id, "job_id": job_id, "version": version})
    job = facts.job(values)
    return job is not None and job.status is JobStatus.ACTIVE and job.version == values["version"]


def _with_waiting(facts: Facts, values: Mapping[str, Any]) -> bool:
    """Somebody waits there, or did a while ago: the safety sync forgets it."""
    place = queue_keys.parse_with_waiting_key(key_of(values))
    lists = {queue_keys.parse_parked_key(key_of(row.values))[:2] for row in facts.rows if row.kind == "parked"}
    return place in lists or values["at"] > facts.now_ms - LONGEST_DELAY_MS


def _ended(facts: Facts, values: Mapping[str, Any]) -> bool:
    job = facts.job(values)
    return job is not None and (job.status is JobStatus.COMPLETED) == bool(values["completed"])


def _ended_item(facts: Facts, values: Mapping[str, Any]) -> bool:
    job_id = str(values["sk"]).rpartition("#")[2]
    return any(job.job_id == job_id and job.expires_at is not None for job in facts.jobs.values())


def _caller_key(facts: Facts, values: Mapping[str, Any]) -> bool:
    return _names_its_job(facts, values["caller_key"], values["tenant_id"], values["job_id"])


def _caller_key_item(facts: Facts, values: Mapping[str, Any]) -> bool:
    tenant_id, name = caller_key_keys.parse_caller_key_key(key_of(values))
    return _names_its_job(facts, name, tenant_id, str(values["job"]))


def _names_its_job(facts: Facts, key: str, tenant_id: str, job_id: str) -> bool:
    """Or the job of it never came to be: then it is whoever's who puts it next."""
    job = facts.jobs.get(JobKey(tenant_id=tenant_id, job_id=job_id))
    return facts.left("keys", ends=True) if job is None else job.caller_key == key


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
    return facts.left("messages", ends=facts.now_ms < values["visible_at"] <= ends_ms)


def _body(facts: Facts, values: Mapping[str, Any]) -> bool:
    """Named by its job; or with an end, but for what was meant for a recurring job (see operations.md)."""
    job, reference = keys.parse_body_key(key_of(values))
    place = keys.job_key(job)
    standing = (row.values for row in facts.rows if row.kind == "job" and key_of(row.values) == place)
    named = any(values.get("body") == reference for values in standing)
    stays = job not in facts.jobs or facts.jobs[job].is_recurring
    return named or facts.left("bodies", ends=stays or "ttl" in values)


def _execution(facts: Facts, values: Mapping[str, Any]) -> bool:
    return keys.parse_execution_key(key_of(values))[0] in facts.jobs


def _detail(facts: Facts, values: Mapping[str, Any]) -> bool:
    reference = str(values["sk"]).split("#")[3].partition(".")[0]
    named = any(row.values.get("ref") == reference for row in facts.rows if row.kind == "execution")
    return named or facts.left("details", ends="ttl" in values)


def _skip(facts: Facts, values: Mapping[str, Any]) -> bool:
    return keys.parse_skip_key(key_of(values))[0] in facts.jobs


def _job_item(facts: Facts, values: Mapping[str, Any]) -> bool:
    return keys.parse_job_key(key_of(values)) in facts.jobs


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
    "usage_days": _with_end,
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
    "with_waiting": _with_waiting,
    "ended": _ended_item,
    "caller_key": _caller_key_item,
    "submission": _with_end,
    "address": _always,
    "user": _always,
    "tenant": _always,
    "count": _with_end,
}

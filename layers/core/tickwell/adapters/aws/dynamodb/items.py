"""Jobs as items. ``NAMES`` maps each attribute to its short spelling in the table: names are billed as data."""

import hashlib
from typing import Final

from tickwell.adapters.aws.dynamodb.attributes import Item, Value, key_of, number, optional_number, optional_text, text
from tickwell.adapters.aws.dynamodb.keys import parse_job_key
from tickwell.adapters.aws.dynamodb.upcoming_keys import upcoming_sort
from tickwell.adapters.documents import (
    VERSION,
    epoch_ms,
    from_ms,
    outside_from,
    outside_text,
    pending_text,
    progress_from,
    progress_text,
)
from tickwell.adapters.stored_jobs import stored_job
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import Job, Tally
from tickwell.domain.job_listing import is_near
from tickwell.domain.queue import effective_queue
from tickwell.domain.slot import Slot

NAMES: Final = {
    "status": "st",
    "version": "n",
    "recurring": "rec",
    "lease_ms": "to",
    "next_run": "nr",
    "upcoming": "up",
    "slot_due": "sd",
    "slot_attempt": "sa",
    "slot_losses": "sl",
    "slot_returns": "sr",
    "slot_token": "tk",
    "lease_until": "lu",
    "progress": "pg",
    "probe_at": "pb",
    "outside": "xo",
    "pending": "pn",
    "executions": "te",
    "successful": "ts",
    "failed": "tf",
    "duration": "td",
    "timeouts": "tt",
    "lost": "tl",
    "created": "ca",
    "updated": "ua",
    "last_executed": "le",
    "paused": "pa",
    "failures_in_a_row": "fr",
    "pause_from": "pf",
    "pause_reason": "pr",
    "expires": "ex",
    "ttl": "ttl",
    "queue": "q",
    "definition": "def",
    "content": "con",
    "body": "body",
}


def stamp(kind: str) -> Item:
    """What every item carries: its kind and the version of its spelling."""
    return {"kind": kind, "v": VERSION}


def expiry(expires_ms: int | None) -> dict[str, Value | None]:
    """The exact instant in milliseconds (``ex``), which reads go by, and the seconds, rounded up, that TTL wants."""
    return {"ex": expires_ms, "ttl": None if expires_ms is None else -(-expires_ms // 1000)}


def is_expired(item: Item, now_ms: int) -> bool:
    """Whether TTL should have deleted ``item`` by now (rule 11)."""
    expires_ms = optional_number(item, "ex")
    return expires_ms is not None and expires_ms <= now_ms


def digest(data: bytes) -> str:
    """16 hexadecimal digits that differ when ``data`` does."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def definition_attributes(job: Job, definition: str, content: str, body: str | None) -> dict[str, Value | None]:
    """What an edit sets, by the long names of ``NAMES``; ``body`` is the reference of content that lies elsewhere."""
    expires_ms = epoch_ms(job.expires_at)
    return {
        "status": job.status.value,
        "version": job.version,
        "recurring": job.is_recurring,
        "lease_ms": job.policy.lease_seconds * 1000,
        "next_run": epoch_ms(job.next_run_at),
        "upcoming": _upcoming(job),
        "updated": to_epoch_ms(job.updated_at),
        "paused": epoch_ms(job.paused_at),
        "pause_from": _pause_from(job),
        "pause_reason": None if job.pause_reason is None else job.pause_reason.value,
        "expires": expires_ms,
        "ttl": expiry(expires_ms)["ttl"],
        "queue": effective_queue(job.queue, job.lane),
        "definition": definition,
        "content": content if body is None else None,
        "body": body,
    }


def job_item(job: Job, definition: str, content: str, body: str | None) -> dict[str, Value | None]:
    """The item of a job without its key."""
    slot, tally = job.slot, job.tally
    attributes = definition_attributes(job, definition, content, body) | {
        "upcoming": None if is_near(job) else _upcoming(job),
        "executions": tally.executions,
        "successful": tally.successful,
        "failed": tally.failed,
        "duration": tally.duration_ms,
        "created": to_epoch_ms(job.created_at),
        "last_executed": epoch_ms(job.last_executed_at),
        "failures_in_a_row": job.failures_in_a_row or None,
        "pending": pending_text(job.pending),
    }
    if slot is not None:
        attributes |= {
            "slot_due": to_epoch_ms(slot.due_at),
            "slot_attempt": slot.attempt,
            "slot_losses": slot.losses,
            "slot_returns": slot.returns or None,
            "slot_token": slot.token,
            "lease_until": epoch_ms(slot.lease_until),
            "progress": progress_text(slot.progress),
            "probe_at": epoch_ms(slot.probe_at),
            "outside": outside_text(slot.outside),
        }
    return {**stamp("job"), **{NAMES[name]: value for name, value in attributes.items()}}


def job_from(item: Item, content: str | None) -> Job:
    """The job of an item; ``content`` is None where payload and description are left out."""
    key = parse_job_key(key_of(item))
    return stored_job(
        tenant_id=key.tenant_id,
        job_id=key.job_id,
        version=number(item, NAMES["version"]),
        status=text(item, NAMES["status"]),
        next_run_ms=optional_number(item, NAMES["next_run"]),
        slot=_slot_from(item),
        pending=optional_text(item, NAMES["pending"]),
        tally=Tally(
            executions=number(item, NAMES["executions"]),
            successful=number(item, NAMES["successful"]),
            failed=number(item, NAMES["failed"]),
            duration_ms=number(item, NAMES["duration"]),
        ),
        created_ms=number(item, NAMES["created"]),
        updated_ms=number(item, NAMES["updated"]),
        last_executed_ms=optional_number(item, NAMES["last_executed"]),
        paused_ms=optional_number(item, NAMES["paused"]),
        failures_in_a_row=optional_number(item, NAMES["failures_in_a_row"]) or 0,
        pause_reason=optional_text(item, NAMES["pause_reason"]),
        expires_ms=optional_number(item, NAMES["expires"]),
        definition=text(item, NAMES["definition"]),
        content=content,
    )


def slot_token(item: Item) -> str | None:
    """The token of the worker that holds the slot of a job's item."""
    return optional_text(item, NAMES["slot_token"])


def _upcoming(job: Job) -> str | None:
    """Where ``job`` is in the index of what is to come; what is due already is not."""
    if job.next_run_at is None or job.next_run_at <= job.updated_at:
        return None
    return upcoming_sort(to_epoch_ms(job.next_run_at), job.job_id)


def _pause_from(job: Job) -> int | None:
    """How many failures in a row there were before the one that pauses the job: conditions cannot add."""
    limit = job.policy.pause_after_failures
    return None if limit is None else limit - 1


def _slot_from(item: Item) -> Slot | None:
    due_ms = optional_number(item, NAMES["slot_due"])
    if due_ms is None:
        return None
    return Slot(
        due_at=from_epoch_ms(due_ms),
        attempt=number(item, NAMES["slot_attempt"]),
        losses=number(item, NAMES["slot_losses"]),
        returns=optional_number(item, NAMES["slot_returns"]) or 0,
        token=slot_token(item),
        lease_until=from_ms(optional_number(item, NAMES["lease_until"])),
        progress=progress_from(optional_text(item, NAMES["progress"])),
        probe_at=from_ms(optional_number(item, NAMES["probe_at"])),
        outside=outside_from(optional_text(item, NAMES["outside"])),
    )

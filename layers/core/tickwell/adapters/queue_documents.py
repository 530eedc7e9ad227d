"""How both engines spell named queues and their gates as JSON text; see ``documents``."""

from typing import Any

from tickwell.adapters.documents import VERSION, epoch_ms, from_json, from_ms, to_json
from tickwell.adapters.policy_documents import retry_document, retry_from
from tickwell.domain.admission import Gate, Permit
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.queue import Kept, Queue, RateLimit, Retention
from tickwell.domain.retry import OnLost


def queue_text(queue: Queue) -> str:
    """A queue without its tenant, name and version; what is not set is left out."""
    rate = queue.rate_limit
    document: dict[str, Any] = {
        "v": VERSION,
        "priority": queue.priority,
        "concurrency": queue.concurrency,
        "rate": None if rate is None else [rate.limit, rate.per_seconds],
        "timeout": queue.timeout_seconds,
        "retries": queue.max_retries,
        "retry": None if queue.retry is None else retry_document(queue.retry),
        "stall": queue.stall_seconds,
        "on_lost": queue.on_lost,
        "completed": _kept_document(queue.retention.completed),
        "failed": _kept_document(queue.retention.failed),
        "paused": epoch_ms(queue.paused_at),
        "created": to_epoch_ms(queue.created_at),
        "updated": to_epoch_ms(queue.updated_at),
    }
    return to_json({name: value for name, value in document.items() if value is not None})


def queue_from(tenant_id: str, name: str, version: int, text: str) -> Queue:
    """What ``queue_text`` wrote."""
    document = from_json(text)
    rate, retry, on_lost = document.get("rate"), document.get("retry"), document.get("on_lost")
    return Queue(
        tenant_id=tenant_id,
        name=name,
        version=version,
        priority=document["priority"],
        concurrency=document.get("concurrency"),
        rate_limit=None if rate is None else RateLimit(limit=rate[0], per_seconds=rate[1]),
        timeout_seconds=document.get("timeout"),
        max_retries=document.get("retries"),
        retry=None if retry is None else retry_from(retry),
        stall_seconds=document.get("stall"),
        on_lost=None if on_lost is None else OnLost(on_lost),
        retention=Retention(completed=_kept_from(document.get("completed")), failed=_kept_from(document.get("failed"))),
        paused_at=from_ms(document.get("paused")),
        created_at=from_epoch_ms(document["created"]),
        updated_at=from_epoch_ms(document["updated"]),
    )


def gate_text(gate: Gate) -> str:
    """A gate without its version: about 30 bytes for each permit, and some more for one of a job that was changed."""
    document: dict[str, Any] = {
        "v": VERSION,
        "free": to_epoch_ms(gate.free_at),
        "permits": [[permit.key, to_epoch_ms(permit.until)] for permit in gate.permits],
    }
    if outside := [permit.key for permit in gate.permits if permit.outside]:
        document["outside"] = outside
    if versions := {permit.key: permit.version for permit in gate.permits if permit.version > 1}:
        document["versions"] = versions
    return to_json(document)


def gate_from(version: int, text: str) -> Gate:
    """What ``gate_text`` wrote."""
    document = from_json(text)
    outside, versions = frozenset(document.get("outside", ())), document.get("versions", {})
    return Gate(
        version=version,
        permits=tuple(
            Permit(key=key, until=from_epoch_ms(until), outside=key in outside, version=versions.get(key, 1))
            for key, until in document["permits"]
        ),
        free_at=from_epoch_ms(document["free"]),
    )


def _kept_document(kept: Kept) -> list[int | None] | None:
    return None if kept == Kept() else [kept.seconds, kept.count, kept.at_least_seconds]


def _kept_from(document: list[Any] | None) -> Kept:
    if document is None:
        return Kept()
    return Kept(seconds=document[0], count=document[1], at_least_seconds=document[2])

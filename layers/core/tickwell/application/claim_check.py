"""Large JSON values lie in the blob store; the store keeps only their names (claim check)."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tickwell.application.ports import BlobStore
from tickwell.domain.execution import LogEntry
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

LARGEST_STORED_BYTES = 256 * 1024
"""Above this, a payload or an execution's output and logs go to the blob store."""

_MOST_BYTES_FOR_A_CHARACTER = 4
"""What ``encode`` makes of a JSON value is no longer than so many bytes for each character of its ``repr``, which takes
a third of the time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Detail:
    """The long part of an execution: what the task returned and logged."""

    output: Any
    logs: tuple[LogEntry, ...]


def store_payload(blobs: BlobStore, tenant_id: str, stem: str, payload: Any) -> tuple[Any, str | None]:
    """What to keep in the job: the payload itself, or None and the name of the blob that it went to.

    ``stem`` is the job's id for its first payload. No later one may overwrite that: dead letters refer to it.
    """
    if len(repr(payload)) * _MOST_BYTES_FOR_A_CHARACTER <= LARGEST_STORED_BYTES:  # as of nearly all payloads
        return payload, None
    data = encode(payload)
    if len(data) <= LARGEST_STORED_BYTES:
        return payload, None
    name = f"tenants/{tenant_id}/payloads/{stem}.json"
    blobs.put(name, data, content_type="application/json")
    return None, name


def store_payload_by_digest(blobs: BlobStore, tenant_id: str, job_id: str, payload: Any) -> tuple[Any, str | None]:
    """As ``store_payload``, for a payload that may lose against another one for the same job.

    The name of its blob tells its content, so that it overwrites nothing.
    """
    digest = hashlib.blake2b(encode(payload), digest_size=16).hexdigest()
    return store_payload(blobs, tenant_id, f"{job_id}-{digest}", payload)


def load_payload(blobs: BlobStore, payload: Any, payload_blob: str | None) -> Any:
    """The payload, wherever it is. Raises NotFoundError when its blob is gone."""
    return payload if payload_blob is None else json.loads(blobs.get(payload_blob))


def store_detail(blobs: BlobStore, tenant_id: str, execution_id: str, detail: Detail) -> tuple[Detail, str | None]:
    """What to keep in the execution record: the detail itself, or an empty one and the name of its blob."""
    data = encode(_detail_document(detail))
    if len(data) <= LARGEST_STORED_BYTES:
        return detail, None
    name = f"{details_folder(tenant_id)}{execution_id}.json"
    blobs.put(name, data, content_type="application/json")
    return Detail(output=None, logs=()), name


def begun_log(tenant_id: str, execution_id: str) -> str:
    """The blob of what a task had logged when it handed its work on; it goes into the record at the attempt's end."""
    return f"{details_folder(tenant_id)}{execution_id}.begun.json"


def store_begun_log(blobs: BlobStore, tenant_id: str, execution_id: str, logs: tuple[LogEntry, ...]) -> None:
    """Keep ``logs`` until the attempt ends."""
    data = encode(_detail_document(Detail(output=None, logs=logs)))
    blobs.put(begun_log(tenant_id, execution_id), data, content_type="application/json")


def load_begun_log(blobs: BlobStore, tenant_id: str, execution_id: str) -> tuple[LogEntry, ...]:
    """What ``store_begun_log`` kept. Raises NotFoundError."""
    return load_detail(blobs, Detail(output=None, logs=()), begun_log(tenant_id, execution_id)).logs


def details_folder(tenant_id: str) -> str:
    """Where the details of a tenant's executions are kept that are too large for the store."""
    return f"tenants/{tenant_id}/executions/"


def fits_in_record(detail: Detail, *, at_most_bytes: int) -> bool:
    """Whether ``store_detail`` keeps ``detail`` where it is; it is measured where ``at_most_bytes`` does not tell."""
    return at_most_bytes <= LARGEST_STORED_BYTES or len(encode(_detail_document(detail))) <= LARGEST_STORED_BYTES


def _detail_document(detail: Detail) -> dict[str, Any]:
    return {
        "output": detail.output,
        "logs": [[to_epoch_ms(entry.at), entry.level, entry.message, entry.metadata] for entry in detail.logs],
    }


def load_detail(blobs: BlobStore, detail: Detail, detail_blob: str | None) -> Detail:
    """The detail, wherever it is. Raises NotFoundError when its blob is gone."""
    if detail_blob is None:
        return detail
    document = json.loads(blobs.get(detail_blob))
    logs = tuple(
        LogEntry(at=from_epoch_ms(at_ms), level=level, message=message, metadata=metadata)
        for at_ms, level, message, metadata in document["logs"]
    )
    return Detail(output=document["output"], logs=logs)


def encode(value: Any) -> bytes:
    """JSON as the blob store keeps it; lone surrogates, which payloads may hold, come back as they were."""
    return _json(value).encode("utf-8", "surrogatepass")

"""How both engines spell what they store as JSON text: compact, versioned, and read back exactly.

Integers keep all their digits and floats come back as the same float. A field may be added with a default; anything
else is a new ``v`` whose predecessor stays readable for one release.
"""

import json
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import pydantic_core

from tickwell.adapters.policy_documents import policy_of, policy_part
from tickwell.adapters.schedule_documents import schedule_document, schedule_from
from tickwell.adapters.trace_documents import traceparent_from, traceparent_text
from tickwell.domain.completion import Outside
from tickwell.domain.due import DueItem
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import Job
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.pending import Pending
from tickwell.domain.progress import Progress
from tickwell.domain.retry import Policy
from tickwell.domain.schedule import Schedule

VERSION: Final = 1

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode
_encode_ascii = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def to_json(value: Any) -> str:
    """``value`` as compact JSON that can be stored as UTF-8: lone surrogates, which JSON allows, stay escaped."""
    text = _encode(value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _encode_ascii(value)
    return text


def document_json(document: dict[str, Any] | list[Any]) -> str:
    """As ``to_json``, in a third of the time: for text, whole numbers, lists and objects that are made here."""
    try:
        return pydantic_core.to_json(document).decode()
    except pydantic_core.PydanticSerializationError:  # lone surrogates
        return to_json(document)


def from_json(text: str) -> Any:
    """What ``to_json`` gave ``text`` for."""
    value, _ = _decode(text)
    return value


def epoch_ms(value: datetime | None) -> int | None:
    """``to_epoch_ms`` for what may be absent."""
    return None if value is None else to_epoch_ms(value)


def from_ms(value: int | None) -> datetime | None:
    """``from_epoch_ms`` for what may be absent."""
    return None if value is None else from_epoch_ms(value)


class Definition(NamedTuple):
    """What of a job only an edit changes; see ``definition_text``. A tuple, because one is made for each job read."""

    user_id: str
    name: str
    task: str
    payload_blob: str | None
    schedule: Schedule
    lane: Lane
    queue: str | None
    policy: Policy
    tags: tuple[str, ...]
    retry_of: str | None
    caller_key: str | None
    scope: str | None
    traceparent: str | None


def definition_text(job: Job) -> str:
    """The part of a job that no condition looks at; defaults are left out."""
    document: dict[str, Any] = {
        "v": VERSION,
        "user": job.user_id,
        "name": job.name,
        "task": job.task,
        "when": schedule_document(job.schedule),
        "lane": job.lane,
    }
    optional = (
        ("queue", job.queue),
        ("policy", policy_part(job.policy)),
        ("tags", job.tags or None),
        ("blob", job.payload_blob),
        ("retry_of", job.retry_of),
        ("key", job.caller_key),
        ("scope", job.scope),
        ("trace", traceparent_text(job.traceparent)),
    )
    document |= {name: value for name, value in optional if value is not None}
    return document_json(document)


@lru_cache(maxsize=4096)
def definition_from(text: str) -> Definition:
    """What ``definition_text`` wrote. Remembered: a job is read several times for each of its occurrences."""
    document = from_json(text)
    return Definition(
        user_id=document["user"],
        name=document["name"],
        task=document["task"],
        payload_blob=document.get("blob"),
        schedule=schedule_from(document["when"]),
        lane=Lane(document["lane"]),
        queue=document.get("queue"),
        policy=policy_of(document.get("policy")),
        tags=tuple(document.get("tags", ())),
        retry_of=document.get("retry_of"),
        caller_key=document.get("key"),
        scope=document.get("scope"),
        traceparent=traceparent_from(document.get("trace")),
    )


def content_text(job: Job) -> str:
    """Payload and description, which may be long and which listings leave out."""
    if job.description is None:
        return to_json({"payload": job.payload})
    return to_json({"payload": job.payload, "description": job.description})


def content_from(text: str | None) -> tuple[Any, str | None]:
    """Payload and description; both None where the content was left out."""
    if text is None:
        return None, None
    document = from_json(text)
    return document["payload"], document.get("description")


def progress_text(progress: Progress | None) -> str | None:
    """How far a running attempt has come."""
    if progress is None:
        return None
    return to_json([progress.percent, progress.message, to_epoch_ms(progress.at)])


def progress_from(text: str | None) -> Progress | None:
    """What ``progress_text`` wrote."""
    if text is None:
        return None
    percent, message, at_ms = from_json(text)
    return Progress(percent=percent, message=message, at=from_epoch_ms(at_ms))


def outside_text(outside: Outside | None) -> str | None:
    """That what an attempt is about goes on outside."""
    if outside is None:
        return None
    document = [to_epoch_ms(outside.since), outside.timeout_seconds]
    return to_json([*document, 1] if outside.has_log else document)


def outside_from(text: str | None) -> Outside | None:
    """What ``outside_text`` wrote."""
    if text is None:
        return None
    since_ms, timeout_seconds, *has_log = from_json(text)
    return Outside(since=from_epoch_ms(since_ms), timeout_seconds=timeout_seconds, has_log=bool(has_log))


def pending_text(pending: tuple[Pending, ...]) -> str | None:
    """Those that wait for the slot; a missed one in a list of its own."""
    if not pending:
        return None
    return to_json([[to_epoch_ms(one.due_at)] if one.missed else to_epoch_ms(one.due_at) for one in pending])


def pending_from(text: str | None) -> tuple[Pending, ...]:
    """What ``pending_text`` wrote."""
    if text is None:
        return ()
    return tuple(
        Pending(due_at=from_epoch_ms(one[0]), missed=True)
        if isinstance(one, list)
        else Pending(due_at=from_epoch_ms(one))
        for one in from_json(text)
    )


def is_later_form(found: Job, job: Job) -> bool:
    """Whether ``found`` is what has become of ``job``, so that writing it again is no conflict."""
    if found.created_at != job.created_at or found.user_id != job.user_id:
        return False
    same = replace(job, traceparent=found.traceparent)  # a request that is sent again has another span
    unchanged = definition_text(found) == definition_text(same) and content_text(found) == content_text(job)
    return unchanged or found.version > job.version


def message_text(message: JobMessage) -> str:
    """A job message, as a queue's waiting list keeps it."""
    return to_json({"v": VERSION, **_message_document(message)})


def message_from(text: str) -> JobMessage:
    """What ``message_text`` wrote."""
    return _message_from(from_json(text))


def due_item_text(item: DueItem) -> str:
    """A due item without its place (shard and position)."""
    document = {"v": VERSION, **_message_document(item.message), "sent": item.sent, "checks": item.checks}
    if item.timed:
        document["timed"] = True
    return document_json(document)


def due_item_from(look_at_ms: int, text: str) -> DueItem:
    """What ``due_item_text`` wrote, to be looked at at ``look_at_ms``."""
    document = from_json(text)
    return DueItem(
        message=_message_from(document),
        look_at=from_epoch_ms(look_at_ms),
        sent=document["sent"],
        timed=document.get("timed", False),
        checks=document["checks"],
    )


def _message_document(message: JobMessage) -> dict[str, Any]:
    document: dict[str, Any] = {
        "tenant": message.tenant_id,
        "job": message.job_id,
        "version": message.version,
        "due": to_epoch_ms(message.due_at),
        "attempt": message.attempt,
        "start": to_epoch_ms(message.run_at),
        "lane": message.lane,
        "recurring": message.recurring,
    }
    if message.queue is not None:
        document["queue"] = message.queue
    if message.admitted:
        document["admitted"] = True
    if message.late:
        document["late"] = True
    if message.subsecond:
        document["subsecond"] = True
    if message.queued:
        document["queued"] = True
    if message.start_by is not None:
        document["by"] = to_epoch_ms(message.start_by)
    return document


def _message_from(document: dict[str, Any]) -> JobMessage:
    return JobMessage(
        tenant_id=document["tenant"],
        job_id=document["job"],
        version=document["version"],
        due_at=from_epoch_ms(document["due"]),
        attempt=document["attempt"],
        run_at=from_epoch_ms(document["start"]),
        lane=Lane(document["lane"]),
        recurring=document["recurring"],
        queue=document.get("queue"),
        admitted=document.get("admitted", False),
        late=document.get("late", False),
        subsecond=document.get("subsecond", False),
        queued=document.get("queued", False),
        start_by=from_ms(document.get("by")),
    )

"""What a job is, as far as callers decide it, and how two definitions differ (X24).

The names are those of the API. Whatever fields the schedules and the policy have, now or later, are part of it: nobody
who adds one need know of this module, unless the API spells it otherwise (``_NAMES``).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final

from tickwell.domain.job import Job
from tickwell.domain.queue import effective_queue
from tickwell.domain.schedule import Interval, Schedule, schedule_type

_NAMES: Final = {
    "at": "scheduled_time",
    "seconds": "interval_seconds",
    "text": "cron_expression",
}
"""What the fields of schedules are called in requests, where that differs."""

_NOT_ASKED_FOR: Final = frozenset({"anchor_at", "immediate"})
"""What nobody asks for by itself: an interval begins when it is asked for, and ``schedule_type`` says immediate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """One field of a definition, as it is and as it is to be; None where it says nothing."""

    field: str
    before: Any
    after: Any


def definition_of(job: Job) -> dict[str, Any]:
    """What callers decide of ``job``, by field; its payload must have been loaded."""
    policy = job.policy
    return {
        "name": job.name,
        "description": job.description,
        "task": job.task,
        "payload": job.payload,
        **schedule_fields(job.schedule),
        "queue": effective_queue(job.queue, job.lane),
        "priority": job.lane,
        **{field.name: getattr(policy, field.name) for field in fields(policy)},
        "tags": job.tags,
        "scope": job.scope,
    }


def schedule_fields(schedule: Schedule) -> dict[str, Any]:
    """What callers decide of a schedule, by field."""
    is_immediate = getattr(schedule, "immediate", False)
    parts = dict(_leaves(schedule))
    if is_immediate:
        parts["scheduled_time"] = None
    return {"schedule_type": schedule_type(schedule), **parts}


def differences(standing: Job, asked: Job) -> tuple[FieldChange, ...]:
    """In which fields ``asked`` is another definition than ``standing``; the payloads of both must have been loaded.

    An interval is the same whenever it began, and an immediate job whenever it was asked for.
    """
    old, new = definition_of(standing), definition_of(asked)
    return tuple(
        FieldChange(field=name, before=old.get(name), after=new.get(name))
        for name in {**old, **new}
        if not _same(name, old, new)
    )


def asked_schedule(standing: Schedule, asked: Schedule) -> Schedule | None:
    """The schedule that a job of the schedule ``standing`` gets; None where nothing differs.

    An interval of the same length goes on from where it began, whatever else changes, unless it says where it begins.
    """
    parts = schedule_fields(asked)
    if schedule_fields(standing) == parts:
        return None
    if isinstance(standing, Interval) and isinstance(asked, Interval) and standing.seconds == asked.seconds:
        return asked if parts.get("start_at") else replace(asked, anchor_at=standing.anchor_at)
    return asked


def _leaves(part: Any) -> Iterator[tuple[str, Any]]:
    """The fields of ``part`` that tell one schedule from another, and those of what it is made of."""
    for field in fields(part):
        value = getattr(part, field.name)
        if not field.compare or field.name in _NOT_ASKED_FOR:
            continue
        if is_dataclass(value):
            yield from _leaves(value)
        else:
            yield _NAMES.get(field.name, field.name), value


def _same(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    before, after = old.get(name), new.get(name)
    if name == "payload":  # in Python 1, 1.0 and True are equal; in JSON they are not
        return before is after or _canonical(before) == _canonical(after)
    return bool(before == after)


def _canonical(payload: Any) -> str:
    return json.dumps(payload, sort_keys=True)

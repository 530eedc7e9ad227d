"""Reads what followers of a job or of the counts are told."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event; ``data`` as JSON."""

    event_id: str
    name: str
    data: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What one answer, or a piece of a stream, told."""

    retry_ms: int | None
    events: tuple[Event, ...]
    comments: tuple[str, ...]


def told(text: str) -> Told:
    """``text`` as an ``EventSource`` reads it; fails for what none would understand."""
    retry_ms: int | None = None
    events: list[Event] = []
    comments: list[str] = []
    assert text.endswith("\n\n"), "an event that is not ended is not told"
    for block in filter(None, text.split("\n\n")):
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if name:
                assert name in {"id", "event", "data", "retry"}, line
                assert name not in fields, line
                fields[name] = value.removeprefix(" ")
            else:
                comments.append(value.strip())
        retry_ms = int(fields["retry"]) if "retry" in fields else retry_ms
        if "data" in fields:
            events.append(Event(event_id=fields["id"], name=fields["event"], data=json.loads(fields["data"])))
    return Told(retry_ms=retry_ms, events=tuple(events), comments=tuple(comments))

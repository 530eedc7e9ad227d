"""Reads the table's stream: what follows from an outcome is derived from what was written (rule 9)."""

from collections.abc import Mapping
from typing import Any

from tickwell.adapters.aws.dynamodb.attributes import Item, plain_item
from tickwell.adapters.aws.dynamodb.history_items import DEAD_LETTER, EXECUTION, dead_letter_of, execution_of
from tickwell.adapters.aws.dynamodb.items import job_from
from tickwell.domain.execution import OccurrenceKey
from tickwell.domain.job import JobStatus
from tickwell.domain.outcome_event import OutcomeEvent, event_of_dead_letter, event_of_execution, event_of_pause


def events_from(event: Mapping[str, Any]) -> list[OutcomeEvent]:
    """What people may want to be told of, in the order of the stream, from the event that Lambda passes for it.

    That are dead letters and attempts that ran out of time, when they are inserted, and jobs that pause themselves.
    Everything else in the stream is ignored. The stream's view must include new and old images.
    """
    found = [_event(record) for record in event.get("Records", ())]
    return [each for each in found if each is not None]


def _event(record: Mapping[str, Any]) -> OutcomeEvent | None:
    images = record.get("dynamodb", {})
    if "NewImage" not in images:
        return None
    new = plain_item(images["NewImage"])
    match record.get("eventName"), new.get("kind"):
        case "INSERT", kind if kind == DEAD_LETTER:
            return event_of_dead_letter(dead_letter_of(new))
        case "INSERT", kind if kind == EXECUTION:
            return event_of_execution(execution_of(new, {}, with_logs=False))
        case "MODIFY", "job" if "OldImage" in images:
            return _pause(plain_item(images["OldImage"]), new)
    return None


def _pause(old: Item, new: Item) -> OutcomeEvent | None:
    """The write that finished an attempt and paused the job; the attempt is what the slot held before it."""
    before, after = job_from(old, None), job_from(new, None)
    if before.status is not JobStatus.ACTIVE or after.pause_reason is None:
        return None
    if before.slot is None or after.paused_at is None:
        return None
    return event_of_pause(
        OccurrenceKey(job=after.key, due_at=before.slot.due_at),
        before.slot.attempt,
        version=after.version,
        failures=after.failures_in_a_row,
        at=after.paused_at,
    )

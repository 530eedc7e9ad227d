"""Reads the table's stream for the archive: history that TTL has deleted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tickwell.adapters.archive_documents import ArchiveLine, dead_letter_line, detail_line, execution_line
from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.aws.dynamodb.attributes import Item, key_of, number, optional_text, plain_item, text
from tickwell.adapters.aws.dynamodb.history_items import (
    DEAD_LETTER,
    DETAIL,
    DETAIL_REFERENCE,
    DOCUMENT,
    EXECUTION,
    LOGS,
    OUTCOME,
)

_TTL = "dynamodb.amazonaws.com"
"""Who deletes what has expired."""


def archive_lines_from(event: Mapping[str, Any]) -> list[ArchiveLine]:
    """The lines of what TTL deleted, in the order of the stream, from the event that Lambda passes for it.

    What anybody else deleted was not to be kept. The stream's view must include old images.
    """
    lines: list[ArchiveLine] = []
    for record in event.get("Records", ()):
        images = record.get("dynamodb", {})
        by_ttl = record.get("userIdentity", {}).get("principalId") == _TTL
        if by_ttl and record.get("eventName") == "REMOVE" and "OldImage" in images:
            removed_at = datetime.fromtimestamp(images["ApproximateCreationDateTime"], tz=UTC)
            line = _line(plain_item(images["OldImage"]), removed_at)
            lines += [] if line is None else [line]
    return lines


def _line(item: Item, removed_at: datetime) -> ArchiveLine | None:
    key = key_of(item)
    match item.get("kind"):
        case kind if kind == EXECUTION:
            job, due_ms, attempt = keys.parse_execution_key(key)
            return execution_line(
                job,
                due_ms=due_ms,
                attempt=attempt,
                expires_ms=number(item, "ex"),
                texts=(text(item, DOCUMENT), optional_text(item, OUTCOME), optional_text(item, LOGS)),
                detail=optional_text(item, DETAIL_REFERENCE),
                removed_at=removed_at,
            )
        case kind if kind == DETAIL:
            job, due_ms, attempt, detail = keys.parse_detail_key(key)
            return detail_line(
                job,
                due_ms=due_ms,
                attempt=attempt,
                detail=detail,
                outcome=text(item, OUTCOME),
                logs=optional_text(item, LOGS),
                removed_at=removed_at,
            )
        case kind if kind == DEAD_LETTER:
            tenant_id, identifier = keys.parse_dead_letter_key(key)
            expires_ms, document = number(item, "ex"), text(item, DOCUMENT)
            return dead_letter_line(tenant_id, identifier, expires_ms=expires_ms, text=document, removed_at=removed_at)
    return None

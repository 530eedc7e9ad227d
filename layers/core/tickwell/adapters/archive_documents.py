"""How expired history is spelled in the archive: one JSON document a line, readable without this program.

``kind`` is ``execution``, ``dead_letter``, or ``detail``: the long parts (``outcome``, ``logs``) of an execution that
names them by its ``detail``, where the engine keeps them apart.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tickwell.adapters.dead_letter_documents import dead_letter_from
from tickwell.adapters.documents import VERSION, from_json, to_json
from tickwell.adapters.history_documents import execution_from
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.execution import Execution
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import JobKey

EXECUTION: Final = "execution"
DETAIL: Final = "detail"
DEAD_LETTER: Final = "dead_letter"

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveLine:
    """One line for the archive of a tenant's month; ``removed_at`` orders the archive."""

    tenant_id: str
    month: str
    removed_at: datetime
    document: Document


def execution_line(
    job: JobKey,
    *,
    due_ms: int,
    attempt: int,
    expires_ms: int,
    texts: tuple[str, str | None, str | None],
    detail: str | None = None,
    removed_at: datetime,
) -> ArchiveLine:
    """An execution; ``texts`` are summary, outcome and logs as ``history_documents`` spells them."""
    summary, outcome, logs = texts
    document = _document(EXECUTION, job=job.job_id, due=due_ms, attempt=attempt, expires=expires_ms)
    document |= {"summary": from_json(summary), **_long(outcome, logs)}
    if detail is not None:
        document["detail"] = detail
    return ArchiveLine(tenant_id=job.tenant_id, month=_month(due_ms), removed_at=removed_at, document=document)


def detail_line(
    job: JobKey, *, due_ms: int, attempt: int, detail: str, outcome: str, logs: str | None, removed_at: datetime
) -> ArchiveLine:
    """The long parts of an execution."""
    document = _document(DETAIL, job=job.job_id, due=due_ms, attempt=attempt, detail=detail) | _long(outcome, logs)
    return ArchiveLine(tenant_id=job.tenant_id, month=_month(due_ms), removed_at=removed_at, document=document)


def dead_letter_line(
    tenant_id: str, dead_letter_id: str, *, expires_ms: int, text: str, removed_at: datetime
) -> ArchiveLine:
    """A dead letter; ``text`` as ``history_documents`` spells it."""
    letter = dead_letter_from(tenant_id, dead_letter_id, expires_ms=expires_ms, text=text)
    document = _document(DEAD_LETTER, id=dead_letter_id, expires=expires_ms, letter=from_json(text))
    month = _month(to_epoch_ms(letter.failed_at))
    return ArchiveLine(tenant_id=tenant_id, month=month, removed_at=removed_at, document=document)


def identity(document: Document) -> tuple[Any, ...]:
    """What makes two lines of a tenant the same."""
    if document["kind"] == DEAD_LETTER:
        return (DEAD_LETTER, document["id"])
    return (document["kind"], document["job"], document["due"], document["attempt"])


def detail_name(document: Document) -> tuple[Any, ...]:
    """What an execution that lacks its long parts and the detail that has them agree in."""
    return (document["job"], document["due"], document["attempt"], document["detail"])


def archived_execution(tenant_id: str, document: Document) -> Execution:
    """The execution of a line."""
    return execution_from(
        JobKey(tenant_id=tenant_id, job_id=document["job"]),
        due_ms=document["due"],
        attempt=document["attempt"],
        expires_ms=document["expires"],
        summary=to_json(document["summary"]),
        outcome=None if document["outcome"] is None else to_json(document["outcome"]),
        logs=None if document["logs"] is None else to_json(document["logs"]),
    )


def archived_dead_letter(tenant_id: str, document: Document) -> DeadLetter:
    """The dead letter of a line."""
    return dead_letter_from(tenant_id, document["id"], expires_ms=document["expires"], text=to_json(document["letter"]))


def _document(kind: str, **fields: Any) -> Document:
    return {"v": VERSION, "kind": kind, **fields}


def _long(outcome: str | None, logs: str | None) -> Document:
    return {
        "outcome": None if outcome is None else from_json(outcome),
        "logs": None if logs is None else from_json(logs),
    }


def _month(epoch_ms: int) -> str:
    return f"{from_epoch_ms(epoch_ms):%Y-%m}"

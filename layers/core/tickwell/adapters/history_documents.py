"""How both engines spell executions and skips as JSON text; see ``documents``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tickwell.adapters.documents import VERSION, document_json, from_json, to_json
from tickwell.domain.execution import Execution, ExecutionStatus, Failure, LogEntry, Skip, SkipOutcome
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import JobKey
from tickwell.domain.retry import Cancelled, Completed, Decision, GiveUp, RetryAt


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionTexts:
    """An execution besides its id: the summary, what it produced (output and failure), and what it logged."""

    summary: str
    outcome: str
    logs: str | None


def execution_texts(execution: Execution) -> ExecutionTexts:
    """What to store of ``execution`` besides its key and its expiry."""
    summary: dict[str, Any] = {
        "v": VERSION,
        "status": execution.status.value,
        "token": execution.token,
        "then": _decision_document(execution.decision),
        "losses": execution.losses,
        "from": to_epoch_ms(execution.started_at),
        "to": to_epoch_ms(execution.finished_at),
    }
    if execution.returns:
        summary["returns"] = execution.returns
    if execution.outside_ms is not None:
        summary["outside"] = execution.outside_ms
    if execution.recurring:
        summary["recurring"] = True
    if execution.detail_blob is not None:
        summary["blob"] = execution.detail_blob
    outcome: dict[str, Any] = {"output": execution.output}
    if execution.failure is not None:
        outcome["failure"] = [execution.failure.code, execution.failure.message, execution.failure.traceback]
    return ExecutionTexts(
        summary=document_json(summary),
        outcome=to_json(outcome),
        logs=_logs_text(execution.logs) if execution.logs else None,
    )


def execution_from(
    key: JobKey,
    *,
    due_ms: int,
    attempt: int,
    expires_ms: int,
    summary: str,
    outcome: str | None,
    logs: str | None,
) -> Execution:
    """What ``execution_texts`` wrote; ``outcome`` and ``logs`` are None where they were left out or are not there."""
    document = from_json(summary)
    made = {} if outcome is None else from_json(outcome)
    failure = made.get("failure")
    return Execution(
        tenant_id=key.tenant_id,
        job_id=key.job_id,
        due_at=from_epoch_ms(due_ms),
        attempt=attempt,
        status=ExecutionStatus(document["status"]),
        token=document["token"],
        decision=_decision_from(document["then"]),
        losses=document["losses"],
        returns=document.get("returns", 0),
        recurring=document.get("recurring", False),
        started_at=from_epoch_ms(document["from"]),
        finished_at=from_epoch_ms(document["to"]),
        output=made.get("output"),
        failure=None if failure is None else Failure(code=failure[0], message=failure[1], traceback=failure[2]),
        logs=() if logs is None else tuple(_log_from(entry) for entry in from_json(logs)),
        detail_blob=document.get("blob"),
        outside_ms=document.get("outside"),
        expires_at=from_epoch_ms(expires_ms),
    )


def skip_text(skip: Skip) -> str:
    """A skip without its key and its expiry."""
    document: dict[str, Any] = {
        "v": VERSION,
        "last": to_epoch_ms(skip.last_due_at),
        "count": skip.count,
        "reason": skip.reason,
    }
    if skip.outcome is not SkipOutcome.SKIPPED:
        document["outcome"] = skip.outcome
    return to_json(document)


def skip_from(key: JobKey, *, first_ms: int, expires_ms: int, text: str) -> Skip:
    """What ``skip_text`` wrote."""
    document = from_json(text)
    return Skip(
        tenant_id=key.tenant_id,
        job_id=key.job_id,
        first_due_at=from_epoch_ms(first_ms),
        last_due_at=from_epoch_ms(document["last"]),
        count=document["count"],
        reason=document["reason"],
        outcome=SkipOutcome(document.get("outcome", SkipOutcome.SKIPPED)),
        expires_at=from_epoch_ms(expires_ms),
    )


def _decision_document(decision: Decision) -> list[Any]:
    match decision:
        case Completed():
            return ["completed"]
        case RetryAt(at=at, attempt=attempt):
            return ["retry", to_epoch_ms(at), attempt]
        case GiveUp(reason=reason):
            return ["give up", reason]
        case Cancelled():
            return ["cancelled"]


def _decision_from(document: list[Any]) -> Decision:
    match document:
        case ["completed"]:
            return Completed()
        case ["retry", int(at_ms), int(attempt)]:
            return RetryAt(at=from_epoch_ms(at_ms), attempt=attempt)
        case ["give up", str(reason)]:
            return GiveUp(reason=reason)
        case ["cancelled"]:
            return Cancelled()
    raise ValueError(f"stored decision {document!r} is of an unknown kind")


def _logs_text(logs: tuple[LogEntry, ...]) -> str:
    encode = document_json if all(entry.metadata is None for entry in logs) else to_json
    return encode([_log_document(entry) for entry in logs])


def _log_document(entry: LogEntry) -> list[Any]:
    return [to_epoch_ms(entry.at), entry.level, entry.message, entry.metadata]


def _log_from(document: list[Any]) -> LogEntry:
    at_ms, level, message, metadata = document
    at: datetime = from_epoch_ms(at_ms)
    return LogEntry(at=at, level=level, message=message, metadata=metadata)

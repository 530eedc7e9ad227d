"""What the entry points log of the use cases' outcomes: a constant message, a stable ``action``, ids. No payloads."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tickwell.application.consume_dead_letters import DeadLettersConsumed
    from tickwell.application.execute_batch import BatchReport
    from tickwell.application.notify import Notified
    from tickwell.application.safety_sync import SyncReport
    from tickwell.application.settle import Settled
    from tickwell.domain.execution import Execution


_log = logging.getLogger("tickwell")


def log_batch(lane: str, report: "BatchReport") -> None:
    """One line per attempt, and one for the batch where anything was out of the ordinary."""
    for settled in report.settled if _log.isEnabledFor(logging.INFO) else ():
        _log.info("attempt settled", extra={"action": "attempt.settled", "lane": lane, **_attempt(settled)})
    if report.parked or report.delayed:
        figures = {"parked": report.parked, "delayed": report.delayed}
        _log.info("queues hold back", extra={"action": "batch.held_back", "lane": lane, **figures})
    if report.pending:
        figures = {"pending": report.pending}
        _log.info("attempts go on outside", extra={"action": "batch.pending", "lane": lane, **figures})
    if report.late or report.missed:
        figures = {"late": report.late, "missed": report.missed}
        _log.warning("not in time", extra={"action": "batch.late", "lane": lane, **figures})
    if report.stale or report.skipped or report.unreadable or report.early or report.again:
        figures = {
            "stale": report.stale,
            "skipped": report.skipped,
            "unreadable": report.unreadable,
            "early": report.early,
            "again": len(report.again),
        }
        # Duplicates, and messages of jobs that were paused or deleted meanwhile, are what hints are like.
        level = logging.INFO if report.stale == sum(figures.values()) else logging.WARNING
        _log.log(level, "batch had leftovers", extra={"action": "batch.leftovers", "lane": lane, **figures})


def log_sync(report: "SyncReport") -> None:
    """Quiet when there was nothing to do; a warning when something had to be repaired."""
    figures = {
        "swept": report.swept,
        "checked": report.checked,
        "carried": report.carried,
        "let_go": report.let_go,
        "resent": report.resent,
        "recovered": report.recovered,
        "behind": report.behind,
        "unavailable": report.unavailable,
    }
    repaired = report.resent or report.recovered or report.behind or report.unavailable
    if any(figures.values()):
        level = logging.WARNING if repaired else logging.INFO
        _log.log(level, "safety sync", extra={"action": "safety_sync", **figures})


def log_dead_letters(report: "DeadLettersConsumed") -> None:
    """What came out of a lane's dead letter queue."""
    extra = {
        "action": "dead_letters.consumed",
        "unreadable": report.unreadable,
        "lost": report.lost,
        "unknown": report.unknown,
        "given_up": report.given_up,
    }
    _log.warning("dead letter queue consumed", extra=extra)


def log_notified(report: "Notified") -> None:
    """What became of notifications."""
    extra = {
        "action": "notifications",
        "sent": len(report.sent),
        "dropped": len(report.dropped),
        "failed": len(report.failed),
        "again": len(report.again),
    }
    _log.info("notifications", extra=extra)


def log_failure(action: str, error: Exception) -> None:
    """A loop or a request met an error that it survives; the traceback goes along."""
    _log.error("unexpected failure", exc_info=error, extra={"action": action})


def _attempt(settled: "Settled") -> dict[str, object]:
    execution: Execution = settled.execution
    return {
        "tenant_id": execution.tenant_id,
        "execution_id": execution.execution_id,
        "status": execution.status.value,
        "duration_ms": execution.duration_ms,
        "decision": type(execution.decision).__name__,
        "error_code": None if execution.failure is None else execution.failure.code,
        "finished": settled.finished,
        **({} if settled.trace_id is None else {"trace_id": settled.trace_id}),
    }

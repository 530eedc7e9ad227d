"""What people may want to be told of: events derived from what the store recorded (rule 9).

An event is a reference, no copy: whoever delivers it reads the records that it names. Its id is derived from them, so
that one that is derived twice can be recognised by its receivers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tickwell.domain.dead_letter import OPERATOR_TENANT, DeadLetter
from tickwell.domain.execution import Execution, ExecutionStatus, OccurrenceKey, execution_id
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import failures_text
from tickwell.domain.retry import GiveUp

ALERTS = "alerts"
"""What stands for the job in an alert, which has none."""

ALERT_INTERVAL = timedelta(minutes=15)
"""Of one kind of alert, the operator gets one in each such span."""


class EventType(StrEnum):
    """What happened, as webhooks spell it."""

    FAILED = "job.failed"
    TIMED_OUT = "execution.timeout"
    PAUSED = "job.paused"
    ALERT = "system.alert"


_PREFIXES = {
    EventType.FAILED: "failed",
    EventType.TIMED_OUT: "timeout",
    EventType.PAUSED: "paused",
    EventType.ALERT: "alert",
}


class AlertKind(StrEnum):
    """What the operator is told of."""

    REPAIRED = "repaired"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeEvent:
    """``subject`` names what it is about, uniquely among events of its type; ``at`` is when it happened.

    ``job_id``, ``due_at`` and ``attempt`` name the execution that brought it about. ``is_last``: nothing more is to
    come of that occurrence. ``note``: what the records will not tell for ever.
    """

    type: EventType
    tenant_id: str
    subject: str
    job_id: str
    due_at: datetime
    attempt: int
    at: datetime
    is_last: bool = True
    note: str | None = None

    @property
    def event_id(self) -> str:
        """The same whenever the same event is derived; without dots, which webhook signatures separate by."""
        return f"{_PREFIXES[self.type]}-{self.subject}"

    @property
    def execution_id(self) -> str:
        """The execution that brought it about."""
        return execution_id(self.job_id, self.due_at, self.attempt)


def event_of_dead_letter(letter: DeadLetter) -> OutcomeEvent:
    """An occurrence was given up; or, where the letter is the operator's, a message could not be read."""
    if letter.tenant_id == OPERATOR_TENANT or letter.job_id is None or letter.due_at is None:
        return alert(AlertKind.UNREADABLE, letter.failed_at, note="A lane held a message that could not be read.")
    return OutcomeEvent(
        type=EventType.FAILED,
        tenant_id=letter.tenant_id,
        subject=letter.dead_letter_id,
        job_id=letter.job_id,
        due_at=letter.due_at,
        attempt=letter.attempts,
        at=letter.failed_at,
    )


def event_of_execution(execution: Execution) -> OutcomeEvent | None:
    """An attempt ran out of time; None for all other attempts, which say nothing of themselves."""
    if execution.status is not ExecutionStatus.TIMEOUT:
        return None
    return OutcomeEvent(
        type=EventType.TIMED_OUT,
        tenant_id=execution.tenant_id,
        subject=execution.execution_id,
        job_id=execution.job_id,
        due_at=execution.due_at,
        attempt=execution.attempt,
        at=execution.finished_at,
        is_last=isinstance(execution.decision, GiveUp),
    )


def event_of_pause(
    occurrence: OccurrenceKey, attempt: int, *, version: int, failures: int, at: datetime
) -> OutcomeEvent:
    """The failure of ``attempt`` paused its job, which has ``version`` since."""
    return OutcomeEvent(
        type=EventType.PAUSED,
        tenant_id=occurrence.job.tenant_id,
        subject=f"{occurrence.job.job_id}-{version}",
        job_id=occurrence.job.job_id,
        due_at=occurrence.due_at,
        attempt=attempt,
        at=at,
        note=failures_text(failures),
    )


def alert(kind: AlertKind, at: datetime, *, note: str) -> OutcomeEvent:
    """Something for the operator: all of one kind within ``ALERT_INTERVAL`` are one event."""
    span_ms = ALERT_INTERVAL // timedelta(milliseconds=1)
    since = from_epoch_ms(to_epoch_ms(at) // span_ms * span_ms)
    return OutcomeEvent(
        type=EventType.ALERT,
        tenant_id=OPERATOR_TENANT,
        subject=f"{kind.value}-{to_epoch_ms(since)}",
        job_id=ALERTS,
        due_at=since,
        attempt=0,
        at=at,
        note=note,
    )

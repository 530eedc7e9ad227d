"""How an attempt ends that is held by work outside (X10): the same records, whoever writes them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tickwell.application.attempt_ending import Ending, as_told
from tickwell.application.attempt_record import RecordAttempt
from tickwell.application.claim_check import Detail, begun_log, load_begun_log, store_detail
from tickwell.application.lifeline import End
from tickwell.application.ports import BlobStore
from tickwell.domain.errors import NotFoundError, UnavailableError
from tickwell.domain.execution import Execution, ExecutionStatus, Failure, LogEntry
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordOutside:
    """The use cases, one method each. The record stands only when it has been put (rule 3)."""

    record: RecordAttempt
    blobs: BlobStore

    def succeeded(self, job: Job, slot: Slot, output: Any, now: datetime) -> Execution:
        """Whoever had the token says what came out. Raises UnavailableError where a large output cannot be kept."""
        return self._record(job, slot, Ending(status=ExecutionStatus.SUCCESS, output=output), now)

    def failed(self, job: Job, slot: Slot, failure: Failure, now: datetime, *, retryable: bool) -> Execution:
        """Whoever had the token says that it failed. Where it is not wanted any more, that is why. Raises as above."""
        ending = Ending(status=ExecutionStatus.FAILED, failure=failure, retryable=retryable)
        return self._record(job, slot, as_told(ending, _told(job)), now)

    def abandoned(self, job: Job, slot: Slot, now: datetime) -> Execution:
        """Nothing was heard of it for too long; or it is not wanted any more. Raises as above."""
        seconds = 0 if slot.outside is None else slot.outside.timeout_seconds
        message = f"nothing was heard of the work outside for {seconds} s"
        ending = Ending(status=ExecutionStatus.TIMEOUT, failure=Failure(code="TIMEOUT", message=message))
        if told := _told(job):
            ending = as_told(replace(ending, status=ExecutionStatus.FAILED), told)
        return self._record(job, slot, ending, now)

    def forget_logs(self, executions: Sequence[tuple[Job, Execution]]) -> None:
        """Delete what was kept of the logs, which stands in the records. A bucket that fails keeps some for longer."""
        for job, execution in executions:
            slot = job.slot
            if slot is not None and slot.outside is not None and slot.outside.has_log:
                with suppress(UnavailableError):
                    self.blobs.delete(begun_log(execution.tenant_id, execution.execution_id))

    def _record(self, job: Job, slot: Slot, ending: Ending, now: datetime) -> Execution:
        started_at = min(job.last_executed_at or slot.due_at, now)
        detail = Detail(output=ending.output, logs=())
        record = self.record(job, slot, ending, detail, started_at=started_at, finished_at=now)
        if slot.outside is None:
            logs: tuple[LogEntry, ...] = ()
        else:
            outside_ms = max(0, to_epoch_ms(now) - max(to_epoch_ms(slot.outside.since), to_epoch_ms(started_at)))
            record = replace(record, outside_ms=outside_ms)
            logs = self._logs(record) if slot.outside.has_log else ()
        stored, blob = store_detail(
            self.blobs, job.tenant_id, record.execution_id, Detail(output=ending.output, logs=logs)
        )
        return replace(record, output=stored.output, logs=stored.logs, detail_blob=blob)

    def _logs(self, record: Execution) -> tuple[LogEntry, ...]:
        """What the task logged before it handed its work on; nothing where that is gone already."""
        with suppress(NotFoundError):
            return load_begun_log(self.blobs, record.tenant_id, record.execution_id)
        return ()


def _told(job: Job) -> End | None:
    """Why work outside is to end before its time; None: it is not."""
    if not job.wants_no_attempt:
        return None
    return End.SUPERSEDED if job.is_superseded else End.CANCELLED

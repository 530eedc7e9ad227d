"""How an attempt ends that is held by work outside (X10): the same records, whoever writes them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tickwell.application.attempt_record import RecordAttempt
from tickwell.application.claim_check import Detail, begun_log, load_begun_log, store_detail
from tickwell.application.ports import BlobStore
from tickwell.domain.ending import End, Ending, as_told
from tickwell.domain.errors import NotFoundError, UnavailableError
from tickwell.domain.execution import Execution, ExecutionStatus, Failure, LogEntry, execution_id
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job
from tickwell.domain.slot import Slot

_NOTHING = Detail(output=None, logs=())


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordOutside:
    """The use cases, one method each. A record stands only when it has been put (rule 3).

    What the task had logged is in a blob: a record without output names that, one with output takes it in.
    """

    record: RecordAttempt
    blobs: BlobStore

    def succeeded(self, job: Job, slot: Slot, output: Any, now: datetime) -> Execution:
        """Whoever had the token says what came out. Raises UnavailableError where a large output cannot be kept."""
        detail = Detail(output=output, logs=self._logs(job, slot))
        identity = execution_id(job.job_id, slot.due_at, slot.attempt)
        stored, blob = store_detail(self.blobs, job.tenant_id, identity, detail)
        record = self._record(job, slot, Ending(status=ExecutionStatus.SUCCESS), stored, now)
        return replace(record, detail_blob=blob)

    def failed(self, job: Job, slot: Slot, failure: Failure, now: datetime, *, retryable: bool) -> Execution:
        """Whoever had the token says that it failed. Where it is not wanted any more, that is why."""
        ending = Ending(status=ExecutionStatus.FAILED, failure=failure, retryable=retryable)
        return self._without_output(job, slot, as_told(ending, _told(job)), now)

    def abandoned(self, job: Job, slot: Slot, now: datetime) -> Execution:
        """Nothing was heard of it for too long; or it is not wanted any more."""
        told = _told(job)
        seconds = 0 if slot.outside is None else slot.outside.timeout_seconds
        failure = Failure(code="TIMEOUT", message=f"nothing was heard of the work outside for {seconds} s")
        status = ExecutionStatus.TIMEOUT if told is None else ExecutionStatus.FAILED
        return self._without_output(job, slot, as_told(Ending(status=status, failure=failure), told), now)

    def forget_logs(self, recorded: Sequence[tuple[Job, Execution]]) -> None:
        """Delete the logs that were taken into records. A bucket that fails keeps some for longer."""
        for job, execution in recorded:
            name = begun_log(execution.tenant_id, execution.execution_id)
            has_log = job.slot is not None and job.slot.outside is not None and job.slot.outside.has_log
            if has_log and execution.detail_blob != name:
                with suppress(UnavailableError):
                    self.blobs.delete(name)

    def _without_output(self, job: Job, slot: Slot, ending: Ending, now: datetime) -> Execution:
        record = self._record(job, slot, ending, _NOTHING, now)
        if slot.outside is None or not slot.outside.has_log:
            return record
        return replace(record, detail_blob=begun_log(record.tenant_id, record.execution_id))

    def _record(self, job: Job, slot: Slot, ending: Ending, stored: Detail, now: datetime) -> Execution:
        started_at = min(job.last_executed_at or slot.due_at, now)
        record = self.record(job, slot, ending, stored, started_at=started_at, finished_at=now)
        if slot.outside is None:
            return record
        outside_ms = to_epoch_ms(now) - to_epoch_ms(max(slot.outside.since, started_at))
        return replace(record, outside_ms=max(0, outside_ms))

    def _logs(self, job: Job, slot: Slot) -> tuple[LogEntry, ...]:
        """What the task logged before it handed its work on; nothing where that is gone already."""
        if slot.outside is not None and slot.outside.has_log:
            with suppress(NotFoundError):
                return load_begun_log(self.blobs, job.tenant_id, execution_id(job.job_id, slot.due_at, slot.attempt))
        return ()


def _told(job: Job) -> End | None:
    """Why work outside is to end before its time; None: it is not."""
    if not job.wants_no_attempt:
        return None
    return End.SUPERSEDED if job.is_superseded else End.CANCELLED

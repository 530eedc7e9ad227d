"""What work outside may say of its attempt, with the attempt's completion token (X10): that it lives, or how it ended.

The token is the credential: it names the tenant, and proves that its bearer was told of this very attempt. Whatever is
wrong with it, the answer is that there is no such execution.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tickwell.application.admission import AdmitAttempts
from tickwell.application.outside_record import RecordOutside
from tickwell.application.ports import Clock, History, JobStore, Signed
from tickwell.application.recover import Recover
from tickwell.application.settle import Attempt, Settle
from tickwell.domain.completion import read_completion_token
from tickwell.domain.errors import AttemptEndedError, NotFoundError, UnauthenticatedError
from tickwell.domain.execution import Execution, ExecutionStatus, Failure, OccurrenceKey, parse_execution_id
from tickwell.domain.job import Job, JobKey
from tickwell.domain.progress import Progress
from tickwell.domain.slot import Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    """The attempt is under way; ``slot`` is that of ``job``."""

    job: Job
    slot: Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class EndOutside:
    """The use cases, one method each.

    Each raises UnauthenticatedError without a token, NotFoundError for a wrong one, and UnavailableError; all may be
    repeated. It does not matter whether the attempt's worker has let go of it yet: what is recorded first stands.
    """

    jobs: JobStore
    history: History
    admit_attempts: AdmitAttempts
    record: RecordOutside
    settle: Settle
    recover: Recover
    clock: Clock

    def heartbeat(self, execution_id: str, token: str, progress: Progress | None) -> datetime | None:
        """Take a sign of life; until when the next one is expected, None where a worker still answers for that.

        Raises AttemptEndedError when it is not wanted any more, or has ended, also by itself: by its time.
        """
        found = self._find(execution_id, token)
        if isinstance(found, Execution):
            raise AttemptEndedError(found.status.value)
        now = self.clock.now()
        if found.job.is_kept_in_vain or found.slot.may_be_taken_over(now):
            ended = self.recover([found.job])
            raise AttemptEndedError(ended[0].execution.status.value)
        if found.job.wants_no_attempt:
            raise AttemptEndedError(ExecutionStatus.CANCELLED.value)
        if found.slot.outside is not None:
            self.admit_attempts.keep(found.job, found.slot, until=found.slot.outside.until(now), now=now)
        answer = self.jobs.sign(found.job, now=now, progress=progress)
        if not isinstance(answer, Signed) or answer.job.wants_no_attempt:
            return self.heartbeat(execution_id, token, progress)
        slot = answer.job.slot
        return None if slot is None or slot.outside is None else slot.lease_until

    def complete(self, execution_id: str, token: str, output: Any) -> Execution:
        """It succeeded with ``output``; the record that stands. Raises AttemptEndedError if it has ended otherwise."""
        found = self._find(execution_id, token)
        if isinstance(found, _Held):
            execution = self.record.succeeded(found.job, found.slot, output, self.clock.now())
            found = self._settled(found, execution)
        return _as_said(found, ExecutionStatus.SUCCESS)

    def fail(self, execution_id: str, token: str, failure: Failure, *, retryable: bool) -> Execution:
        """It failed; the record that stands. Raises AttemptEndedError if it has ended otherwise."""
        found = self._find(execution_id, token)
        if isinstance(found, _Held):
            execution = self.record.failed(found.job, found.slot, failure, self.clock.now(), retryable=retryable)
            found = self._settled(found, execution)
        return _as_said(found, ExecutionStatus.FAILED)

    def _settled(self, held: _Held, execution: Execution) -> Execution:
        """Rule 3, as a worker does it: the record that was put first stands, and everybody obeys it."""
        [settled] = self.settle([Attempt(job=held.job, execution=execution)])
        self.record.forget_logs([(held.job, settled.execution)])
        return settled.execution

    def _find(self, execution_id: str, token: str) -> _Held | Execution:
        """The attempt that ``token`` is of, or the record that it left."""
        if not token:
            raise UnauthenticatedError("the completion token of the attempt is required")
        given = read_completion_token(token)
        if given is None:
            raise NotFoundError("execution", execution_id)
        job_id, due_at, attempt = parse_execution_id(execution_id)
        key = JobKey(tenant_id=given.tenant_id, job_id=job_id)
        job = self._job(key)
        slot = None if job is None else job.slot
        is_meant = slot is not None and (slot.due_at, slot.attempt) == (due_at, attempt)
        if job is not None and slot is not None and slot.token is not None and is_meant and given.is_of(slot.token):
            return _Held(job=job, slot=slot)
        # Also where there is no such job: how long the answer takes must not tell.
        for record in self.history.attempts_at(OccurrenceKey(job=key, due_at=due_at)):
            if record.attempt == attempt and given.is_of(record.token):
                return record
        raise NotFoundError("execution", execution_id)

    def _job(self, key: JobKey) -> Job | None:
        with suppress(NotFoundError):
            return self.jobs.get(key.tenant_id, key.job_id)
        return None


def _as_said(execution: Execution, status: ExecutionStatus) -> Execution:
    if execution.status is not status:
        raise AttemptEndedError(execution.status.value)
    return execution

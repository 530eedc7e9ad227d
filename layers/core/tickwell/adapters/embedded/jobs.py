"""Jobs in SQLite. Each write is one statement whose WHERE is the condition; see ``JobStore`` for what they promise."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from tickwell.adapters.cursors import encode_cursor, text_cursor
from tickwell.adapters.documents import epoch_ms, is_later_form, progress_text
from tickwell.adapters.embedded.database import Database, bindable
from tickwell.adapters.embedded.job_rows import COLUMNS, HEAD, INSERT, insert_values, job_from
from tickwell.adapters.embedded.outcome_feed import put_outcome
from tickwell.application.ports import (
    Claim,
    Claimed,
    ClaimLost,
    ClaimResult,
    Clock,
    Page,
    SignAnswer,
    Signed,
    TokenGone,
)
from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.execution import Execution, ExecutionStatus, OccurrenceKey
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import KEEPS_RETRY, LEASE_MARGIN, Job, JobKey, JobStatus, PauseReason, sources
from tickwell.domain.message import JobMessage
from tickwell.domain.outcome_event import event_of_pause
from tickwell.domain.progress import Progress
from tickwell.domain.retry import RetryAt

_LISTING = "jobs"


def _any_of(statuses: Collection[JobStatus]) -> str:
    """``statuses`` as an SQL list; they are constants of the domain."""
    return "(" + ", ".join(f"'{status.value}'" for status in sorted(statuses)) + ")"


_THIS = "tenant_id = :tenant AND job_id = :job"
_GET = f"SELECT {COLUMNS} FROM jobs WHERE {_THIS}"
_GET_HEAD = f"SELECT {HEAD} FROM jobs WHERE {_THIS}"
_DELETE = f"DELETE FROM jobs WHERE {_THIS}"
_LIST = f"""
    SELECT {HEAD} FROM jobs
    WHERE tenant_id = ? AND job_id < ? AND status <> '{JobStatus.DELETED.value}' AND substr(job_id, 37, 1) <> '.'
    AND (expires_ms IS NULL OR expires_ms > ?)
    ORDER BY job_id DESC LIMIT ?
"""
"""Without children, whose ids go on with a dot behind those of their parents."""
_COUNT = f"""
    SELECT status, COUNT(*) FROM jobs
    WHERE tenant_id = ? AND queue = ? AND status <> '{JobStatus.DELETED.value}'
    AND (expires_ms IS NULL OR expires_ms > ?) GROUP BY status
"""
_CLAIMED = f"""
    slot_token = :token, lease_until_ms = lease_ms + :now_plus_margin, progress = NULL, probe_ms = NULL,
    last_executed_ms = :now
    WHERE {_THIS} AND status = '{JobStatus.ACTIVE.value}'
"""
_CLAIM_FIRST = f"""
    UPDATE jobs SET next_run_ms = :next_run, slot_due_ms = :due, slot_attempt = 1, slot_losses = 0, slot_returns = 0,
        {_CLAIMED}
    AND version = :version AND next_run_ms = :due AND slot_due_ms IS NULL RETURNING {COLUMNS}
"""
_CLAIM_RETRY = f"""
    UPDATE jobs SET {_CLAIMED}
    AND slot_due_ms = :due AND slot_attempt = :attempt AND slot_token IS NULL RETURNING {COLUMNS}
"""
_SKIP = f"""
    UPDATE jobs SET next_run_ms = :next_run, updated_ms = :now
    WHERE {_THIS} AND status = '{JobStatus.ACTIVE.value}' AND version = :version AND next_run_ms = :due
    AND slot_due_ms IS NOT NULL
"""
_REPLACE = f"""
    UPDATE jobs SET version = :version, status = :status, recurring = :recurring, queue = :queue, lease_ms = :lease_ms,
        next_run_ms = :next_run, updated_ms = :updated, paused_ms = :paused, expires_ms = :expires,
        failures_in_a_row = CASE WHEN :recounts THEN :failures_in_a_row ELSE failures_in_a_row END,
        pause_after = :pause_after, pause_reason = :pause_reason,
        definition = :definition, content = :content,
        slot_due_ms = CASE WHEN :keeps OR slot_token IS NOT NULL THEN slot_due_ms END,
        slot_attempt = CASE WHEN :keeps OR slot_token IS NOT NULL THEN slot_attempt END,
        slot_losses = CASE WHEN :keeps OR slot_token IS NOT NULL THEN slot_losses END,
        slot_returns = CASE WHEN :keeps OR slot_token IS NOT NULL THEN slot_returns END
    WHERE {_THIS} AND version = :read_version AND next_run_ms IS :read_next_run AND status = :read_status
"""
_SIGN = f"""
    UPDATE jobs SET lease_until_ms = MAX(lease_until_ms, :until), progress = COALESCE(:progress, progress)
    WHERE {_THIS} AND slot_token = :token RETURNING {HEAD}
"""
_NOTE_PROBE = f"UPDATE jobs SET probe_ms = MAX(COALESCE(probe_ms, :at), :at) WHERE {_THIS} AND slot_token = :token"
_COUNTED = f"""
    slot_token = NULL, lease_until_ms = NULL, progress = NULL, probe_ms = NULL,
    executions = executions + 1, successful = successful + :successful, failed = failed + :failed,
    duration_ms = duration_ms + :duration, timeouts = timeouts + :timeouts, lost = lost + :lost
    WHERE {_THIS} AND slot_token = :token
"""


_GOES_ON = f"recurring = 1 AND status = '{JobStatus.ACTIVE.value}'"
_OVER = f"{_GOES_ON} AND next_run_ms IS NULL"
"""Whether this was the last occurrence of a schedule; a job that is paused has no next run either."""

_PAUSES = f"{_GOES_ON} AND next_run_ms IS NOT NULL AND failures_in_a_row + 1 >= pause_after"
"""Whether this failure is the one that pauses the job (X23); never without a limit, which is NULL."""


def _finish(target: JobStatus, in_a_row: str, pausing: str = "", pauses: str = "FALSE") -> str:
    """Empties the slot, and ends a job whose status and schedule allow that, or counts failures."""
    ends = f"recurring = 0 AND status IN {_any_of(sources(target))}"
    return f"""
        UPDATE jobs SET
            status = CASE WHEN {ends} THEN '{target.value}' WHEN {_OVER} THEN '{JobStatus.COMPLETED.value}'
                WHEN {pauses} THEN '{JobStatus.PAUSED.value}' ELSE status END,
            expires_ms = CASE WHEN {ends} OR {_OVER} THEN :expires ELSE expires_ms END,
            updated_ms = CASE WHEN {ends} OR {_OVER} OR {pauses} THEN :now ELSE updated_ms END,
            failures_in_a_row = CASE WHEN {ends} THEN failures_in_a_row ELSE {in_a_row} END,
            {pausing} slot_due_ms = NULL, slot_attempt = NULL, slot_losses = NULL, slot_returns = NULL,
            {_COUNTED}
    """


_PAUSING = f"""
    version = CASE WHEN {_PAUSES} THEN version + 1 ELSE version END,
    next_run_ms = CASE WHEN {_PAUSES} THEN NULL ELSE next_run_ms END,
    paused_ms = CASE WHEN {_PAUSES} THEN :now ELSE paused_ms END,
    pause_reason = CASE WHEN {_PAUSES} THEN '{PauseReason.FAILURES.value}' ELSE pause_reason END,
"""
_FINISH = {
    JobStatus.COMPLETED: _finish(JobStatus.COMPLETED, "0"),
    JobStatus.FAILED: _finish(JobStatus.FAILED, "failures_in_a_row + 1", _PAUSING, _PAUSES),
    JobStatus.CANCELLED: _finish(JobStatus.CANCELLED, "failures_in_a_row"),
}
_KEEPS = f"status IN {_any_of(KEEPS_RETRY)}"
_RETRY = f"""
    UPDATE jobs SET slot_due_ms = CASE WHEN {_KEEPS} THEN slot_due_ms END,
        slot_attempt = CASE WHEN {_KEEPS} THEN :attempt END,
        slot_losses = CASE WHEN {_KEEPS} THEN :losses END,
        slot_returns = CASE WHEN {_KEEPS} THEN :returns END, {_COUNTED}
"""


class EmbeddedJobStore:
    """The embedded ``JobStore``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def create(self, job: Job) -> None:
        """See the port. An expired job of the same id gives way."""
        self.create_many([job])

    def create_many(self, jobs: Sequence[Job]) -> Sequence[bool]:
        """See the port; all in one transaction."""
        with self._database.transaction() as cursor:
            found = [self._create(cursor, job) for job in jobs]
        for job, standing in zip(jobs, found, strict=True):
            if standing is not None and not is_later_form(standing, job):
                raise ConflictError(f"another job has the id {job.job_id}")
        return [True] * len(jobs)

    def get(self, tenant_id: str, job_id: str) -> Job:
        """See the port."""
        with self._database.read() as cursor:
            job = self._find(cursor, JobKey(tenant_id=tenant_id, job_id=job_id))
        if job is None:
            raise NotFoundError("job", job_id)
        return job

    def get_many(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Job]:
        """See the port."""
        now = self._clock.now()
        found: dict[JobKey, Job] = {}
        with self._database.read() as cursor:
            for key in dict.fromkeys(keys):
                row = cursor.execute(_GET_HEAD, _this(key)).fetchone()
                if row is not None and not _is_expired(job := job_from(row), now):
                    found[key] = job
        return found

    def list_jobs(self, tenant_id: str, *, limit: int, cursor: str | None) -> Page[Job]:
        """See the port."""
        before = text_cursor(_LISTING, cursor) or "~"
        now_ms = to_epoch_ms(self._clock.now())
        with self._database.read() as reading:
            rows = reading.execute(_LIST, (tenant_id, before, now_ms, limit + 1)).fetchall()
        jobs = tuple(job_from(row) for row in rows[:limit])
        more = len(rows) > limit
        return Page(items=jobs, next_cursor=encode_cursor(_LISTING, [jobs[-1].job_id]) if more else None)

    def count_by_status(self, tenant_id: str, queue: str) -> Mapping[JobStatus, int]:
        """See the port."""
        values = (bindable(tenant_id), bindable(queue), to_epoch_ms(self._clock.now()))
        with self._database.read() as cursor:
            return {JobStatus(status): count for status, count in cursor.execute(_COUNT, values)}

    def replace(self, job: Job, *, read: Job) -> bool:
        """See the port."""
        values = insert_values(job) | {
            "keeps": job.slot is not None,
            "recounts": job.failures_in_a_row != read.failures_in_a_row,
            "read_version": read.version,
            "read_next_run": epoch_ms(read.next_run_at),
            "read_status": read.status.value,
        }
        with self._database.transaction() as cursor:
            return cursor.execute(_REPLACE, values).rowcount == 1

    def claim_many(self, claims: Sequence[Claim]) -> Sequence[ClaimResult]:
        """See the port; all in one transaction."""
        with self._database.transaction() as cursor:
            return [self._claim(cursor, claim) for claim in claims]

    def skip(self, message: JobMessage, *, next_run_at: datetime | None, now: datetime) -> bool:
        """See the port."""
        values = _this(message.key) | {
            "version": message.version,
            "due": to_epoch_ms(message.due_at),
            "next_run": epoch_ms(next_run_at),
            "now": to_epoch_ms(now),
        }
        with self._database.transaction() as cursor:
            return cursor.execute(_SKIP, values).rowcount == 1

    def finish_many(self, executions: Sequence[Execution], *, now: datetime) -> Sequence[bool]:
        """See the port; all in one transaction."""
        with self._database.transaction() as cursor:
            return [_finish_one(cursor, execution, now) for execution in executions]

    def sign(self, job: Job, *, now: datetime, progress: Progress | None) -> SignAnswer:
        """See the port."""
        values = _this(job.key) | {
            "token": job.held_token,
            "until": to_epoch_ms(job.lease_after_sign(now)),
            "progress": progress_text(progress),
        }
        with self._database.transaction() as cursor:
            row = cursor.execute(_SIGN, values).fetchone()
        found = None if row is None else job_from(row)
        return TokenGone() if found is None or _is_expired(found, self._clock.now()) else Signed(job=found)

    def note_probe(self, job: Job, *, at: datetime) -> None:
        """See the port."""
        with self._database.transaction() as cursor:
            cursor.execute(_NOTE_PROBE, _this(job.key) | {"token": job.held_token, "at": to_epoch_ms(at)})

    def ping(self) -> None:
        """See the port."""
        with self._database.read() as cursor:
            cursor.execute("SELECT 1 FROM jobs LIMIT 1").fetchone()

    def _create(self, cursor: sqlite3.Cursor, job: Job) -> Job | None:
        """Write a new job, unless there is one of its id: that one."""
        values = insert_values(job)
        if cursor.execute(INSERT, values).rowcount:
            return None
        found = self._find(cursor, job.key)
        if found is None:
            cursor.execute(_DELETE, _this(job.key))
            cursor.execute(INSERT, values)
        return found

    def _claim(self, cursor: sqlite3.Cursor, claim: Claim) -> ClaimResult:
        message = claim.message
        values = _this(message.key) | {
            "token": claim.token,
            "now": to_epoch_ms(claim.now),
            "now_plus_margin": to_epoch_ms(claim.now + LEASE_MARGIN),
            "due": to_epoch_ms(message.due_at),
            "attempt": message.attempt,
            "version": message.version,
            "next_run": epoch_ms(claim.next_run_at),
        }
        row = cursor.execute(_CLAIM_FIRST if message.attempt == 1 else _CLAIM_RETRY, values).fetchone()
        if row is not None:
            return Claimed(job=job_from(row))
        job = self._find(cursor, message.key)
        if job is not None and job.slot is not None and job.slot.token == claim.token:
            return Claimed(job=job)
        return ClaimLost(job=job)

    def _find(self, cursor: sqlite3.Cursor, key: JobKey) -> Job | None:
        row = cursor.execute(_GET, _this(key)).fetchone()
        if row is None:
            return None
        job = job_from(row)
        return None if _is_expired(job, self._clock.now()) else job


def _finish_one(cursor: sqlite3.Cursor, execution: Execution, now: datetime) -> bool:
    counts = execution.counts
    values: dict[str, Any] = _this(execution.job_key) | {
        "token": execution.token,
        "successful": counts.successful,
        "failed": counts.failed,
        "duration": counts.duration_ms,
        "timeouts": execution.status is ExecutionStatus.TIMEOUT,
        "lost": execution.status is ExecutionStatus.LOST,
        "expires": to_epoch_ms(execution.expires_at),
        "now": to_epoch_ms(now),
    }
    target = execution.ends_as
    statement = _RETRY if target is None else _FINISH[target]
    if isinstance(execution.decision, RetryAt):
        values |= {"attempt": execution.decision.attempt, "losses": execution.losses, "returns": execution.returns}
    row = cursor.execute(f"{statement} RETURNING version, failures_in_a_row, pause_reason", values).fetchone()
    if row is None:
        return False
    version, failures, reason = row
    if reason is not None:  # paused by this very write: a job that was paused before has no slot to be finished
        occurrence = OccurrenceKey(job=execution.job_key, due_at=execution.due_at)
        put_outcome(cursor, event_of_pause(occurrence, execution.attempt, version=version, failures=failures, at=now))
    return True


def _this(key: JobKey) -> dict[str, Any]:
    return {"tenant": bindable(key.tenant_id), "job": bindable(key.job_id)}


def _is_expired(job: Job, now: datetime) -> bool:
    return job.expires_at is not None and job.expires_at <= now

"""Jobs in SQLite. Each write is one statement whose WHERE is the condition; see ``JobStore`` for what they promise."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tickwell.adapters.cursors import encode_cursor, text_cursor
from tickwell.adapters.documents import epoch_ms, is_later_form, outside_text, pending_text, progress_text
from tickwell.adapters.embedded.database import Database, bindable
from tickwell.adapters.embedded.ended_counts import count_ended
from tickwell.adapters.embedded.job_claims import claim_alike
from tickwell.adapters.embedded.job_finish import finish, handover_values
from tickwell.adapters.embedded.job_rows import insertion, job_from, replace_values
from tickwell.adapters.embedded.job_statements import (
    CLAIM_FIRST,
    CLAIM_OVER,
    CLAIM_RETRY,
    COUNT,
    DELETE,
    GET,
    GET_HEAD,
    LEAVE,
    LET_GO,
    LIST,
    NOTE_PROBE,
    PASS_ON,
    REPLACE,
    SIGN,
    SKIP,
    WAIT,
)
from tickwell.adapters.embedded.new_counts import count_new
from tickwell.application.ports import (
    Claim,
    Claimed,
    ClaimLost,
    ClaimResult,
    Clock,
    Page,
    PendingChange,
    SignAnswer,
    Signed,
    TokenGone,
)
from tickwell.domain.completion import Outside
from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.execution import Execution
from tickwell.domain.handover import Handover
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import KEEPS_RETRY, Job, JobKey, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.progress import Progress
from tickwell.domain.slot import LEASE_MARGIN, TAKEOVER_DELAY, Slot

_LISTING = "jobs"


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
        statement, rows = insertion(jobs)
        with self._database.transaction() as cursor:
            if _are_all_new(cursor, statement, rows):
                count_new(cursor, jobs)
                return [True] * len(jobs)
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
        return self._standing(GET_HEAD, keys)

    def get_many_whole(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Job]:
        """See the port."""
        return self._standing(GET, keys)

    def _standing(self, statement: str, keys: Sequence[JobKey]) -> Mapping[JobKey, Job]:
        now = self._clock.now()
        found: dict[JobKey, Job] = {}
        with self._database.read() as cursor:
            for key in dict.fromkeys(keys):
                row = cursor.execute(statement, _this(key)).fetchone()
                if row is not None and not _is_expired(job := job_from(row), now):
                    found[key] = job
        return found

    def list_jobs(self, tenant_id: str, *, limit: int, cursor: str | None) -> Page[Job]:
        """See the port."""
        before = text_cursor(_LISTING, cursor) or "~"
        now_ms = to_epoch_ms(self._clock.now())
        with self._database.read() as reading:
            rows = reading.execute(LIST, (tenant_id, before, now_ms, limit + 1)).fetchall()
        jobs = tuple(job_from(row) for row in rows[:limit])
        more = len(rows) > limit
        return Page(items=jobs, next_cursor=encode_cursor(_LISTING, [jobs[-1].job_id]) if more else None)

    def count_by_status(self, tenant_id: str, queue: str) -> Mapping[JobStatus, int]:
        """See the port."""
        now_ms = to_epoch_ms(self._clock.now())
        values = {"tenant": bindable(tenant_id), "queue": bindable(queue), "now": now_ms}
        with self._database.read() as cursor:
            return {JobStatus(status): count for status, count in cursor.execute(COUNT, values)}

    def replace(self, job: Job, *, read: Job) -> bool:
        """See the port."""
        values = replace_values(job) | {
            "keeps": job.slot is not None and job.status in KEEPS_RETRY,
            "goes_on": job.status in KEEPS_RETRY,
            "recounts": job.failures_in_a_row != read.failures_in_a_row,
            "read_version": read.version,
            "read_next_run": epoch_ms(read.next_run_at),
            "read_status": read.status.value,
        }
        with self._database.transaction() as cursor:
            return cursor.execute(REPLACE, values).rowcount == 1

    def claim_many(self, claims: Sequence[Claim]) -> Sequence[ClaimResult]:
        """See the port; all in one transaction."""
        with self._database.transaction() as cursor:
            won = claim_alike(cursor, claims)
            others = {n: self._claim(cursor, claim) for n, claim in enumerate(claims) if n not in won}
        return [Claimed(job=job_from(won[n])) if n in won else others[n] for n in range(len(claims))]

    def skip(
        self,
        message: JobMessage,
        *,
        next_run_at: datetime | None,
        now: datetime,
        if_busy: bool = True,
        waiting: PendingChange | None = None,
        expires_at: datetime | None = None,
    ) -> bool:
        """See the port."""
        values = _this(message.key) | {
            "version": message.version,
            "due": to_epoch_ms(message.due_at),
            "next_run": epoch_ms(next_run_at),
            "now": to_epoch_ms(now),
            "expires": epoch_ms(expires_at),
        }
        statement = SKIP if if_busy else LEAVE
        if waiting is not None:
            statement = WAIT
            values |= {"known": pending_text(waiting.read), "pending": pending_text(waiting.written)}
        with self._database.transaction() as cursor:
            return cursor.execute(statement, values).rowcount == 1

    def pass_on(self, job: Job, handover: Handover, *, now: datetime, expires_at: datetime) -> bool:
        """See the port."""
        values = _this(job.key) | _waiting_slot(job.slot) | handover_values(handover)
        values |= {"now": to_epoch_ms(now), "expires": to_epoch_ms(expires_at)}
        with self._database.transaction() as cursor:
            return cursor.execute(PASS_ON, values).rowcount == 1

    def finish_many(
        self, executions: Sequence[Execution], *, now: datetime, handovers: Mapping[str, Handover] | None = None
    ) -> Sequence[bool]:
        """See the port; all in one transaction."""
        with self._database.transaction() as cursor:
            ended = finish(cursor, executions, now, handovers or {})
            count_ended(cursor, [each for each in ended if each is not None])
        return [each is not None for each in ended]

    def sign(self, job: Job, *, now: datetime, progress: Progress | None) -> SignAnswer:
        """See the port."""
        values = _this(job.key) | {
            "token": job.held_token,
            "until": to_epoch_ms(job.lease_after_sign(now)),
            "progress": progress_text(progress),
        }
        with self._database.transaction() as cursor:
            row = cursor.execute(SIGN, values).fetchone()
        return self._answer(row)

    def let_go_many(self, handed_on: Sequence[tuple[Job, Outside]]) -> Sequence[SignAnswer]:
        """See the port; all in one transaction."""
        values = [
            _this(job.key)
            | {
                "token": job.held_token,
                "until": to_epoch_ms(outside.until(outside.since)),
                "probe": to_epoch_ms(outside.until(outside.since) + TAKEOVER_DELAY),
                "outside": outside_text(outside),
            }
            for job, outside in handed_on
        ]
        with self._database.transaction() as cursor:
            rows = [cursor.execute(LET_GO, each).fetchone() for each in values]
        return [self._answer(row) for row in rows]

    def note_probe(self, job: Job, *, at: datetime) -> None:
        """See the port."""
        with self._database.transaction() as cursor:
            cursor.execute(NOTE_PROBE, _this(job.key) | {"token": job.held_token, "at": to_epoch_ms(at)})

    def ping(self) -> None:
        """See the port."""
        with self._database.read() as cursor:
            cursor.execute("SELECT 1 FROM jobs LIMIT 1").fetchone()

    def _answer(self, row: tuple[Any, ...] | None) -> SignAnswer:
        """What a write to a slot found, whose condition was the token."""
        found = None if row is None else job_from(row)
        return TokenGone() if found is None or _is_expired(found, self._clock.now()) else Signed(job=found)

    def _create(self, cursor: sqlite3.Cursor, job: Job) -> Job | None:
        """Write a new job, unless there is one of its id: that one."""
        found = self._find(cursor, job.key)
        if found is None:
            cursor.execute(DELETE, _this(job.key))  # one that has expired
            cursor.executemany(*insertion([job]))
            count_new(cursor, [job])
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
            "pending": pending_text(claim.pending),
        }
        statement = CLAIM_FIRST if claim.is_first else CLAIM_RETRY
        if claim.over is not None:
            statement = CLAIM_OVER
            values |= _waiting_slot(claim.over) | {"known": pending_text(claim.over_pending)}
        row = cursor.execute(statement, values).fetchone()
        if row is not None:
            return Claimed(job=job_from(row))
        job = self._find(cursor, message.key)
        if job is not None and job.slot is not None and job.slot.token == claim.token:
            return Claimed(job=job)
        return ClaimLost(job=job)

    def _find(self, cursor: sqlite3.Cursor, key: JobKey) -> Job | None:
        row = cursor.execute(GET, _this(key)).fetchone()
        if row is None:
            return None
        job = job_from(row)
        return None if _is_expired(job, self._clock.now()) else job


def _are_all_new(cursor: sqlite3.Cursor, statement: str, rows: Sequence[tuple[Any, ...]]) -> bool:
    """Insert all of ``rows``, or none where there is a job of one's id."""
    if len(rows) == 1:
        return cursor.execute(statement, rows[0]).rowcount == 1
    cursor.execute("SAVEPOINT all_new")
    are_new = cursor.executemany(statement, rows).rowcount == len(rows)
    if not are_new:
        cursor.execute("ROLLBACK TO all_new")
    cursor.execute("RELEASE all_new")
    return are_new


def _waiting_slot(slot: Slot | None) -> dict[str, Any]:
    """The values that name a slot which waits; no slot is named by None, which equals nothing."""
    return {
        "slot_due": None if slot is None else to_epoch_ms(slot.due_at),
        "slot_attempt": None if slot is None else slot.attempt,
    }


def _this(key: JobKey) -> dict[str, Any]:
    return {"tenant": bindable(key.tenant_id), "job": bindable(key.job_id)}


def _is_expired(job: Job, now: datetime) -> bool:
    return job.expires_at is not None and job.expires_at <= now

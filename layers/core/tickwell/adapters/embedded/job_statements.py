"""Every statement on the table ``jobs``; the WHERE of each is the condition of a write. See ``JobStore``."""

import re
from collections.abc import Collection

from tickwell.adapters.embedded.job_rows import COLUMNS, HEAD
from tickwell.domain.job import KEEPS_RETRY, JobStatus, PauseReason, sources


def _any_of(statuses: Collection[JobStatus]) -> str:
    """``statuses`` as an SQL list; they are constants of the domain."""
    return "(" + ", ".join(f"'{status.value}'" for status in sorted(statuses)) + ")"


_THIS = "tenant_id = :tenant AND job_id = :job"
GET = f"SELECT {COLUMNS} FROM jobs WHERE {_THIS}"
GET_HEAD = f"SELECT {HEAD} FROM jobs WHERE {_THIS}"
DELETE = f"DELETE FROM jobs WHERE {_THIS}"
LIST = f"""
    SELECT {HEAD} FROM jobs
    WHERE tenant_id = ? AND job_id < ? AND status <> '{JobStatus.DELETED.value}' AND substr(job_id, 37, 1) <> '.'
    AND (expires_ms IS NULL OR expires_ms > ?)
    ORDER BY job_id DESC LIMIT ?
"""
"""Without children, whose ids go on with a dot behind those of their parents."""
_IN_QUEUE = f"tenant_id = :tenant AND queue = :queue AND status <> '{JobStatus.DELETED.value}'"
COUNT = f"""
    SELECT status, SUM(number) FROM (
        SELECT status, jobs AS number FROM job_counts WHERE {_IN_QUEUE}
        UNION ALL
        SELECT status, -1 FROM jobs INDEXED BY jobs_by_expiry
        WHERE expires_ms <= :now AND {_IN_QUEUE} AND substr(job_id, 37, 1) <> '.'
        UNION ALL
        SELECT status, 1 FROM jobs INDEXED BY jobs_of_parents
        WHERE {_IN_QUEUE} AND substr(job_id, 37, 1) = '.' AND (expires_ms IS NULL OR expires_ms > :now)
    ) GROUP BY status HAVING SUM(number) > 0
"""
"""What is counted of the tenant without what has expired and is still there, and with children, which are not."""
_CLAIMED = f"""
    slot_token = :token, lease_until_ms = lease_ms + :now_plus_margin, progress = NULL, probe_ms = NULL,
    outside = NULL, last_executed_ms = :now
    WHERE {_THIS} AND status = '{JobStatus.ACTIVE.value}'
"""
_CLAIM = f"""
    UPDATE jobs SET next_run_ms = :next_run, slot_due_ms = :due, slot_attempt = 1, slot_losses = 0, slot_returns = 0,
        pending = :pending, {_CLAIMED} AND version = :version AND next_run_ms = :due
"""
CLAIM_FIRST = f"{_CLAIM} AND slot_due_ms IS NULL RETURNING {COLUMNS}"
_WAITS = "slot_due_ms = :slot_due AND slot_attempt = :slot_attempt AND slot_token IS NULL AND pending IS :known"
CLAIM_OVER = f"{_CLAIM} AND {_WAITS} RETURNING {COLUMNS}"
"""The claim of a first attempt that takes over a slot which waits."""
CLAIM_RETRY = f"""
    UPDATE jobs SET {_CLAIMED}
    AND slot_due_ms = :due AND slot_attempt = :attempt AND slot_token IS NULL RETURNING {COLUMNS}
"""
_ARMED = f"{_THIS} AND status = '{JobStatus.ACTIVE.value}' AND version = :version AND next_run_ms = :due"
_LAST = ":next_run IS NULL AND slot_due_ms IS NULL AND :expires IS NOT NULL"
LEAVE = f"""
    UPDATE jobs SET next_run_ms = :next_run, updated_ms = :now,
        status = CASE WHEN {_LAST} THEN '{JobStatus.COMPLETED.value}' ELSE status END,
        expires_ms = CASE WHEN {_LAST} THEN :expires ELSE expires_ms END
    WHERE {_ARMED}
"""
SKIP = f"{LEAVE} AND slot_due_ms IS NOT NULL"
WAIT = f"""
    UPDATE jobs SET next_run_ms = :next_run, updated_ms = :now, pending = :pending
    WHERE {_ARMED} AND slot_due_ms IS NOT NULL AND pending IS :known
"""
_GOES_ON = f"recurring = 1 AND status = '{JobStatus.ACTIVE.value}'"
_OVER = f"{_GOES_ON} AND next_run_ms IS NULL AND :head_due IS NULL"
"""Whether that was the last occurrence of a schedule; a job that is paused has no next run either."""

PASS_ON = f"""
    UPDATE jobs SET status = CASE WHEN {_OVER} THEN '{JobStatus.COMPLETED.value}' ELSE status END,
        expires_ms = CASE WHEN {_OVER} THEN :expires ELSE expires_ms END,
        updated_ms = CASE WHEN {_OVER} THEN :now ELSE updated_ms END,
        slot_due_ms = :head_due, slot_attempt = :head_attempt, slot_losses = :head_losses,
        slot_returns = :head_losses, pending = :rest
    WHERE {_THIS} AND {_WAITS}
"""
REPLACE = f"""
    UPDATE jobs SET version = :version, status = :status, recurring = :recurring, queue = :queue, lease_ms = :lease_ms,
        next_run_ms = :next_run, updated_ms = :updated, paused_ms = :paused, expires_ms = :expires,
        failures_in_a_row = CASE WHEN :recounts THEN :failures_in_a_row ELSE failures_in_a_row END,
        pause_after = :pause_after, pause_reason = :pause_reason,
        definition = :definition, content = :content,
        slot_due_ms = CASE WHEN :keeps OR slot_token IS NOT NULL THEN slot_due_ms END,
        slot_attempt = CASE WHEN :keeps OR slot_token IS NOT NULL THEN slot_attempt END,
        slot_losses = CASE WHEN :keeps OR slot_token IS NOT NULL THEN slot_losses END,
        slot_returns = CASE WHEN :keeps OR slot_token IS NOT NULL THEN slot_returns END,
        pending = CASE WHEN :goes_on THEN pending END
    WHERE {_THIS} AND version = :read_version AND next_run_ms IS :read_next_run AND status = :read_status
"""
SIGN = f"""
    UPDATE jobs SET lease_until_ms = MAX(lease_until_ms, :until), progress = COALESCE(:progress, progress)
    WHERE {_THIS} AND slot_token = :token RETURNING {HEAD}
"""
LET_GO = f"""
    UPDATE jobs SET lease_until_ms = :until, probe_ms = :probe, outside = :outside
    WHERE {_THIS} AND slot_token = :token RETURNING {HEAD}
"""
NOTE_PROBE = f"UPDATE jobs SET probe_ms = MAX(COALESCE(probe_ms, :at), :at) WHERE {_THIS} AND slot_token = :token"
_FINISHED = """
    RETURNING tenant_id, job_id, version, failures_in_a_row, pause_reason, queue, json_extract(definition, '$.lane'),
        last_executed_ms, recurring, slot_due_ms, status
"""
"""What follows from it is told and counted by; see ``ended_counts``."""
_COUNTED = f"""
    slot_token = NULL, lease_until_ms = NULL, progress = NULL, probe_ms = NULL, outside = NULL,
    executions = executions + 1, successful = successful + :successful, failed = failed + :failed,
    duration_ms = duration_ms + :duration, timeouts = timeouts + :timeouts, lost = lost + :lost
    WHERE {_THIS} AND slot_token = :token
"""


_PAUSES = f"{_GOES_ON} AND NOT ({_OVER}) AND failures_in_a_row + 1 >= pause_after"
"""Whether this failure is the one that pauses the job (X23); never without a limit, which is NULL."""


def _finish(target: JobStatus, in_a_row: str, pausing: str = "", pauses: str = "FALSE") -> str:
    """Empties the slot, or gives it to who waits; ends a job that is done, or counts failures."""
    ends = f"recurring = 0 AND status IN {_any_of(sources(target))}"
    return f"""
        UPDATE jobs SET
            status = CASE WHEN {ends} THEN '{target.value}' WHEN {_OVER} THEN '{JobStatus.COMPLETED.value}'
                WHEN {pauses} THEN '{JobStatus.PAUSED.value}' ELSE status END,
            expires_ms = CASE WHEN {ends} OR {_OVER} THEN :expires ELSE expires_ms END,
            updated_ms = CASE WHEN {ends} OR {_OVER} OR {pauses} THEN :now ELSE updated_ms END,
            failures_in_a_row = CASE WHEN {ends} THEN failures_in_a_row ELSE {in_a_row} END,
            {pausing} slot_due_ms = :head_due, slot_attempt = :head_attempt, slot_losses = :head_losses,
            slot_returns = :head_losses, pending = :rest, {_COUNTED} AND pending IS :known {_FINISHED}
    """


_PAUSING = f"""
    version = CASE WHEN {_PAUSES} THEN version + 1 ELSE version END,
    next_run_ms = CASE WHEN {_PAUSES} THEN NULL ELSE next_run_ms END,
    paused_ms = CASE WHEN {_PAUSES} THEN :now ELSE paused_ms END,
    pause_reason = CASE WHEN {_PAUSES} THEN '{PauseReason.FAILURES.value}' ELSE pause_reason END,
"""
FINISH = {
    JobStatus.COMPLETED: _finish(JobStatus.COMPLETED, "0"),
    JobStatus.FAILED: _finish(JobStatus.FAILED, "failures_in_a_row + 1", _PAUSING, _PAUSES),
    JobStatus.CANCELLED: _finish(JobStatus.CANCELLED, "failures_in_a_row"),
}
_OF_SUCCESS = {"successful": "1", "failed": "0", "timeouts": "0", "lost": "0"}
FINISH_SUCCESS = re.sub(
    r":(known|rest|head_\w+|successful|failed|timeouts|lost)\b",
    lambda name: _OF_SUCCESS.get(name[1], "NULL"),
    FINISH[JobStatus.COMPLETED],
)
"""That of an attempt that succeeded, on condition that nobody waits for the slot."""
_KEEPS = f"status IN {_any_of(KEEPS_RETRY)}"
_KEEP_RETRY = f"""
    UPDATE jobs SET slot_due_ms = CASE WHEN {_KEEPS} THEN slot_due_ms END,
        slot_attempt = CASE WHEN {_KEEPS} THEN :attempt END,
        slot_losses = CASE WHEN {_KEEPS} THEN :losses END,
        slot_returns = CASE WHEN {_KEEPS} THEN :returns END
"""
RETRY = f"{_KEEP_RETRY}, {_COUNTED} {_FINISHED}"
RETRY_ALONE = f"{_KEEP_RETRY}, pending = :rest, {_COUNTED} AND pending IS :known {_FINISHED}"
"""The same on condition that those are known who wait for the slot, of whom none is to take it."""

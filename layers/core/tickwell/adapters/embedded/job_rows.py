"""Jobs as rows of the table ``jobs``."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from tickwell.adapters.documents import (
    content_text,
    definition_text,
    epoch_ms,
    from_ms,
    outside_from,
    outside_text,
    pending_text,
    progress_from,
    progress_text,
)
from tickwell.adapters.stored_jobs import stored_job
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import NO_TALLY, Job, Tally
from tickwell.domain.queue import effective_queue
from tickwell.domain.slot import Slot

_HEAD = (
    "tenant_id, job_id, version, status, next_run_ms, slot_due_ms, slot_attempt, slot_losses, slot_returns, "
    "slot_token, lease_until_ms, progress, probe_ms, outside, executions, successful, failed, duration_ms, created_ms, "
    "updated_ms, last_executed_ms, paused_ms, failures_in_a_row, pause_reason, expires_ms, pending, definition"
)
COLUMNS = f"{_HEAD}, content"
"""What ``job_from`` reads."""

HEAD = f"{_HEAD}, NULL"
"""The same without payload and description."""

_GIVEN = (
    "tenant_id, job_id, version, status, recurring, queue, lease_ms, next_run_ms, created_ms, updated_ms, pause_after, "
    "definition, content"
)
_CAME_OF_IT = (
    "slot_due_ms, slot_attempt, slot_losses, slot_returns, slot_token, lease_until_ms, progress, probe_ms, outside, "
    "executions, successful, failed, duration_ms, last_executed_ms, paused_ms, failures_in_a_row, pause_reason, "
    "expires_ms, pending"
)
_NO_SLOT = (None,) * 9
_what_came_of = attrgetter(
    "slot", "tally", "last_executed_at", "paused_at", "failures_in_a_row", "pause_reason", "expires_at", "pending"
)
_NOTHING = (None, NO_TALLY, None, None, 0, None, None, ())


def _insert(columns: str) -> str:
    """Takes values by place: to find them by name took SQLite a quarter of the time of an insert."""
    places = ", ".join("?" for _ in columns.split(","))
    return f"INSERT INTO jobs ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING"


_INSERT_NEW = _insert(_GIVEN)
_INSERT = _insert(f"{_GIVEN}, {_CAME_OF_IT}")


def insertion(jobs: Sequence[Job]) -> tuple[str, Sequence[tuple[Any, ...]]]:
    """The statement that inserts ``jobs``, each unless there is one of its id, and its rows.

    To jobs that are new nothing has happened, and all that could have is left at the table's defaults: to bind that
    as well took a quarter of the time.
    """
    if all(_what_came_of(job) == _NOTHING for job in jobs):
        return _INSERT_NEW, [_given(job) for job in jobs]
    return _INSERT, [(*_given(job), *_came_of_it(job)) for job in jobs]


def _given(job: Job) -> tuple[Any, ...]:
    return (
        job.tenant_id,
        job.job_id,
        job.version,
        job.status.value,
        job.is_recurring,
        effective_queue(job.queue, job.lane),
        job.policy.lease_seconds * 1000,
        epoch_ms(job.next_run_at),
        to_epoch_ms(job.created_at),
        to_epoch_ms(job.updated_at),
        job.policy.pause_after_failures,
        definition_text(job),
        content_text(job),
    )


def _came_of_it(job: Job) -> tuple[Any, ...]:
    tally = job.tally
    return (
        *(_NO_SLOT if job.slot is None else _slot_row(job.slot)),
        tally.executions,
        tally.successful,
        tally.failed,
        tally.duration_ms,
        epoch_ms(job.last_executed_at),
        epoch_ms(job.paused_at),
        job.failures_in_a_row,
        None if job.pause_reason is None else job.pause_reason.value,
        epoch_ms(job.expires_at),
        pending_text(job.pending),
    )


def _slot_row(slot: Slot) -> tuple[Any, ...]:
    return (
        to_epoch_ms(slot.due_at),
        slot.attempt,
        slot.losses,
        slot.returns,
        slot.token,
        epoch_ms(slot.lease_until),
        progress_text(slot.progress),
        epoch_ms(slot.probe_at),
        outside_text(slot.outside),
    )


def replace_values(job: Job) -> dict[str, Any]:
    """What an edit writes of ``job``, by the names in the statement."""
    return {
        "tenant": job.tenant_id,
        "job": job.job_id,
        "version": job.version,
        "status": job.status.value,
        "recurring": job.is_recurring,
        "queue": effective_queue(job.queue, job.lane),
        "lease_ms": job.policy.lease_seconds * 1000,
        "next_run": epoch_ms(job.next_run_at),
        "updated": to_epoch_ms(job.updated_at),
        "paused": epoch_ms(job.paused_at),
        "failures_in_a_row": job.failures_in_a_row,
        "pause_after": job.policy.pause_after_failures,
        "pause_reason": None if job.pause_reason is None else job.pause_reason.value,
        "expires": epoch_ms(job.expires_at),
        "definition": definition_text(job),
        "content": content_text(job),
    }


def job_from(row: tuple[Any, ...]) -> Job:
    """The job of a row of ``COLUMNS`` or ``HEAD``."""
    tenant_id, job_id, version, status, next_run, due, attempt, losses, returns, token, lease_until, *rest = row
    (
        progress,
        probe,
        outside,
        executions,
        successful,
        failed,
        duration,
        created,
        updated,
        last_executed,
        paused,
        failures_in_a_row,
        pause_reason,
        expires,
        pending,
        definition,
        content,
    ) = rest
    slot = None
    if due is not None:
        slot = Slot(
            due_at=from_epoch_ms(due),
            attempt=attempt,
            losses=losses,
            returns=returns,
            token=token,
            lease_until=from_ms(lease_until),
            progress=progress_from(progress),
            probe_at=from_ms(probe),
            outside=outside_from(outside),
        )
    return stored_job(
        tenant_id=tenant_id,
        job_id=job_id,
        version=version,
        status=status,
        next_run_ms=next_run,
        slot=slot,
        pending=pending,
        tally=Tally(executions=executions, successful=successful, failed=failed, duration_ms=duration),
        created_ms=created,
        updated_ms=updated,
        last_executed_ms=last_executed,
        paused_ms=paused,
        failures_in_a_row=failures_in_a_row,
        pause_reason=pause_reason,
        expires_ms=expires,
        definition=definition,
        content=content,
    )

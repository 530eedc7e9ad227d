"""From what the engines store of a job to the job: the same for both."""

from tickwell.adapters.documents import content_from, definition_from, from_ms, pending_from
from tickwell.domain.instant import from_epoch_ms
from tickwell.domain.job import Job, JobStatus, PauseReason, Tally
from tickwell.domain.slot import Slot


def stored_job(  # noqa: PLR0913 - a job has that many stored values
    *,
    tenant_id: str,
    job_id: str,
    version: int,
    status: str,
    next_run_ms: int | None,
    slot: Slot | None,
    pending: str | None,
    tally: Tally,
    created_ms: int,
    updated_ms: int,
    last_executed_ms: int | None,
    paused_ms: int | None,
    failures_in_a_row: int,
    pause_reason: str | None,
    expires_ms: int | None,
    definition: str,
    content: str | None,
) -> Job:
    """The job; ``content`` is None where payload and description are left out. Instants: ms since 1970."""
    what = definition_from(definition)
    payload, description = content_from(content)
    return Job(
        tenant_id=tenant_id,
        job_id=job_id,
        version=version,
        user_id=what.user_id,
        name=what.name,
        description=description,
        task=what.task,
        payload=payload,
        payload_blob=what.payload_blob,
        schedule=what.schedule,
        lane=what.lane,
        queue=what.queue,
        policy=what.policy,
        tags=what.tags,
        retry_of=what.retry_of,
        caller_key=what.caller_key,
        scope=what.scope,
        traceparent=what.traceparent,
        status=JobStatus(status),
        next_run_at=from_ms(next_run_ms),
        slot=slot,
        pending=pending_from(pending),
        tally=tally,
        created_at=from_epoch_ms(created_ms),
        updated_at=from_epoch_ms(updated_ms),
        last_executed_at=from_ms(last_executed_ms),
        paused_at=from_ms(paused_ms),
        failures_in_a_row=failures_in_a_row,
        pause_reason=None if pause_reason is None else PauseReason(pause_reason),
        expires_at=from_ms(expires_ms),
    )

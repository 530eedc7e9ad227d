"""The payload of an attempt, as its task gets it: from where it is kept, with the tenant's secrets in their places."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

from tickwell.application.attempt_secrets import AttemptSecrets, opened_payload
from tickwell.application.claim_check import load_payload
from tickwell.application.ports import BlobStore, Clock
from tickwell.domain.errors import AttemptFailedError, UnavailableError
from tickwell.domain.job import Job
from tickwell.domain.secret import may_refer

_log = logging.getLogger("tickwell")

SETTLE_PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0)
"""How patiently an outcome is recorded when a service fails; together well within the lease's margin."""

_PATIENCE = timedelta(seconds=4)
"""No later than that the reading of a payload begins anew: it is not the task's time, and the lease runs."""


async def read_payload(blobs: BlobStore, clock: Clock, job: Job, secrets: AttemptSecrets) -> Any:
    """What the task gets.

    Raises AttemptFailedError: ``PAYLOAD_UNAVAILABLE``, and of secrets as ``opened_payload`` does.
    """
    try:
        payload = await _kept(blobs, clock, job)
    except Exception as error:
        # Of whatever kind: it is logged, and tells tenants nothing of the deployment.
        _log.exception("payload unreadable", extra={"action": "payload.unreadable", "job_id": job.job_id})
        raise AttemptFailedError("PAYLOAD_UNAVAILABLE", "the payload could not be read") from error
    return await opened_payload(payload, secrets) if may_refer(payload) else payload


async def _kept(blobs: BlobStore, clock: Clock, job: Job) -> Any:
    """Patient: a job without retries must not fail because a bucket was slow for a moment."""
    if job.payload_blob is None:
        return job.payload
    patient_until = clock.now() + _PATIENCE
    for pause_seconds in SETTLE_PAUSES_SECONDS:
        try:
            return await asyncio.to_thread(load_payload, blobs, None, job.payload_blob)
        except UnavailableError:
            if clock.now() >= patient_until:
                raise
            await asyncio.sleep(pause_seconds)
    return await asyncio.to_thread(load_payload, blobs, None, job.payload_blob)

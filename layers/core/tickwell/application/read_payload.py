"""The payload of an attempt, as its task gets it: from where it is kept, with the tenant's secrets in their places."""

import logging
from typing import Any

from tickwell.application.attempt_secrets import AttemptSecrets, opened_payload
from tickwell.application.claim_check import load_payload
from tickwell.application.patience import SETTLE_PAUSES_SECONDS, read_patiently
from tickwell.application.ports import BlobStore, Clock
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.job import Job
from tickwell.domain.secret import may_refer

_log = logging.getLogger("tickwell")


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
    if job.payload_blob is None:
        return job.payload
    blob = job.payload_blob
    return await read_patiently(
        lambda: load_payload(blobs, None, blob),
        pauses_seconds=SETTLE_PAUSES_SECONDS,
        now=lambda: clock.now().timestamp(),
    )

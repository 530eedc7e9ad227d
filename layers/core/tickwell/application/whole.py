"""Things with all that belongs to them, wherever it lies: what somebody has deleted from the blob store is missing."""

from dataclasses import dataclass, replace

from tickwell.application.claim_check import Detail, load_detail, load_payload
from tickwell.application.ports import BlobStore
from tickwell.application.read_history import mail_document, sent_mail_blob
from tickwell.domain.errors import NotFoundError
from tickwell.domain.execution import Execution
from tickwell.domain.export import SentMail
from tickwell.domain.job import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldJob:
    """A job with its payload. ``payload_kept`` is False when that cannot be had any more."""

    job: Job
    payload_kept: bool


def whole_job(blobs: BlobStore, job: Job) -> HeldJob:
    """``job`` with its payload."""
    try:
        payload = load_payload(blobs, job.payload, job.payload_blob)
    except NotFoundError:
        return HeldJob(job=job, payload_kept=False)
    return HeldJob(job=replace(job, payload=payload, payload_blob=None), payload_kept=True)


def whole_execution(blobs: BlobStore, execution: Execution) -> Execution:
    """``execution`` with output and logs; where these cannot be had any more, ``detail_blob`` still names them."""
    stored = Detail(output=execution.output, logs=execution.logs)
    try:
        detail = load_detail(blobs, stored, execution.detail_blob)
    except NotFoundError:
        return execution
    return replace(execution, output=detail.output, logs=detail.logs, detail_blob=None)


def sent_mail(blobs: BlobStore, tenant_id: str, execution_id: str) -> SentMail | None:
    """The mail that an execution sent; None when it is gone."""
    try:
        data = blobs.get(sent_mail_blob(tenant_id, execution_id))
    except NotFoundError:
        return None
    return SentMail(execution_id=execution_id, document=mail_document(data))

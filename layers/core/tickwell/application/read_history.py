"""What happened to a job: executions, their logs, the mail they sent, and dead letters."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tickwell.application.claim_check import Detail, load_detail, load_payload
from tickwell.application.list_jobs import rows_before
from tickwell.application.ports import BlobStore, History, JobStore, NotificationLog, Page
from tickwell.domain.account import Principal
from tickwell.domain.dead_letter import DeadLetter, DeadLetterFilter
from tickwell.domain.errors import NotFoundError
from tickwell.domain.execution import (
    Execution,
    ExecutionStatus,
    LogEntry,
    RunningExecution,
    parse_execution_id,
    require_page_limit,
    running_execution,
)
from tickwell.domain.job import Job
from tickwell.domain.notification import NotificationRecord
from tickwell.domain.trace import span_in_trace


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionPage:
    """A page of a job's executions; ``running`` is the one under way, on the first page only.

    ``total`` counts all that are chosen; None where nobody counts them. ``traceparent`` is the job's.
    """

    running: RunningExecution | None
    items: tuple[Execution, ...]
    next_cursor: str | None
    total: int | None
    traceparent: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionOfJob:
    """An execution with the job that it belongs to."""

    job: Job
    execution: Execution | RunningExecution


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadHistory:
    """The use cases, one method each. All raise NotFoundError for what is not this tenant's."""

    jobs: JobStore
    history: History
    blobs: BlobStore
    notifications: NotificationLog

    def executions(
        self,
        principal: Principal,
        job_id: str,
        *,
        limit: int,
        cursor: str | None = None,
        status: ExecutionStatus | None = None,
        page: int | None = None,
    ) -> ExecutionPage:
        """Newest first, what its children ran included: behind ``cursor``, or the ``page``-th page, or the first.

        The one that is running is the first of all. With ``status`` and no ``page`` a page may be short, its cursor
        goes on. Raises InvalidInputError.
        """
        skip = rows_before(page, limit=require_page_limit(limit), cursor=cursor)
        job = self.jobs.get(principal.tenant_id, job_id)
        running = self._running(job) if cursor is None and status in (None, ExecutionStatus.RUNNING) else None
        ahead = 0 if running is None else 1
        if status is ExecutionStatus.RUNNING:
            return ExecutionPage(
                running=None if skip else running,
                items=(),
                next_cursor=None,
                total=ahead,
                traceparent=job.traceparent,
            )
        shown = None if skip else running
        found = self.history.list_executions(
            principal.tenant_id,
            job_id,
            limit=limit if shown is None else limit - 1,
            cursor=cursor,
            with_children=True,
            status=status,
            skip=None if skip is None else max(0, skip - ahead),
        )
        total = _total(job, status, found, before=(skip or 0) + (0 if shown is None else 1), ahead=ahead, cursor=cursor)
        return ExecutionPage(
            running=shown,
            items=found.items,
            next_cursor=found.next_cursor,
            total=total,
            traceparent=job.traceparent,
        )

    def _running(self, job: Job) -> RunningExecution | None:
        """What ``job`` is running; None also between the record of an attempt and the write that empties the slot."""
        running = running_execution(job)
        if running is None:
            return None
        try:
            self.history.get_execution(job.tenant_id, running.execution_id)
        except NotFoundError:
            return running
        return None

    def execution(self, principal: Principal, execution_id: str) -> ExecutionOfJob:
        """One execution with output, wherever that lies; a running one has none yet.

        Where it was deleted from the blob store, ``detail_blob`` still names it.
        """
        job_id, _, _ = parse_execution_id(execution_id)
        job = self.jobs.get(principal.tenant_id, job_id)
        try:
            execution = self.history.get_execution(principal.tenant_id, execution_id)
        except NotFoundError:
            running = running_execution(job)
            if running is None or running.execution_id != execution_id:
                raise
            return ExecutionOfJob(job=job, execution=running)
        stored = Detail(output=execution.output, logs=execution.logs)
        try:
            detail = load_detail(self.blobs, stored, execution.detail_blob)
        except NotFoundError:
            return ExecutionOfJob(job=job, execution=execution)
        whole = replace(execution, output=detail.output, logs=detail.logs, detail_blob=None)
        return ExecutionOfJob(job=job, execution=whole)

    def logs(self, principal: Principal, execution_id: str) -> Sequence[LogEntry]:
        """What the task logged, between a line for the start and one for the end of the attempt; then who was told.

        The lines for start and end are derived from the record, so that they cost no storage.
        """
        found = self.execution(principal, execution_id)
        execution = found.execution
        start = LogEntry(
            at=execution.started_at,
            level="info",
            message="Job execution started",
            metadata={"jobName": found.job.name, "attempt": execution.attempt, **_trace(found)},
        )
        if isinstance(execution, RunningExecution):
            return [start]
        told = self.notifications.about(
            principal.tenant_id, execution.job_id, due_at=execution.due_at, attempt=execution.attempt
        )
        return [start, *execution.logs, _last_line(execution), *map(_told_line, told)]

    def sent_mail(self, principal: Principal, execution_id: str) -> dict[str, Any]:
        """The mail that the execution sent, as it was sent."""
        self.history.get_execution(principal.tenant_id, execution_id)
        name = sent_mail_blob(principal.tenant_id, execution_id)
        return mail_document(self.blobs.get(name))

    def dead_letters(
        self, principal: Principal, *, limit: int, cursor: str | None, chosen: DeadLetterFilter | None = None
    ) -> Page[DeadLetter]:
        """Newest occurrence first. With ``chosen`` a page may be short, its cursor goes on. Raises InvalidInputError.

        Payloads that lie in the blob store are left there.
        """
        return self.history.list_dead_letters(
            principal.tenant_id,
            limit=require_page_limit(limit),
            cursor=cursor,
            wanted=None if chosen is None or chosen == DeadLetterFilter() else chosen.matches,
        )

    def dead_letter(self, principal: Principal, dead_letter_id: str) -> DeadLetter:
        """One dead letter with its payload; ``payload_kept`` is False when that cannot be had any more."""
        return whole_dead_letter(self.blobs, self.history.get_dead_letter(principal.tenant_id, dead_letter_id))


def _trace(found: ExecutionOfJob) -> dict[str, str]:
    """What went out with the attempt's calls, for whoever looks for it in the log."""
    traceparent = span_in_trace(found.job.traceparent, found.execution.execution_id)
    return {} if traceparent is None else {"traceparent": traceparent}


def whole_dead_letter(blobs: BlobStore, letter: DeadLetter) -> DeadLetter:
    """``letter`` with its payload, wherever that lies; ``payload_kept`` is False when it cannot be had any more."""
    try:
        payload = load_payload(blobs, letter.payload, letter.payload_blob)
    except NotFoundError:
        return replace(letter, payload_kept=False, payload_blob=None)
    return replace(letter, payload=payload, payload_blob=None)


def mail_folder(tenant_id: str) -> str:
    """Where the mails that a tenant's executions sent are kept."""
    return f"tenants/{tenant_id}/mail/"


def sent_mail_blob(tenant_id: str, execution_id: str) -> str:
    """Where the mail of an execution is kept; see ``mail_document``."""
    return f"{mail_folder(tenant_id)}{execution_id}.json"


def mail_document(data: bytes) -> dict[str, Any]:
    """A mail that was kept: message_id, from, to, cc, bcc, subject, text, html, reply_to, attachments, via.

    Those of before had neither copies nor attachments, and one address to reply to, or none.
    """
    document: dict[str, Any] = {"cc": [], "bcc": [], "attachments": [], **json.loads(data)}
    if not isinstance(document["reply_to"], list):
        document["reply_to"] = [] if document["reply_to"] is None else [document["reply_to"]]
    return document


def _total(
    job: Job, status: ExecutionStatus | None, found: Page[Execution], *, before: int, ahead: int, cursor: str | None
) -> int | None:
    """How many executions there are: exact where the page is the last one, else what the job's statistics say.

    Those count what has expired as well, and not what children ran; never fewer than were seen.
    """
    if cursor is None and found.next_cursor is None and (found.items or before <= ahead):
        return before + len(found.items)
    counted = {None: job.tally.executions + ahead, ExecutionStatus.SUCCESS: job.tally.successful}.get(status)
    if counted is None or cursor is not None:
        return counted
    return max(counted, before + len(found.items) + 1) if found.next_cursor is not None else counted


def _last_line(execution: Execution) -> LogEntry:
    metadata: dict[str, Any] = {"duration": execution.duration_ms}
    if execution.status is ExecutionStatus.SUCCESS:
        return LogEntry(at=execution.finished_at, level="info", message="Job completed successfully", metadata=metadata)
    if execution.failure is not None:
        metadata |= {"error": execution.failure.message, "code": execution.failure.code}
    message = f"Job execution ended as {execution.status.value}"
    return LogEntry(at=execution.finished_at, level="error", message=message, metadata=metadata)


def _told_line(record: NotificationRecord) -> LogEntry:
    metadata: dict[str, Any] = {
        "event": record.event_type,
        "channel": record.channel.value,
        "target": record.target,
        "id": record.notification_id,
    }
    if record.error is None:
        return LogEntry(at=record.at, level="info", message="Notification sent", metadata=metadata)
    metadata["error"] = record.error
    return LogEntry(at=record.at, level="error", message="Notification failed for good", metadata=metadata)

"""What the routes about the past give."""

import json
from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from tickwell.domain.child import listed_under, parent_of
from tickwell.domain.execution import Execution, ExecutionStatus, LogEntry, RunningExecution
from tickwell.domain.instant import iso
from tickwell.domain.job import Job
from tickwell.domain.trace import span_in_trace
from tickwell.http.instants import iso_or_none
from tickwell.http.job_bodies import ProgressBody, next_retry_at, progress_body
from tickwell.http.paging import Pagination

LARGEST_LISTED_OUTPUT_BYTES = 10 * 1024
"""Larger outputs are left out of listings, so that a page stays under what Lambda can answer."""


class ExecutionBody(TypedDict):
    """One attempt at one occurrence (``due_at``) of a job. ``attempt`` counts from 1, ``retry_attempt`` from 0.

    ``child_id``: the job that ran it beside ``job_id``, whose schedule it does not belong to; null for all others.
    While it is running, everything that is known only at its end is null; afterwards ``progress`` is. ``pending``: it
    runs, and goes on outside of any worker, until ``pending_until`` if nothing more is heard of it.
    ``output_omitted``: the output is too large for a listing, the execution itself has it; or, with the execution
    itself, it was deleted from the store of large ones.
    ``traceparent``: what went out with the attempt's calls; null: its job was asked for in no trace.
    """

    id: str
    job_id: str
    child_id: str | None
    due_at: str
    execution_time: str
    status: str
    attempt: int
    retry_attempt: int
    duration_ms: int | None
    progress: ProgressBody | None
    pending: bool
    pending_until: str | None
    output: Any
    output_omitted: bool
    error_message: str | None
    error_code: str | None
    traceback: str | None
    next_retry_at: str | None
    started_at: str
    finished_at: str | None
    created_at: str
    traceparent: str | None


class ExecutionOfJobBody(ExecutionBody):
    """An execution with the name of its job."""

    job_name: str


class ExecutionListBody(TypedDict):
    """A page of executions, newest first; one that is running comes before all others."""

    executions: list[ExecutionBody]
    pagination: Pagination


class LogBody(TypedDict):
    """One line of an execution's log."""

    id: str
    level: str
    message: str
    metadata: Any
    timestamp: str


class LogListBody(TypedDict):
    """The log of an execution, in order."""

    execution_id: str
    logs: list[LogBody]


class SentAttachmentBody(TypedDict):
    """What went with a mail; ``inline_id`` is null where the HTML does not show it. The file may be gone by now."""

    file: str
    filename: str
    content_type: str
    size_bytes: int
    inline_id: str | None


SentMailBody = TypedDict(
    "SentMailBody",
    {
        "message_id": str,
        "from": str,
        "to": list[str],
        "cc": list[str],
        "bcc": list[str],
        "subject": str,
        "text": str,
        "html": str | None,
        "reply_to": list[str],
        "attachments": list[SentAttachmentBody],
        "via": str | None,
    },
)
"""A mail as it was sent; ``via`` is null while it is not known to be accepted."""


def execution_body(execution: Execution | RunningExecution, traceparent: str | None = None) -> ExecutionBody:
    """``execution`` with its output; ``traceparent`` is its job's."""
    if isinstance(execution, RunningExecution):
        running = _body(execution, ExecutionStatus.RUNNING, traceparent)
        running["progress"] = progress_body(execution.progress)
        running["pending"] = execution.pending_until is not None
        running["pending_until"] = iso_or_none(execution.pending_until)
        return running
    body = _body(execution, execution.status, traceparent)
    failure = execution.failure
    if failure is not None:
        body["error_message"] = failure.message
        body["error_code"] = failure.code
        body["traceback"] = failure.traceback
    body["output"] = execution.output
    body["duration_ms"] = execution.duration_ms
    body["finished_at"] = iso(execution.finished_at)
    body["next_retry_at"] = next_retry_at(execution)
    return body


def listed_execution_body(execution: Execution | RunningExecution, traceparent: str | None = None) -> ExecutionBody:
    """``execution`` as listings show it, without an output that is large; ``traceparent`` is its job's."""
    body = execution_body(execution, traceparent)
    in_blob = isinstance(execution, Execution) and execution.detail_blob is not None
    if in_blob or len(json.dumps(body["output"])) > LARGEST_LISTED_OUTPUT_BYTES:
        body["output"], body["output_omitted"] = None, True
    return body


def execution_of_job_body(job: Job, execution: Execution | RunningExecution) -> ExecutionOfJobBody:
    """``execution`` with the name of ``job``."""
    body = execution_body(execution, job.traceparent)
    body["output_omitted"] = isinstance(execution, Execution) and execution.detail_blob is not None
    return ExecutionOfJobBody(**body, job_name=job.name)


def log_list_body(execution_id: str, entries: Sequence[LogEntry]) -> LogListBody:
    """The lines, numbered."""
    logs = [
        LogBody(
            id=f"{execution_id}-{number}",
            level=entry.level,
            message=entry.message,
            metadata=entry.metadata,
            timestamp=iso(entry.at),
        )
        for number, entry in enumerate(entries)
    ]
    return LogListBody(execution_id=execution_id, logs=logs)


def _body(execution: Execution | RunningExecution, status: ExecutionStatus, traceparent: str | None) -> ExecutionBody:
    started_at = iso(execution.started_at)
    return ExecutionBody(
        id=execution.execution_id,
        job_id=listed_under(execution.job_id),
        child_id=execution.job_id if parent_of(execution.job_id) else None,
        due_at=iso(execution.due_at),
        execution_time=started_at,
        status=status.value,
        attempt=execution.attempt,
        retry_attempt=execution.attempt - 1,
        duration_ms=None,
        progress=None,
        pending=False,
        pending_until=None,
        output=None,
        output_omitted=False,
        error_message=None,
        error_code=None,
        traceback=None,
        next_retry_at=None,
        started_at=started_at,
        finished_at=None,
        created_at=started_at,
        traceparent=span_in_trace(traceparent, execution.execution_id),
    )

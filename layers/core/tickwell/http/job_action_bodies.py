"""What the routes give that pause, resume, cancel, retry, delete and execute a job."""

from typing_extensions import TypedDict


class PausedBody(TypedDict):
    """A job that was paused."""

    id: str
    status: str
    state: str
    paused_at: str | None


class ResumedBody(TypedDict):
    """A job that goes on."""

    id: str
    status: str
    state: str
    next_run: str | None
    resumed_at: str


class CancelledBody(TypedDict):
    """A job that was cancelled. ``state`` is ``running`` until the attempt under way, which is told, has ended."""

    id: str
    status: str
    state: str
    cancelled_at: str


class TakenUpBody(TypedDict):
    """A job that had ended and runs again; its history stays."""

    id: str
    status: str
    state: str
    next_run: str | None


class QueuedBody(TypedDict):
    """An extra execution that is certain to come: of the job ``child_id``, first as ``execution_id``."""

    jobId: str
    status: str
    message: str
    child_id: str
    execution_id: str


class DeletedBody(TypedDict):
    """A job that was deleted; its history stays readable."""

    id: str
    status: str

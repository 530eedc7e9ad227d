"""The context of tasks that are plain functions: what ``TaskContext`` offers, in calls that return when it is done."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from tickwell.application.http_client import HttpRequest, HttpResponse
from tickwell.application.task import TaskContext
from tickwell.application.task_log import LogLevel
from tickwell.domain.completion import PendingCompletion

T = TypeVar("T")


class PlainContext:
    """For a function that runs in a thread beside ``loop``, where ``context`` belongs."""

    def __init__(self, context: TaskContext, loop: asyncio.AbstractEventLoop) -> None:
        self._context = context
        self._loop = loop
        self.tenant_id: str = context.tenant_id
        self.job_id: str = context.job_id
        self.job_name: str = context.job_name
        self.execution_id: str = context.execution_id
        self.attempt: int = context.attempt
        self.due_at: datetime = context.due_at
        self.idempotency_key: str = context.idempotency_key
        self.completion_token: str = context.completion_token

    def now(self) -> datetime:
        """The current instant."""
        return self._context.now()

    def log(self, level: LogLevel, message: str, **metadata: Any) -> None:
        """See ``TaskContext.log``."""
        self._context.log(level, message, **metadata)

    def heartbeat(self) -> None:
        """See ``TaskContext.heartbeat``. Raises AttemptCancelledError."""
        self._done(self._context.heartbeat())

    def progress(self, percent: float, message: str | None = None) -> None:
        """See ``TaskContext.progress``. Raises AttemptCancelledError."""
        self._done(self._context.progress(percent, message))

    def pending(self, *, timeout_seconds: int) -> PendingCompletion:
        """See ``TaskContext.pending``."""
        return self._context.pending(timeout_seconds=timeout_seconds)

    def send(self, request: HttpRequest) -> HttpResponse:
        """One exchange through the guarded HTTP client; see ``HttpClient.send``."""
        return self._done(self._context.http.send(request))

    def _done(self, call: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(call, self._loop).result()

"""The context of tasks that are plain functions: what ``TaskContext`` offers, in calls that return when it is done."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from tickwell.application.attempt_secrets import AttemptSecrets
from tickwell.application.http_client import HttpRequest, HttpResponse
from tickwell.application.task import TaskContext
from tickwell.application.task_files import MOST_FILES_LISTED, TaskFiles
from tickwell.application.task_log import LogLevel
from tickwell.domain.completion import PendingCompletion
from tickwell.domain.errors import AttemptCancelledError
from tickwell.domain.task_file import FileInfo

T = TypeVar("T")


class Bridge:
    """From a thread into ``loop``, which runs beside it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def done(self, call: Coroutine[Any, Any, T]) -> T:
        """What ``call`` returns; waits for it."""
        return asyncio.run_coroutine_threadsafe(call, self._loop).result()


class PlainFiles:
    """See ``TaskFiles``."""

    def __init__(self, files: TaskFiles, bridge: Bridge) -> None:
        self._files = files
        self._bridge = bridge

    def read(self, name: str) -> bytes:
        """See ``TaskFiles.read``."""
        return self._bridge.done(self._files.read(name))

    def write(self, name: str, data: bytes, *, content_type: str | None = None) -> None:
        """See ``TaskFiles.write``."""
        self._bridge.done(self._files.write(name, data, content_type=content_type))

    def download(self, name: str, path: Path) -> None:
        """See ``TaskFiles.download``."""
        self._bridge.done(self._files.download(name, path))

    def upload(self, path: Path, name: str, *, content_type: str | None = None) -> None:
        """See ``TaskFiles.upload``."""
        self._bridge.done(self._files.upload(path, name, content_type=content_type))

    def delete(self, name: str) -> None:
        """See ``TaskFiles.delete``."""
        self._bridge.done(self._files.delete(name))

    def list(self, folder: str = "", *, after: str = "", limit: int = MOST_FILES_LISTED) -> Sequence[FileInfo]:
        """See ``TaskFiles.list``."""
        return self._bridge.done(self._files.list(folder, after=after, limit=limit))


class PlainSecrets:
    """See ``AttemptSecrets``."""

    def __init__(self, secrets: AttemptSecrets, bridge: Bridge) -> None:
        self._secrets = secrets
        self._bridge = bridge

    def get(self, name: str) -> str:
        """See ``AttemptSecrets.get``."""
        return self._bridge.done(self._secrets.get(name))

    def versions(self, name: str) -> Sequence[str]:
        """See ``AttemptSecrets.versions``."""
        return self._bridge.done(self._secrets.versions(name))


class PlainContext:
    """For a function that runs in a thread beside ``loop``, where ``context`` belongs."""

    def __init__(self, context: TaskContext, loop: asyncio.AbstractEventLoop) -> None:
        self._context = context
        self._bridge = Bridge(loop)
        self.files = PlainFiles(context.files, self._bridge)
        self.tenant_id: str = context.tenant_id
        self.job_id: str = context.job_id
        self.job_name: str = context.job_name
        self.execution_id: str = context.execution_id
        self.attempt: int = context.attempt
        self.due_at: datetime = context.due_at
        self.idempotency_key: str = context.idempotency_key
        self.traceparent: str | None = context.traceparent
        self.secrets = PlainSecrets(context.secrets, self._bridge)
        self.mailer = context.mailer
        self.completion_token: str = context.completion_token

    def now(self) -> datetime:
        """The current instant."""
        return self._context.now()

    def log(self, level: LogLevel, message: str, **metadata: Any) -> None:
        """See ``TaskContext.log``."""
        self._context.log(level, message, **metadata)

    @property
    def cancelled(self) -> bool:
        """Whether the attempt is not wanted any more: a heartbeat that asks, and does not raise."""
        try:
            self.heartbeat()
        except AttemptCancelledError:
            return True
        return False

    def heartbeat(self) -> None:
        """See ``TaskContext.heartbeat``. Raises AttemptCancelledError."""
        self._bridge.done(self._context.heartbeat())

    def progress(self, percent: float, message: str | None = None) -> None:
        """See ``TaskContext.progress``. Raises AttemptCancelledError."""
        self._bridge.done(self._context.progress(percent, message))

    def pending(self, *, timeout_seconds: int) -> PendingCompletion:
        """See ``TaskContext.pending``."""
        return self._context.pending(timeout_seconds=timeout_seconds)

    def send(self, request: HttpRequest) -> HttpResponse:
        """One exchange through the guarded HTTP client; see ``HttpClient.send``."""
        return self._bridge.done(self._context.http.send(request))

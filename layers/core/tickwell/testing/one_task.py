"""One task in memory, without a system around it."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tickwell.adapters.embedded.files import FileBlobs
from tickwell.application.attempt_secrets import TenantAttemptSecrets, opened_payload
from tickwell.application.lifeline import Lifeline
from tickwell.application.ports import SentMail
from tickwell.application.task import RunsIn, Task, TaskContext, TaskRegistry
from tickwell.application.task_files import TenantFiles
from tickwell.application.task_output import require_storable
from tickwell.domain.completion import PendingCompletion, completion_token
from tickwell.domain.content_type import content_type_of
from tickwell.domain.errors import AttemptCancelledError, NotFoundError
from tickwell.domain.execution import LogEntry
from tickwell.domain.mail import Mail
from tickwell.domain.progress import Progress
from tickwell.domain.task_file import file_blob, files_folder
from tickwell.tasks.drawn_images import DrawnImages
from tickwell.testing.clock import SimulatedClock
from tickwell.testing.inline import InlineProcess
from tickwell.testing.loop import SimulatedLoop
from tickwell.testing.network import AnsweredHttp, AnswerHttp, no_network
from tickwell.testing.simulation import START

_TENANT = "simulated-tenant"
_MOST_FILES = 10_000
_TOKEN = completion_token(_TENANT, "simulated-claim")


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskRun:
    """How a task ended that succeeded, or goes on elsewhere: then ``output`` is the ``PendingCompletion``.

    ``files``: the tenant's, as they are then. ``took``: simulated time.
    """

    output: Any
    log: Sequence[LogEntry]
    progress: Sequence[Progress]
    mails: Sequence[Mail]
    files: Mapping[str, bytes]
    took: timedelta


@dataclass(slots=True)
class _Mailbox:
    """Keeps the mails."""

    mails: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail) -> SentMail:
        """See ``Mailer``."""
        self.mails.append(mail)
        return SentMail(message_id=mail.message_id, via="simulation")


class _Signs(Lifeline):
    """Counts signs of life, and refuses one where the test says so."""

    def __init__(self, cancel_at_sign: int | None) -> None:
        self.progress: list[Progress] = []
        self._cancel_at_sign = cancel_at_sign
        self._signs = 0

    async def sign(self, progress: Progress | None = None) -> None:
        """See ``Lifeline``."""
        self._signs += 1
        if self._cancel_at_sign is not None and self._signs >= self._cancel_at_sign:
            raise AttemptCancelledError
        if progress is not None:
            self.progress.append(progress)


class _Secrets:
    """The tenant's."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def versions(self, _tenant_id: str, name: str) -> Sequence[str]:
        """See ``TenantSecrets.versions``."""
        if name not in self._values:
            raise NotFoundError("secret", name)
        return (self._values[name],)


def run_task(
    task: Task[Any],
    payload: Any = None,
    *,
    at: datetime = START,
    attempt: int = 1,
    http: AnswerHttp = no_network,
    files: Mapping[str, bytes] | None = None,
    secrets: Mapping[str, str] | None = None,
    cancel_at_sign: int | None = None,
) -> TaskRun:
    """Run one attempt of ``task`` at the simulated instant ``at``, to whose code sleeping takes no time.

    ``payload`` is what a job would carry: it is checked as the API does. ``files`` and ``secrets`` are the tenant's, by
    name, before it runs; references to secrets in ``payload`` are replaced. ``cancel_at_sign``: the number of the sign
    of life (heartbeat or progress) from which on the attempt is not wanted any more.

    Raises InvalidInputError for a payload that would not be accepted, and whatever the task raises. Its time limit is
    not held against it.
    """
    registry = TaskRegistry([task])
    registry.validate(task.name, payload)
    clock, mailbox, signs = SimulatedClock(at), _Mailbox(), _Signs(cancel_at_sign)
    with tempfile.TemporaryDirectory(prefix="tickwell-") as folder:
        blobs = FileBlobs(Path(folder))
        for name, data in (files or {}).items():
            blobs.put(file_blob(_TENANT, name), data, content_type=content_type_of(name))
        context = _context(clock, mailbox, signs, blobs, AnsweredHttp(http), attempt)
        context = replace(context, secrets=TenantAttemptSecrets(_Secrets(secrets or {}), _TENANT))
        output = _run(clock, registry, task, payload, context)
        left = _files(blobs)
    if not isinstance(output, PendingCompletion):
        require_storable(output)
    return TaskRun(
        output=output,
        log=context.logbook.entries(),
        progress=signs.progress,
        mails=mailbox.mails,
        files=left,
        took=clock.now() - context.due_at,
    )


def _files(blobs: FileBlobs) -> Mapping[str, bytes]:
    folder = files_folder(_TENANT)
    names = blobs.list(folder, after="", limit=_MOST_FILES)
    return {name.removeprefix(folder): blobs.get(name) for name in names}


def _context(
    clock: SimulatedClock, mailbox: _Mailbox, signs: _Signs, blobs: FileBlobs, http: AnsweredHttp, attempt: int
) -> TaskContext:
    return TaskContext(
        tenant_id=_TENANT,
        job_id="simulated-job",
        job_name="simulated job",
        execution_id="simulated-execution",
        attempt=attempt,
        due_at=clock.now(),
        idempotency_key="simulated-occurrence",
        sender_address="tickwell@tickwell.example",
        clock=clock,
        mailer=mailbox,
        http=http,
        blobs=blobs,
        files=TenantFiles(_TENANT, blobs),
        completion_token=_TOKEN,
        lifeline=signs,
        images=DrawnImages(),
    )


def _run(clock: SimulatedClock, registry: TaskRegistry, task: Task[Any], payload: Any, context: TaskContext) -> Any:
    execute = registry.execute if task.runs_in is RunsIn.LOOP else InlineProcess(registry).run
    loop = SimulatedLoop(clock)

    async def attempt() -> Any:
        return await execute(task.name, await opened_payload(payload, context.secrets), context)

    try:
        return loop.run_until_complete(attempt())
    finally:
        loop.close()

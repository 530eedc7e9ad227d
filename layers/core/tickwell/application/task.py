"""The contract between the worker and tasks: what a task is, what it may use, how it is found by its name."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from tickwell.application.attempt_secrets import AttemptSecrets, NoSecrets
from tickwell.application.http_client import HttpClient
from tickwell.application.lifeline import Lifeline, NoLifeline
from tickwell.application.making_images import NoImages
from tickwell.application.ports import BlobStore, Clock, Functions, ImageMaker, Mailer, Messenger
from tickwell.application.task_files import TaskFiles
from tickwell.application.task_log import LogLevel, TaskLog
from tickwell.application.unreachable import NoFunctions, NoMessenger
from tickwell.domain.completion import PendingCompletion, pending_completion
from tickwell.domain.errors import AttemptFailedError, InvalidInputError
from tickwell.domain.progress import progress
from tickwell.domain.retry import DEFAULT_POLICY, Policy
from tickwell.domain.secret import field_at, references_in

P = TypeVar("P")


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskContext:
    """What a task may know and use while it runs one attempt.

    ``idempotency_key`` is the same in every attempt at the occurrence, for the systems that the task calls.
    ``sender_address`` is the deployment's own, from which all mail goes out. ``files`` are the tenant's; ``blobs`` are
    everybody's, and for built-in tasks only, as ``messenger`` and ``functions`` are. ``completion_token`` ends this
    attempt, for whoever the task hands its work on to; see ``pending``. ``traceparent`` is to go out with what the task
    calls (W3C Trace Context): the trace of whoever asked for the job, with a span of this attempt; None: nobody gave
    one.
    """

    tenant_id: str
    job_id: str
    job_name: str
    execution_id: str
    attempt: int
    due_at: datetime
    idempotency_key: str
    sender_address: str
    clock: Clock
    mailer: Mailer
    http: HttpClient
    blobs: BlobStore
    files: TaskFiles
    messenger: Messenger = field(default_factory=NoMessenger)
    functions: Functions = field(default_factory=NoFunctions)
    completion_token: str = ""
    logbook: TaskLog = field(default_factory=TaskLog)
    lifeline: Lifeline = field(default_factory=NoLifeline)
    secrets: AttemptSecrets = field(default_factory=NoSecrets)
    traceparent: str | None = None
    images: ImageMaker = field(default_factory=NoImages)

    def now(self) -> datetime:
        """The current instant."""
        return self.clock.now()

    def log(self, level: LogLevel, message: str, **metadata: Any) -> None:
        """Add a line to the execution's log; see ``TaskLog`` for its bounds. Never put a secret into it."""
        if self.secrets.opened:  # before it is cut to its bounds: of a secret that is cut, nothing may be left
            message, metadata = self.secrets.mask.text(message), self.secrets.mask.value(metadata)
        self.logbook.add(self.clock.now(), level, message, metadata)

    @property
    def cancelled(self) -> bool:
        """Whether the attempt is not wanted any more, as far as the last sign of life or the worker's watch tells."""
        return self.lifeline.is_over

    async def heartbeat(self) -> None:
        """Say that the attempt is alive, which extends its lease. Raises AttemptCancelledError; see ``Lifeline``."""
        await self.lifeline.sign()

    async def progress(self, percent: float, message: str | None = None) -> None:
        """Say how far the attempt has come (0 to 100), readable at once; a heartbeat as well."""
        shown = None if message is None else self.secrets.mask.text(message)
        await self.lifeline.sign(progress(percent, shown, at=self.clock.now()))

    def pending(self, *, timeout_seconds: int) -> PendingCompletion:
        """What a task returns whose work goes on elsewhere, when it has handed ``completion_token`` on.

        The attempt stays running without a worker until it is completed or failed with that token, or until
        ``timeout_seconds`` (1 to 30 days' worth) have passed since its last sign of life. Raises InvalidInputError.
        """
        return pending_completion(timeout_seconds)


class RunsIn(StrEnum):
    """Where a task's code runs."""

    LOOP = "loop"  # in the worker's event loop, beside other attempts: for code that waits, and never blocks
    PROCESS = "process"  # in a process of its own, which can be killed: for everything else


@dataclass(frozen=True, kw_only=True, slots=True)
class Task(Generic[P]):
    """A named unit of code with its payload and its default policy.

    ``parse`` turns a payload (any JSON value) into what ``run`` takes; it raises InvalidInputError whose field
    begins with ``payload``. ``payload_schema`` gives the payload's JSON schema. ``run`` returns the output, any JSON
    value; it raises AttemptFailedError where it knows what went wrong, and lets anything else propagate.
    ``heavy`` tasks keep a processor busy: they have a lane of their own, with one job at a time. Jobs that name no
    queue go to ``queue``; None: to the default one of their priority.
    """

    name: str
    summary: str
    parse: Callable[[Any], P]
    payload_schema: Callable[[], dict[str, Any]]
    run: Callable[[P, TaskContext], Awaitable[Any]]
    policy: Policy = DEFAULT_POLICY
    runs_in: RunsIn = RunsIn.LOOP
    heavy: bool = False
    queue: str | None = None

    async def execute(self, payload: Any, context: TaskContext) -> Any:
        """Parse and run.

        A payload that was valid when the job was accepted and no longer is fails as ``INVALID_PAYLOAD``, not retryable.
        """
        try:
            parsed = self.parse(payload)
        except InvalidInputError as error:
            raise AttemptFailedError("INVALID_PAYLOAD", str(error), retryable=False) from error
        return await self.run(parsed, context)


class TaskRegistry:
    """The tasks of a deployment, by name. Raises ValueError when two of them share one."""

    def __init__(self, tasks: Iterable[Task[Any]]) -> None:
        self._tasks: dict[str, Task[Any]] = {}
        for task in tasks:
            if task.name in self._tasks:
                raise ValueError(f"two tasks are named {task.name}")
            self._tasks[task.name] = task

    def get(self, name: str) -> Task[Any]:
        """Raises InvalidInputError("task"), which tells the known names."""
        task = self._tasks.get(name)
        if task is None:
            raise InvalidInputError("task", f"is not known; known tasks: {', '.join(self.names())}")
        return task

    def runs_in(self, name: str) -> RunsIn:
        """Where the task of that name runs; an unknown one, which only fails, in the loop."""
        task = self._tasks.get(name)
        return RunsIn.LOOP if task is None else task.runs_in

    def with_heavy(self, name: str) -> "TaskRegistry":
        """The same tasks, of which the one of that name, if there is one, keeps a processor busy here."""
        return TaskRegistry(replace(task, heavy=True) if task.name == name else task for task in self._tasks.values())

    def names(self) -> tuple[str, ...]:
        """All names, in order."""
        return tuple(sorted(self._tasks))

    def validate(self, name: str, payload: Any) -> None:
        """Raises InvalidInputError for an unknown task, or for a payload that it cannot take.

        What holds references to secrets is checked again when their values are there: until then a fault counts only
        where no such text is, neither at its place nor within or around it.
        """
        task = self.get(name)
        open_fields = [field_at(place) for place in references_in(payload)]
        try:
            task.parse(payload)
        except InvalidInputError as error:
            certain = [
                fault
                for fault in ((error.field, error.reason), *error.also)
                if not any(_within(fault[0], field) for field in open_fields)
            ]
            if certain:
                (field, reason), *others = certain
                raise InvalidInputError(field, reason, also=tuple(others)) from error

    async def execute(self, name: str, payload: Any, context: TaskContext) -> Any:
        """Run one attempt; see ``Task.execute``.

        A task that is not known fails as ``UNKNOWN_TASK``, retryable: during a deploy the worker may be older than
        the job.
        """
        try:
            task = self.get(name)
        except InvalidInputError as error:
            raise AttemptFailedError("UNKNOWN_TASK", f"this worker knows no task {name}") from error
        return await task.execute(payload, context)


def _within(fault: str, field: str) -> bool:
    """Whether a fault at ``fault`` may be due to the text at ``field``. One of the whole payload is due to no text."""
    if fault == "payload":
        return field == "payload"
    return f"{field}.".startswith(f"{fault}.") or f"{fault}.".startswith(f"{field}.")

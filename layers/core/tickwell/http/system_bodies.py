"""What the routes about the deployment itself give."""

from typing import Any

from typing_extensions import TypedDict

from tickwell.application.task import Task
from tickwell.http.job_bodies import RetryBody, retry_body


class TaskBody(TypedDict):
    """A task that jobs may name: the JSON schema of its payload, and what holds for jobs that say nothing else.

    ``queue`` null: the default one of the job's priority. ``heavy``: it has the lane ``heavy``, whatever the priority.
    ``runs_in``: beside other attempts in the worker (``loop``), or in a process of its own (``process``).
    """

    name: str
    summary: str
    payload_schema: dict[str, Any]
    timeout_seconds: int
    max_retries: int
    retry: RetryBody
    on_lost: str
    stall_seconds: int | None
    precision: str
    queue: str | None
    heavy: bool
    runs_in: str


class TaskListBody(TypedDict):
    """All tasks, by name."""

    tasks: list[TaskBody]


class WelcomeBody(TypedDict):
    """Where to go from here."""

    name: str
    version: str
    links: dict[str, str]


def task_body(task: Task[Any]) -> TaskBody:
    """``task`` as it is shown."""
    return TaskBody(
        name=task.name,
        summary=task.summary,
        payload_schema=task.payload_schema(),
        timeout_seconds=task.policy.timeout_seconds,
        max_retries=task.policy.max_retries,
        retry=retry_body(task.policy.retry),
        on_lost=task.policy.on_lost.value,
        stall_seconds=task.policy.stall_seconds,
        precision=task.policy.precision.value,
        queue=task.queue,
        heavy=task.heavy,
        runs_in=task.runs_in.value,
    )

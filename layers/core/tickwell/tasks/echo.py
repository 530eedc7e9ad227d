"""``echo``: gives its payload back. For trying things out, and for jobs that name no task."""

from typing import Any

from tickwell.application.task import Task, TaskContext


def _any_json(payload: Any) -> Any:
    return payload


def _any_schema() -> dict[str, Any]:
    return {}


async def _run(payload: Any, context: TaskContext) -> Any:
    context.log("info", "echoed the payload")
    return payload


ECHO: Task[Any] = Task(
    name="echo",
    summary="Returns its payload.",
    parse=_any_json,
    payload_schema=_any_schema,
    run=_run,
)

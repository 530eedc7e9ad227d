"""How users declare tasks of their own: a function, whose first parameter says what payload it takes.

The function runs in a process that can be killed. A plain one gets a ``PlainContext``, an async one a ``TaskContext``.
"""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, TypeVar, get_type_hints

from pydantic import BaseModel

from tickwell.application.plain_context import PlainContext
from tickwell.application.task import RunsIn, Task, TaskContext
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.queue import require_queue_name
from tickwell.domain.retry import DEFAULT_POLICY, Policy, RetryPolicy
from tickwell.tasks.payload import payload_parser

M = TypeVar("M", bound=BaseModel)
TaskFunction = Callable[[M, PlainContext], Any] | Callable[[M, TaskContext], Awaitable[Any]]

LONGEST_TIMEOUT_SECONDS: Final = 870
MOST_RETRIES: Final = 100

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


def task(
    name: str | None = None,
    *,
    summary: str | None = None,
    queue: str | None = None,
    retry: RetryPolicy | None = None,
    timeout_seconds: int | None = None,
    max_retries: int | None = None,
    policy: Policy = DEFAULT_POLICY,
    heavy: bool = False,
) -> Callable[[TaskFunction[M]], Task[M]]:
    """Decorates a function of a payload and a context; what it returns is the output, any JSON value.

    The payload's model is the annotation of the first parameter, a pydantic model. ``name`` and ``summary`` are the
    function's name and the first line of its docstring where they are not given. Jobs that name no queue go to
    ``queue``, which each tenant has to have. ``retry``, ``timeout_seconds`` and ``max_retries`` go before what
    ``policy`` says of them; queues and jobs may say otherwise. ``heavy``: it keeps a processor busy, and goes to the
    lane of such tasks.

    Raises ValueError (TypeError for what is no name at all) that says what would be right.
    """
    if name is not None and not isinstance(name, str):
        raise TypeError("write @task() or @task('name'): the payload's model is the first parameter's annotation")
    given: dict[str, Any] = {"retry": retry, "timeout_seconds": timeout_seconds, "max_retries": max_retries}
    chosen = replace(policy, **{field: value for field, value in given.items() if value is not None})

    def declare(function: TaskFunction[M]) -> Task[M]:
        called = name or str(getattr(function, "__name__", ""))
        described = summary or inspect.getdoc(function) or called
        if not _NAME.fullmatch(called):
            raise ValueError(f"the task name {called!r} must be lower-case letters, digits and _, at most 64")
        _require_possible(called, chosen, queue)
        model: type[M] = _payload_model(called, function)
        return Task(
            name=called,
            summary=described.splitlines()[0],
            parse=payload_parser(model),
            payload_schema=model.model_json_schema,
            run=_runner(function),
            policy=chosen,
            queue=queue,
            runs_in=RunsIn.PROCESS,
            heavy=heavy,
        )

    return declare


def _require_possible(called: str, policy: Policy, queue: str | None) -> None:
    """Raises ValueError for what no job may ask for either."""
    if not 1 <= policy.timeout_seconds <= LONGEST_TIMEOUT_SECONDS:
        raise ValueError(f"timeout_seconds of the task {called} must be 1 to {LONGEST_TIMEOUT_SECONDS}")
    if not 0 <= policy.max_retries <= MOST_RETRIES:
        raise ValueError(f"max_retries of the task {called} must be 0 to {MOST_RETRIES}")
    if queue is not None:
        try:
            require_queue_name(queue)
        except InvalidInputError as error:
            raise ValueError(f"queue of the task {called} {error.reason}") from error


def _payload_model(called: str, function: Callable[..., Any]) -> type[Any]:
    """The model that the first of the two parameters is annotated with. Raises ValueError.

    Only that annotation is looked at: others may name what is there for type checkers alone.
    """
    parameters = list(inspect.signature(function).parameters.values())
    if len(parameters) != 2:
        raise ValueError(f"the task {called} must take two parameters, a payload and a context")
    first = parameters[0]
    if first.annotation is inspect.Parameter.empty:
        raise ValueError(f"the parameter {first.name} of the task {called} must be annotated with a pydantic model")
    model = _evaluated(called, first, inspect.unwrap(function))
    if isinstance(model, type) and issubclass(model, BaseModel):
        return model
    raise ValueError(f"the annotation of {first.name} of the task {called} must be a pydantic model, not {model}")


def _evaluated(called: str, parameter: inspect.Parameter, function: Callable[..., Any]) -> Any:
    """The annotation itself, also where the module's annotations are text."""
    alone = type("Alone", (), {"__annotations__": {"payload": parameter.annotation}})
    try:
        return get_type_hints(alone, getattr(function, "__globals__", {}))["payload"]
    except NameError as error:
        reason = f"{error}: the model of {parameter.name} of the task {called} must be a name of its module"
        raise ValueError(reason) from error


def _runner(function: Callable[[M, Any], Any]) -> Callable[[M, TaskContext], Awaitable[Any]]:
    if inspect.iscoroutinefunction(function):
        return function

    async def run(payload: M, context: TaskContext) -> Any:
        """In a thread, so that the loop beside it goes on: signs of life and HTTP pass through it."""
        plain = PlainContext(context, asyncio.get_running_loop())
        return await asyncio.to_thread(function, payload, plain)

    return run

"""How users declare tasks of their own: a function and the pydantic model of its payload.

The function runs in a process that can be killed. A plain one gets a ``PlainContext``, an async one a ``TaskContext``.
"""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from tickwell.application.plain_context import PlainContext
from tickwell.application.task import RunsIn, Task, TaskContext
from tickwell.domain.retry import DEFAULT_POLICY, Policy
from tickwell.tasks.payload import payload_parser

M = TypeVar("M", bound=BaseModel)
TaskFunction = Callable[[M, PlainContext], Any] | Callable[[M, TaskContext], Awaitable[Any]]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def task(
    payload: type[M],
    *,
    name: str | None = None,
    summary: str | None = None,
    policy: Policy = DEFAULT_POLICY,
    heavy: bool = False,
) -> Callable[[TaskFunction[M]], Task[M]]:
    """Decorates a function of a payload and a context; what it returns is the output, any JSON value.

    ``name`` and ``summary`` are the function's name and the first line of its docstring where they are not given.
    ``heavy``: it keeps a processor busy, and goes to the lane of such tasks. Raises ValueError for a name that is not
    of lower-case letters, digits and ``_``.
    """

    def declare(function: TaskFunction[M]) -> Task[M]:
        called = str(name or getattr(function, "__name__", ""))
        described = str(summary or inspect.getdoc(function) or called)
        if not _NAME.fullmatch(called):
            raise ValueError(f"the task name {called!r} must be lower-case letters, digits and _, at most 64")
        return Task(
            name=called,
            summary=described.splitlines()[0],
            parse=payload_parser(payload),
            payload_schema=payload.model_json_schema,
            run=_runner(function),
            policy=policy,
            runs_in=RunsIn.PROCESS,
            heavy=heavy,
        )

    return declare


def _runner(function: Callable[[M, Any], Any]) -> Callable[[M, TaskContext], Awaitable[Any]]:
    if inspect.iscoroutinefunction(function):
        return function

    async def run(payload: M, context: TaskContext) -> Any:
        """In a thread, so that the loop beside it goes on: signs of life and HTTP pass through it."""
        plain = PlainContext(context, asyncio.get_running_loop())
        return await asyncio.to_thread(function, payload, plain)

    return run

"""The tasks that there are: the built-in ones, and users' own, which installed packages announce as entry points."""

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tickwell.application.task import Task, TaskRegistry
from tickwell.tasks.cleanup_files import CLEANUP_FILES
from tickwell.tasks.echo import ECHO
from tickwell.tasks.generate_image import GENERATE_IMAGE
from tickwell.tasks.http_request import HTTP_REQUEST
from tickwell.tasks.invoke_lambda import INVOKE_LAMBDA
from tickwell.tasks.process_video import PROCESS_VIDEO
from tickwell.tasks.scrape_website import SCRAPE_WEBSITE
from tickwell.tasks.send_email import SEND_EMAIL
from tickwell.tasks.send_message import SEND_MESSAGE

ENTRY_POINT_GROUP = "tickwell.tasks"
_BUILT_IN: Sequence[Task[Any]] = (
    CLEANUP_FILES,
    ECHO,
    GENERATE_IMAGE,
    HTTP_REQUEST,
    INVOKE_LAMBDA,
    PROCESS_VIDEO,
    SCRAPE_WEBSITE,
    SEND_EMAIL,
    SEND_MESSAGE,
)


class BrokenTaskError(Exception):
    """An entry point that cannot be loaded, or gives no tasks; the message names it."""


def built_in_tasks(others: Iterable[Task[Any]] = ()) -> TaskRegistry:
    """A registry of every task that Tickwell brings along, and of ``others``. Raises ValueError for a name twice."""
    return TaskRegistry([*_BUILT_IN, *others])


def all_tasks() -> TaskRegistry:
    """The built-in tasks and those of the entry points in the group ``tickwell.tasks``.

    Raises BrokenTaskError: nobody should find out job by job that a task is missing.
    """
    registry = [*_BUILT_IN]
    owners = dict.fromkeys((task.name for task in _BUILT_IN), "is built in")
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        for task in _tasks_of(point):
            if task.name in owners:
                taken = f"its task {task.name} needs another name: this one {owners[task.name]}"
                raise BrokenTaskError(f"{_where(point)}: {taken}")
            owners[task.name] = f"is given by the {_where(point)}"
            registry.append(task)
    return TaskRegistry(registry)


def _where(point: EntryPoint) -> str:
    return f"entry point {point.name} ({point.value}) of {ENTRY_POINT_GROUP}"


def _tasks_of(point: EntryPoint) -> list[Task[Any]]:
    """An entry point names a Task, or a callable without arguments that gives several."""
    where = _where(point)
    try:
        found = point.load()
        given = [found] if isinstance(found, Task) else found()
        tasks = list(given if isinstance(given, Iterable) else [given])
    except Exception as error:  # users' code may raise anything; the start ends here, with the entry point's name
        raise BrokenTaskError(f"{where}: {type(error).__name__}: {error}") from error
    if not all(isinstance(task, Task) for task in tasks):
        raise BrokenTaskError(f"{where} gives something that is not a Task")
    return tasks

"""Whether anything outside the process is called behind the wire: looked for in what is composed, not in a list."""

import gc
import inspect
from collections import deque
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from tests.chaos.crash.ground import Engine
from tests.chaos.crash.lab import Lab, new_lab
from tests.chaos.crash.wire import UNWATCHED, Watched, Wire
from tests.world import World

ADAPTERS: Final = "tickwell.adapters."

CALLS_NOTHING: Final = frozenset({"SweepFarTimer", "ProcessHost", "EncodedExportCursors", "SystemIds"})
"""Adapters that work in the process alone: there is nothing that could fail, or be left half done."""

NO_PORTS: Final = frozenset({"close", "watch", "scheduler"})
"""Fields of a world that belong to the test."""


def unwatched(folder: Path, engine: Engine) -> list[str]:
    """The adapters that a use case of a world can reach in another way than through the wire, by their classes."""
    found: set[str] = set()
    for far_timer in ("sweep", "scheduler"):
        lab, close = new_lab(folder, Wire(), engine, far_timer=far_timer)
        try:
            found |= {type(each).__name__ for each in _reached(list(_use_cases(lab.world))) if _is_adapter(each)}
        finally:
            close()
    return sorted(found - CALLS_NOTHING)


def _use_cases(world: World) -> Iterator[Any]:
    """All that a world is made of, and all that it makes."""
    for each in fields(world):
        if each.name not in NO_PORTS | UNWATCHED:
            yield getattr(world, each.name)
    for name, made in inspect.getmembers(type(world)):
        if isinstance(made, property):
            yield getattr(world, name)
    core = world.core
    yield core.safety_sync(sweeps=True)
    for name, made in inspect.getmembers(type(core), inspect.isfunction):
        if not name.startswith("_") and len(inspect.signature(made).parameters) == 1:
            yield getattr(core, name)()


def _reached(begin: list[Any]) -> Iterator[Any]:
    """Everything that can be reached from there, but not through what is watched."""
    seen: set[int] = set()
    waiting = deque(begin)
    kept: list[Any] = []
    while waiting:
        each = waiting.popleft()
        if id(each) in seen or isinstance(each, type | ModuleType | BuiltinFunctionType) or type(each) in _WATCHED:
            continue
        seen.add(id(each))
        kept.append(each)  # so that no other object gets its number
        yield each
        waiting.extend(_parts(each))


_WATCHED: Final = (Watched, *Watched.__subclasses__(), Lab)
"""What is not looked into; the task of a test knows its lab."""


def _parts(each: Any) -> list[Any]:
    if isinstance(each, FunctionType):
        if each.__qualname__.startswith(Watched.__qualname__):
            return []  # a method of what is watched
        return [cell.cell_contents for cell in each.__closure__ or ()] + list(each.__defaults__ or ())
    if isinstance(each, MethodType):
        return [each.__self__]
    return gc.get_referents(each)


def _is_adapter(each: Any) -> bool:
    return type(each).__module__.startswith(ADAPTERS) and not isinstance(each, type)

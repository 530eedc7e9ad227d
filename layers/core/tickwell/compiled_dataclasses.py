"""The code of dataclasses, compiled when the layer is built: see docs/adr/0045.

``dataclasses`` writes the methods of each class as text and compiles that while a module is imported. There are a few
hundred such texts, a third of a cold start, and they are the same each time. What ``compile_all`` has
kept beside the package's bytecode is run instead of being compiled again. A text that is not among it, of another
version of Python or of a library, is compiled as ever: there is nothing that could be out of date.
"""

import builtins
import dataclasses
import hashlib
import importlib
import importlib.util
import marshal
import pkgutil
import sys
from collections.abc import Mapping
from types import CodeType, ModuleType
from typing import Any, Final, Protocol

_PACKAGES: Final = ("tickwell.domain", "tickwell.application")
"""What imports nothing that is made for one processor: the layer is built for another one, too."""

_FOLDER = __file__.rpartition("/")[0]
_FILE: Final = f"{_FOLDER}/__pycache__/dataclasses.{sys.implementation.cache_tag}.compiled"


class _Execute(Protocol):
    def __call__(self, source: str, names: dict[str, Any], places: Mapping[str, object], /) -> None: ...


def use_compiled(path: str = _FILE) -> bool:
    """From now on, run what was compiled for this Python; False where nothing was."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is one more import for functions that have no other use
            kept = file.read()
    except FileNotFoundError:
        return False
    magic = importlib.util.MAGIC_NUMBER
    if not kept.startswith(magic):
        return False
    compiled: Mapping[bytes, bytes] = marshal.loads(kept[len(magic) :])  # noqa: S302 - as bytecode is: written by the build

    def execute(source: str, names: dict[str, Any], places: Mapping[str, object], /) -> None:
        code = compiled.get(_digest(source))
        builtins.exec(source if code is None else marshal.loads(code), names, places)  # noqa: S102, S302

    _execute_by(execute)
    return True


def compile_all(path: str = _FILE) -> int:
    """Compile the dataclasses of the packages, and keep them for ``use_compiled``; how many texts there were."""
    compiled: dict[str, CodeType] = {}

    def execute(source: str, names: dict[str, Any], places: Mapping[str, object], /) -> None:
        code = compile(source, "<string>", "exec", dont_inherit=True)
        compiled[source] = code
        builtins.exec(code, names, places)  # noqa: S102

    _execute_by(execute)
    for name in _PACKAGES:
        _import_all(importlib.import_module(name))
    kept = marshal.dumps({_digest(source): marshal.dumps(code) for source, code in compiled.items()})
    with open(path, "wb") as file:  # noqa: PTH123 - as above
        file.write(importlib.util.MAGIC_NUMBER + kept)
    return len(compiled)


def _digest(source: str) -> bytes:
    return hashlib.sha256(source.encode()).digest()


def _execute_by(execute: _Execute) -> None:
    """Let ``dataclasses`` find ``execute`` in its own names, before the built-in ``exec``."""
    dataclasses.exec = execute  # type: ignore[attr-defined]


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)

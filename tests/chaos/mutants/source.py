"""A deliberate bug: text of the product that is another one in a process, and nowhere else.

Nothing of the product may be imported before ``install``, and so nothing of it is imported here.
"""

import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

PRODUCT = Path(__file__).parents[3] / "layers" / "core"


class MutationError(Exception):
    """The mutation is not one of the source as it is now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """``old``, which stands so many ``times`` in the source of ``module``, becomes ``new``."""

    module: str
    old: str
    new: str
    times: int = 1

    def applied_to(self, source: str) -> str:
        """Raises MutationError where the source does not say what is to be changed."""
        found = source.count(self.old)
        if found != self.times:
            raise MutationError(f"{self.module} has {found} times instead of {self.times} times:\n{self.old}")
        return source.replace(self.old, self.new)


def source_of(module: str) -> str:
    """The text of a module of the product, which is not imported."""
    return (PRODUCT / f"{module.replace('.', '/')}.py").read_text()


def mutated(module: str, source: str, edits: Iterable[Edit]) -> CodeType:
    """The module with those of ``edits`` that are its own, one after the other. Raises MutationError, SyntaxError."""
    for edit in edits:
        if edit.module == module:
            source = edit.applied_to(source)
    return compile(source, f"mutated {module}", "exec", dont_inherit=True)


def install(edits: Sequence[Edit]) -> None:
    """From now on the modules of ``edits`` are imported as they say. Raises MutationError where one is known."""
    late = sorted({edit.module for edit in edits} & sys.modules.keys())
    if late:
        raise MutationError(f"imported before they could be mutated: {', '.join(late)}")
    for module in {edit.module for edit in edits}:
        mutated(module, source_of(module), edits)
    sys.meta_path.insert(0, _Finder(edits))


def require_loaded(edits: Sequence[Edit]) -> None:
    """Raises MutationError where a mutation was never imported: what nobody ran nobody can catch, or miss."""
    for module in {edit.module for edit in edits}:
        if not isinstance(_loader_of(sys.modules.get(module)), _Loader):
            raise MutationError(f"{module} was never imported in its mutated form")


def _loader_of(module: ModuleType | None) -> object:
    return None if module is None or module.__spec__ is None else module.__spec__.loader


class _Loader(SourceFileLoader):
    """Compiles what the file says with the edits, and neither reads nor writes what was compiled before."""

    def __init__(self, name: str, path: str, edits: Sequence[Edit]) -> None:
        super().__init__(name, path)
        self._edits = edits

    def get_code(self, fullname: str) -> CodeType:
        return mutated(fullname, Path(self.path).read_text(), self._edits)


class _Finder(MetaPathFinder):
    """Finds the modules of the edits where all others are found."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if all(edit.module != fullname for edit in self._edits):
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if found is None or found.origin is None:
            raise MutationError(f"{fullname} is not found")
        return importlib.util.spec_from_file_location(
            fullname, found.origin, loader=_Loader(fullname, found.origin, self._edits)
        )

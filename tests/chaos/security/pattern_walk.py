"""Every regular expression of the product, found by walking its source, and how each of them is used."""

import ast
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from tickwell.http.resolvers import all_routes, threaded_resolver

ROOT: Final = Path(__file__).resolve().parents[3]
SOURCES: Final = {ROOT / "layers/core": "tickwell", ROOT: "functions"}
METHODS: Final = ("fullmatch", "match", "search", "sub", "split", "findall", "finditer", "subn")
SEEN_AT_WORK: Final = {("tickwell.http.resolvers", "compile"), ("tickwell.text_form", "fullmatch")}
"""Calls whose patterns are those of the routes, and of ``TextForm(pattern=...)``, which are looked at there."""

Text = str | bytes
_DEFAULT_METHODS: Final = ("fullmatch", "search")


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """A pattern, where it stands, and ``apply``: what the product does with it to a text."""

    where: str
    pattern: Text
    flags: int
    apply: Callable[[Any], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """All that was found; ``unknown`` are calls whose pattern could not be told."""

    used: tuple[Used, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Source:
    module: ModuleType
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.module.__name__

    def value(self, expression: ast.expr) -> Any:
        """Raises NameError for what is only known as the code runs."""
        return eval(compile(ast.Expression(expression), self.name, "eval"), dict(vars(self.module)))

    def other_names(self) -> Iterator[ast.AST]:
        """Imports by which ``re`` would be called otherwise than ``re.``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module == "re":
                yield node
            if isinstance(node, ast.Import) and any(each.name == "re" and each.asname for each in node.names):
                yield node

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


def walk() -> Walk:
    """Look through all modules."""
    sources = list(_sources())
    found: dict[tuple[str, Text, int], Used] = {}
    unknown: list[str] = []
    for source in sources:
        for call in source.calls():
            try:
                for used in _of_call(source, call, sources):
                    found.setdefault((used.where, used.pattern, used.flags), used)
            except NameError:
                if (source.name, _method(call)) not in SEEN_AT_WORK:
                    unknown.append(f"{source.name}:{call.lineno}")
        unknown += [f"{source.name}: re by another name" for _ in source.other_names()]
    for used in _of_routes():
        found.setdefault((used.where, used.pattern, used.flags), used)
    return Walk(used=tuple(found.values()), unknown=tuple(unknown))


def _sources() -> Iterator[_Source]:
    for root, package in SOURCES.items():
        for path in sorted((root / package).rglob("*.py")):
            text = path.read_text()
            if not re.search(r"\bre\b|pattern|_key\(", text) or path.name == "handler.py":
                continue
            name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            yield _Source(module=importlib.import_module(name), tree=ast.parse(text))


def _method(call: ast.Call) -> str | None:
    """``compile`` of ``re.compile(...)``; None for a call of anything else."""
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "re":
        return function.attr if function.attr in {*METHODS, "compile"} else None
    return None


def _of_call(source: _Source, call: ast.Call, sources: list[_Source]) -> Iterator[Used]:
    method, where = _method(call), f"{source.name}:{call.lineno}"
    if method == "compile":
        compiled = source.value(call)
        for used in _methods_of(source, call):
            yield _used(where, compiled, used)
    elif method is not None:
        flags = _flags(source, call, method)
        for place, pattern in _patterns(source, call, sources):
            yield _used(place, re.compile(pattern, flags), method)
    for keyword in call.keywords:
        if keyword.arg == "pattern" and not isinstance(keyword.value, ast.Constant | ast.Name | ast.JoinedStr):
            raise NameError(keyword.arg)
        if keyword.arg == "pattern":
            yield _used(where, re.compile(source.value(keyword.value)), "fullmatch")  # as ``TextForm`` does


def _flags(source: _Source, call: ast.Call, method: str) -> int:
    """Those that stand behind the pattern and the text, or are named."""
    position = 2 if method in {"fullmatch", "match", "search", "findall", "finditer"} else 4
    given = call.args[position] if len(call.args) > position else None
    named = next((keyword.value for keyword in call.keywords if keyword.arg == "flags"), given)
    return 0 if named is None else int(source.value(named))


def _patterns(source: _Source, call: ast.Call, sources: list[_Source]) -> Iterator[tuple[str, Text]]:
    """The pattern of ``re.method(pattern, ...)``; where it is a function's parameter, those of all its callers."""
    first = call.args[0]
    function = _function_around(source, call)
    parameters = [] if function is None else [argument.arg for argument in function.args.args]
    if not isinstance(first, ast.Name) or first.id not in parameters:
        yield f"{source.name}:{call.lineno}", source.value(first)
        return
    assert function is not None
    for other in sources:
        for outer in other.calls():
            named = outer.func.attr if isinstance(outer.func, ast.Attribute) else getattr(outer.func, "id", None)
            if named == function.name:
                yield f"{other.name}:{outer.lineno}", other.value(outer.args[parameters.index(first.id)])


def _function_around(source: _Source, call: ast.Call) -> ast.FunctionDef | None:
    around = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef) and any(inner is call for inner in ast.walk(node))
    ]
    return around[-1] if around else None


def _methods_of(source: _Source, call: ast.Call) -> tuple[str, ...]:
    """The methods by which the compiled pattern of ``NAME = re.compile(...)`` is used in its module."""
    names = [
        target.id
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is call
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]
    used = {
        node.attr
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in names
        and node.attr in METHODS
    }
    return tuple(sorted(used)) or _DEFAULT_METHODS


def _used(where: str, compiled: re.Pattern[Any], method: str) -> Used:
    empty = b"" if isinstance(compiled.pattern, bytes) else ""
    apply: Callable[[Any], object] = getattr(compiled, method)
    if method in {"sub", "subn"}:
        replace = apply

        def apply(text: Any) -> object:
            return replace(empty, text)  # type: ignore[call-arg]

    elif method == "finditer":
        iterate: Any = apply

        def apply(text: Any) -> object:
            return list(iterate(text))

    return Used(where=f"{where} {method}", pattern=compiled.pattern, flags=compiled.flags, apply=apply)


def _of_routes() -> Iterator[Used]:
    resolver = threaded_resolver()
    rules: Mapping[str, re.Pattern[str]] = {str(route.rule.pattern): route.rule for route in all_routes(resolver)}
    for rule in rules.values():
        yield _used("a route", rule, "match")

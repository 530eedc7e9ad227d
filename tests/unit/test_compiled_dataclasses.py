"""What the layer's build compiles of dataclasses: the same code, and nothing is left to compile."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tickwell.compiled_dataclasses import use_compiled

COMPILE = "import sys; from tickwell.compiled_dataclasses import compile_all; print(compile_all(sys.argv[1]))"

LOAD = """
import builtins, dataclasses, importlib, json, pkgutil, sys
from tickwell.compiled_dataclasses import use_compiled

used = use_compiled(sys.argv[1])
plain, compiled_here = builtins.exec, []

def counted(source, *names):
    compiled_here.extend([source] if isinstance(source, str) and source.startswith("def __create_fn__") else [])
    return plain(source, *names)

builtins.exec = counted
codes = {}
for package in ("domain", "application"):
    package = importlib.import_module("tickwell." + package)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        for kind in vars(importlib.import_module(module.name)).values():
            if isinstance(kind, type) and dataclasses.is_dataclass(kind):
                for name, method in vars(kind).items():
                    if hasattr(method, "__code__") and method.__code__.co_filename == "<string>":
                        code = method.__code__
                        told = [code.co_code.hex(), repr(code.co_varnames), repr(code.co_names), repr(code.co_consts)]
                        codes[kind.__qualname__ + "." + name] = told
print(json.dumps({"used": used, "compiled": len(compiled_here), "codes": codes}))
"""


def python(code: str, path: Path) -> Any:
    told = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    return json.loads(told.stdout)


def test_what_was_compiled_is_the_same_code_and_leaves_nothing_to_compile(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    plain = python(LOAD, kept)
    texts = python(COMPILE, kept)
    compiled = python(LOAD, kept)

    assert (plain["used"], compiled["used"]) == (False, True)
    assert compiled["compiled"] == 0
    assert texts > 200
    assert len(compiled["codes"]) > 1000
    assert compiled["codes"] == plain["codes"]


def test_another_text_is_compiled_as_ever(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    python(COMPILE, kept)
    code = """
import json, sys
from dataclasses import dataclass
from tickwell.compiled_dataclasses import use_compiled
assert use_compiled(sys.argv[1])

@dataclass(frozen=True)
class Own:
    some_name_that_nobody_else_has: int

print(json.dumps(repr(Own(3))))
"""
    assert python(code, kept) == "Own(some_name_that_nobody_else_has=3)"


@pytest.mark.parametrize("kept", [b"", b"\x00\x00\r\nof another Python"])
def test_what_another_python_compiled_is_left_alone(tmp_path: Path, kept: bytes) -> None:
    path = tmp_path / "kept"
    path.write_bytes(kept)
    assert not use_compiled(str(path))

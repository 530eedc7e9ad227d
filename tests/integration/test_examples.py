"""The examples that are code do what they say."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_own_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES / "own_tasks")
    module = load(EXAMPLES / "own_tasks" / "test_shop_tasks.py")
    tests: list[Callable[[], None]] = [test for name, test in vars(module).items() if name.startswith("test_")]
    assert len(tests) == 5
    for test in tests:
        test()

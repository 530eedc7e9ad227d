"""A package of users' tasks, installed as far as an entry point needs it: a module, and the metadata beside it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def install_tasks(folder: Path, *, value: str = "tests.own_tasks:own_tasks") -> str:
    """A folder for PYTHONPATH in which ``value`` is announced; the whole PYTHONPATH."""
    metadata = folder / "own_tasks-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: own-tasks\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[tickwell.tasks]\nown = {value}\n")
    return f"{folder}:{ROOT}"


def child_path(folder: Path) -> list[str]:
    """The same as a search path for task processes."""
    return [*install_tasks(folder).split(":"), *sys.path]

"""The system on the embedded engine as the local server builds it, and what it commits, as fixtures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tickwell.adapters.embedded.database import Database
from tickwell.bootstrap.embedded.system import EmbeddedSystem
from tickwell.bootstrap.local import local
from tickwell.settings.local import LocalSettings


class Commit(NamedTuple):
    """How many transactions shared it, and whether it waited for the disk."""

    members: int
    is_durable: bool


@pytest.fixture
def system(tmp_path: Path) -> Iterator[EmbeddedSystem]:
    """In a file."""
    made = local(LocalSettings(data_dir=tmp_path))
    yield made
    made.close()


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[Commit]:
    """Every commit, as it is made."""
    made: list[Commit] = []
    end = Database._end

    def note(database: Database, group: Any) -> None:
        made.append(Commit(group.members, group.durable))
        end(database, group)

    monkeypatch.setattr(Database, "_end", note)
    return made

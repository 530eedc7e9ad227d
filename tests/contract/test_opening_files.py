"""Several processes may open a new file at once, or one that a process left that died while it was opening it."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.opening_race import OPENERS
from tests.doubles import NOON, FakeClock
from tickwell.adapters.embedded.rates import EmbeddedRateLimiter
from tickwell.domain.errors import UnavailableError


@pytest.mark.parametrize("opener", OPENERS)
def test_several_processes_open_what_one_left_that_died_at_its_first_write(opener: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.contract.opening_race", str(tmp_path), opener]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == ""


def test_a_file_that_stays_locked_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UnavailableError, match="SQLITE_BUSY"):
            EmbeddedRateLimiter(path, FakeClock(NOON))

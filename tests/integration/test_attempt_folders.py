"""Folders for an attempt's temporary files: gone after it, and at the next worker's start where theirs was killed."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tickwell.adapters.processes.attempt_folder import AttemptFolder, remove_abandoned

HOLD = """
import os, signal
from pathlib import Path
from tickwell.adapters.processes.attempt_folder import AttemptFolder
folder = AttemptFolder()
(Path(folder.path) / "large").write_bytes(bytes(100_000))
print(folder.path, flush=True)
input()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_is_its_owners_alone_and_gone_afterwards(temporary: Path) -> None:
    empty, full = AttemptFolder(), AttemptFolder()
    assert Path(empty.path).stat().st_mode & 0o777 == 0o700
    (Path(full.path) / "deep").mkdir()
    assert empty.is_removed_empty()
    assert not full.is_removed_empty()
    full.remove()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_worker_left_goes_with_the_next_one_and_not_before(temporary: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(temporary)}
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    held = Path(holder.stdout.readline().strip())
    mine = AttemptFolder()
    remove_abandoned()
    assert (held / "large").exists()  # its worker lives
    holder.communicate("\n", timeout=20)
    assert (held / "large").exists()
    remove_abandoned()
    assert list(temporary.iterdir()) == [Path(mine.path)]
    mine.close()


def test_many_at_once_leave_each_other_alone(temporary: Path) -> None:
    def use(number: int) -> bool:
        folder = AttemptFolder()
        file = Path(folder.path) / "file"
        file.write_text(str(number))
        remove_abandoned()
        kept = file.read_text() == str(number)
        folder.remove()
        return kept

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(200)))
    assert list(temporary.iterdir()) == []


def test_what_only_looks_like_such_a_folder_is_left(temporary: Path) -> None:
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("mine")
    (temporary / "tickwell-attempt-link").symlink_to(elsewhere)
    (temporary / "tickwell-attempt-file").write_text("a file")
    remove_abandoned()
    assert (elsewhere / "file").read_text() == "mine"
    assert (temporary / "tickwell-attempt-file").exists()

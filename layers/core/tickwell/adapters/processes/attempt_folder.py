"""The folder of an attempt's temporary files: it goes with the attempt, also where its worker was killed.

Such a worker leaves behind what its tasks had on the disk, gigabytes perhaps. So each holds a lock on the folders of
its attempts, which ends with it, and the next one removes those that nobody holds.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX = "tickwell-attempt-"


class AttemptFolder:
    """A new, empty folder that only this user can enter. It lies where ``TMPDIR`` says.

    Raises OSError where there can be none.
    """

    def __init__(self) -> None:
        self.path = ""
        self._lock = -1
        while not self._is_made():
            self.close()

    def _is_made(self) -> bool:
        """Whether the folder is held before somebody took it for an abandoned one."""
        self.path = tempfile.mkdtemp(prefix=_PREFIX)
        try:
            self._lock = _opened(self.path)
            _lock(self._lock)
        except (BlockingIOError, FileNotFoundError):
            return False
        except OSError:  # no locks on this file system: then nobody takes it for abandoned either
            return True
        return _stands(self._lock, self.path)

    def is_removed_empty(self) -> bool:
        """Remove it if it is empty, as most are; whether it was."""
        try:
            Path(self.path).rmdir()
        except OSError:
            return False
        self.close()
        return True

    def remove(self) -> None:
        """Remove it with all that is in it; may take long."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.close()

    def close(self) -> None:
        """Hold it no more."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def remove_abandoned() -> None:
    """Remove the folders of this user's workers that are no more; may take long.

    What fails is left to the next worker.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    lock = _opened(str(folder))
    try:
        if os.fstat(lock).st_uid == os.getuid():
            _lock(lock)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _opened(folder: str) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _lock(descriptor: int) -> None:
    """Raises BlockingIOError where somebody else holds it."""
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _stands(descriptor: int, path: str) -> bool:
    """Whether the folder that was opened is the one at ``path``."""
    try:
        found = Path(path).lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))

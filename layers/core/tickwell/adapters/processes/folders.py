"""The folders for temporary files of attempts: one for each, which goes with it.

Their names say whose they are, so that what a killed worker left is found by the next one: on Lambda ``/tmp`` outlives
a worker that reached its time limit.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

_NAME = re.compile(r"tickwell-attempt-(\d+)-(\d+)-.+")


def new_folder() -> str:
    """An empty folder, for its owner only. Raises OSError."""
    return tempfile.mkdtemp(prefix=f"tickwell-attempt-{_namespace()}-{os.getpid()}-")


def is_removed(folder: str) -> bool:
    """Remove an empty folder, as most are; whether it was one."""
    try:
        Path(folder).rmdir()
    except OSError:
        return False
    return True


def remove(folder: str) -> None:
    """Remove a folder with all that is in it; what cannot be removed stays."""
    shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned() -> None:
    """Remove the folders of workers that are no more. Those of machines that share the disk are left alone."""
    for path in Path(tempfile.gettempdir()).glob("tickwell-attempt-*"):
        owner = _NAME.fullmatch(path.name)
        if owner is not None and int(owner[1]) == _namespace() and not _is_running(int(owner[2])):
            remove(str(path))


def _namespace() -> int:
    """Within which process ids mean something: containers may share a folder and not their processes."""
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

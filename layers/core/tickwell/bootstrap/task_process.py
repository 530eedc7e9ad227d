"""``python -m tickwell.bootstrap.task_process <descriptor>``: a task process, started by a worker; not for people."""

import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence

from tickwell.adapters.processes.pool import ChildSettings, ProcessPool

_MODULE = "tickwell.bootstrap.task_process"
_KEPT = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ")


def process_pool(settings: ChildSettings, *, size: int, variables: Sequence[str], cloud: bool = False) -> ProcessPool:
    """The pool of this worker. ``variables`` are the names of environment variables that users want their tasks to see.

    ``cloud`` True: tasks keep the credentials and the region of the function's role (``AWS_*``).
    """
    return ProcessPool(
        [sys.executable, "-m", _MODULE],
        child_environment(os.environ, sys.path, variables=variables, cloud=cloud),
        settings,
        size=size,
    )


def child_environment(
    environment: Mapping[str, str], path: Sequence[str], *, variables: Sequence[str], cloud: bool
) -> dict[str, str]:
    """What a task process sees of the worker's ``environment``: nothing of Tickwell's, so none of its secrets."""
    kept = {
        name: value
        for name, value in environment.items()
        if name in _KEPT or name in variables or (cloud and name.startswith("AWS_"))
    }
    # Each thread's arena of glibc would count against the limit of memory with 64 MB.
    own = {"PYTHONPATH": os.pathsep.join(entry for entry in path if entry), "PYTHONTZPATH": "", "MALLOC_ARENA_MAX": "2"}
    return {**kept, **own, "PYTHONUNBUFFERED": "1"}


def main() -> None:
    """Serve the worker at the other end of the descriptor."""
    from tickwell.adapters.processes.child import serve
    from tickwell.adapters.system import SystemClock
    from tickwell.tasks.registry import all_tasks

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    # It would log every URL that a task calls, and a URL may hold a secret.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        serve(connection, all_tasks, SystemClock())


if __name__ == "__main__":
    main()

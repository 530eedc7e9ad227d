"""Cores that stay awake.

A virtual core that has nothing to do goes to sleep, and takes long to wake. That flatters what never waits for another
process (a store in the process) over what does (a peer with a broker). While a process of the lowest class spins on
each core, none sleeps; whatever else wants to run goes first.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_SPIN = """
import os, sys
core, parent = int(sys.argv[1]), int(sys.argv[2])
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {core})
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
else:
    os.nice(19)
while os.getppid() == parent:
    for _ in range(100_000):
        pass
"""


@contextmanager
def awake() -> Iterator[Sequence[int]]:
    """Keep all cores that this process may use awake inside the block; the ids of the processes that do."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    command = [sys.executable, "-S", "-c", _SPIN]
    spinning = [subprocess.Popen([*command, str(core), str(os.getpid())]) for core in cores]
    try:
        yield [process.pid for process in spinning]
    finally:
        for process in spinning:
            process.kill()
            process.wait()

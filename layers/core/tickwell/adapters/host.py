"""The process that answers, for health: how much memory it uses, and may use."""

import os
import resource
import sys
from pathlib import Path

from tickwell.application.health import Memory

_MB = 1024 * 1024
_STATM = Path("/proc/self/statm")


class ProcessHost:
    """The process that runs this code. ``limit_mb`` is what it may use; None: all that the machine has."""

    def __init__(self, limit_mb: int | None = None) -> None:
        self._limit_mb = limit_mb

    def memory(self) -> Memory:
        """What is resident now (where the system does not tell: what was at most), and the limit."""
        return Memory(used_mb=_resident_bytes() // _MB, total_mb=self._limit_mb or _machine_bytes() // _MB)


def _resident_bytes() -> int:
    if _STATM.exists():
        return int(_STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _machine_bytes() -> int:

    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

"""How much of the machine others take while a trial runs: what is slower by that is no fault of a server."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_IDLE = slice(3, 5)
_COUNTED = 8
"""Of the numbers that the system tells of its cores; the others are parts of the first two."""

_PARENT, _TIMES = 1, slice(11, 15)
"""Where a process's numbers are, behind its name: its parent, and its time with that of its children that are over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticks:
    """Of all cores since the machine began: all of them, those in which they were busy, and those that were ours."""

    whole: int = 0
    busy: int = 0
    ours: int = 0

    def times_slower(self, since: "Ticks") -> float:
        """How many times as much time everything took as if nobody else had been there; 1 where that is not told."""
        whole = self.whole - since.whole
        others = max(0, self.busy - since.busy - max(0, self.ours - since.ours))
        return whole / max(1, whole - others) if whole else 1.0


def ticks() -> Ticks:
    """Until now. Ours are those of this process and of all that it has started. Nothing on a system without /proc."""
    try:
        told = [int(each) for each in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1 : 1 + _COUNTED]]
    except OSError:
        return Ticks()
    return Ticks(whole=sum(told), busy=sum(told) - sum(told[_IDLE]), ours=_ours())


def _ours() -> int:
    took: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for pid, parent, time in _processes():
        took[pid] = time
        children.setdefault(parent, []).append(pid)
    found = [os.getpid()]
    for pid in found:
        found += children.get(pid, [])
    return sum(took.get(pid, 0) for pid in found)


def _processes() -> Iterator[tuple[int, int, int]]:
    """Each with its parent, and what it took."""
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it has ended
                told = (entry / "stat").read_text().rpartition(")")[2].split()
                yield int(entry.name), int(told[_PARENT]), sum(map(int, told[_TIMES]))

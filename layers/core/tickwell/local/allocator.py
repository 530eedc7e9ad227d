"""The C library's allocator in a process of many threads."""

import ctypes
from typing import Any

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BYTES = 128 * 1024
_ARENAS = 2


def give_memory_back() -> None:
    """Have most of the memory of a rush return to the system. Before the first thread starts.

    glibc keeps a pool for each thread, and after the first large block that is freed it takes such blocks from the
    pools too, which seldom shrink: a few hundred bodies of a megabyte left 90 MB behind. Only threads that run at the
    same time gain by pools of their own, and Python's do not. Elsewhere than on glibc this does nothing.
    """
    mallopt: Any = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)

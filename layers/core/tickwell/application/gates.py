"""How the gate of a queue is changed: read, decided by and written, again and again until nobody came between."""

from collections.abc import Callable
from typing import TypeVar

from tickwell.application.ports import QueueKey, QueueStore
from tickwell.domain.admission import Gate
from tickwell.domain.errors import UnavailableError

T = TypeVar("T")

_TRIES = 20


def change_gate(queues: QueueStore, key: QueueKey, change: Callable[[Gate], Gate]) -> None:
    """Write what ``change`` makes of the gate of ``key``. Raises UnavailableError; may be repeated."""
    decide_at_gate(queues, key, lambda gate: (change(gate), None))


def decide_at_gate(queues: QueueStore, key: QueueKey, decide: Callable[[Gate], tuple[Gate, T]]) -> T:
    """What ``decide`` decides by the gate of ``key`` as it is; the gate that it gives as well is written.

    It is called again whenever somebody else has written the gate meanwhile. Raises UnavailableError; may be repeated.
    """
    for _ in range(_TRIES):
        read = queues.gate(key)
        gate, decided = decide(read)
        if _is_same(gate, read) or queues.save_gate(key, gate, read=read):
            return decided
    raise UnavailableError("store", "the queue's gate is too busy")


def _is_same(gate: Gate, read: Gate) -> bool:
    return (gate.permits, gate.free_at) == (read.permits, read.free_at)

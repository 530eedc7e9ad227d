"""The waiting lists of queues, one after the other, as the safety sync looks at them."""

from collections.abc import Callable, Iterator
from datetime import datetime

from tickwell.application.admission import MOST_AT_ONCE
from tickwell.application.ports import Clock, QueueKey, QueueStore

_QUEUES = 100


def let_all_go(queues: QueueStore, let_go: Callable[[QueueKey], int], clock: Clock, *, until: datetime) -> None:
    """Let go whom limits allow, should whoever had to do that have died. Ends at ``until``.

    ``let_go`` does so for one queue and says how many went, up to ``MOST_AT_ONCE``. Only heads are looked at (rule 10).
    Every list gets its turn before a long one, as after a pause, gets another. Raises UnavailableError.
    """
    long = []
    for key in _with_waiting(queues):
        now = clock.now()
        if now >= until:
            return
        if let_go(key) >= MOST_AT_ONCE:
            long.append(key)
        elif not queues.waiting(key, limit=1):
            queues.forget_waiting(key, now=now)
    while long and clock.now() < until:
        long = [key for key in long if clock.now() < until and let_go(key) >= MOST_AT_ONCE]


def _with_waiting(queues: QueueStore) -> Iterator[QueueKey]:
    after: QueueKey | None = None
    while found := queues.with_waiting(limit=_QUEUES, after=after):
        yield from found
        after = found[-1]

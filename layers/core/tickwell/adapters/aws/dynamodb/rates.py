"""Counts in DynamoDB; see ``RateLimiter`` for what they promise."""

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tickwell.adapters.aws.dynamodb.attributes import Value, number
from tickwell.adapters.aws.dynamodb.items import expiry, stamp
from tickwell.adapters.aws.dynamodb.keys import Key
from tickwell.adapters.aws.dynamodb.limit_keys import count_key
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Write, Written
from tickwell.application.ports import Clock
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.rate import Allowance, RateKey, allowance, window_end

_NAMES: Final = {"count": "c", "kind": "kind", "v": "v", "expires": "ex", "ttl": "ttl"}
_MOST_REMEMBERED: Final = 10_000

MOST_AT_ONCE: Final = 32
"""How many hits a process counts in one write, for a caller who comes to it often."""

_HITS_PER_EXTRA: Final = 4
_REST_PER_EXTRA: Final = 64


@dataclass(slots=True)
class _Share:
    """What a process has of the count of one window: hits so far, those counted in advance, the last known count."""

    end_ms: int
    hits: int = 0
    left: int = 0
    used: int = 0

    def next_step(self, limit: int) -> int:
        """How many to count now: the more often the caller was here, the more; few where little is left of the limit.

        So a caller who seldom comes costs what is counted, and nobody with a small limit is refused early. Of a large
        limit each process may hold back one part in 64 of what is left, and 32 at most, when another one refuses.
        """
        extra = min(self.hits // _HITS_PER_EXTRA, (limit - self.used) // _REST_PER_EXTRA, MOST_AT_ONCE)
        return max(1, extra)


class DynamoRateLimiter:
    """The ``RateLimiter`` of the ``aws`` engine: one write for what is allowed, or for several in advance.

    Safe for threads. Who comes often to a process is counted up to 32 at a time: else the counts of a busy caller would
    be a sixth of all writes, and all under one partition key. Never more than the limit are allowed.
    Whoever was refused is refused from memory until the window ends: a flood costs nothing, each process learns once.
    A write that the SDK repeats may count twice.
    """

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._spent: dict[tuple[Key, int], int] = {}
        self._shares: dict[tuple[Key, int], _Share] = {}

    def hit(self, key: RateKey, *, limit: int, per: timedelta) -> Allowance:
        """See the port."""
        end_ms = to_epoch_ms(window_end(self._clock.now(), per))
        place = count_key(key, end_ms)
        if (place, limit) in self._spent:
            return allowance(limit, limit, end_ms, allowed=False)
        with self._lock:
            share = self._share(place, limit, end_ms)
            share.hits += 1
            if share.left:
                share.left -= 1
                return allowance(limit, share.used - share.left, end_ms, allowed=True)
            step = share.next_step(limit)
        return self._counted(place, share, step, limit=limit)

    def look(self, key: RateKey, *, limit: int, per: timedelta) -> Allowance:
        """See the port. What was counted in advance counts."""
        end_ms = to_epoch_ms(window_end(self._clock.now(), per))
        item = self._table.get(count_key(key, end_ms))
        used = 0 if item is None else number(item, _NAMES["count"])
        return allowance(limit, used, end_ms, allowed=used < limit)

    def _counted(self, place: Key, share: _Share, step: int, *, limit: int) -> Allowance:
        """Count ``step`` hits, or one where so many are not left: the first of them is the one that is asked for."""
        for more in dict.fromkeys((step, 1)):
            outcome = self._table.update(place, _more(more, limit, share.end_ms), _NAMES)
            if isinstance(outcome, Written):
                used = number(outcome.item, _NAMES["count"])
                with self._lock:
                    share.used = max(share.used, used)
                    share.left += more - 1
                return allowance(limit, used - more + 1, share.end_ms, allowed=True)
        self._remember(place, limit, share.end_ms)
        return allowance(limit, limit, share.end_ms, allowed=False)

    def _share(self, place: Key, limit: int, end_ms: int) -> _Share:
        """The share of a window; the lock is held. When there are too many, all begin anew: a few hits are lost."""
        if len(self._shares) >= _MOST_REMEMBERED:
            now_ms = to_epoch_ms(self._clock.now())
            living = {each: share for each, share in self._shares.items() if share.end_ms > now_ms}
            self._shares = living if len(living) < _MOST_REMEMBERED else {}
        return self._shares.setdefault((place, limit), _Share(end_ms=end_ms))

    def _remember(self, place: Key, limit: int, end_ms: int) -> None:
        if len(self._spent) >= _MOST_REMEMBERED:
            now_ms = to_epoch_ms(self._clock.now())
            living = {spent: end for spent, end in self._spent.copy().items() if end > now_ms}
            self._spent = living if len(living) < _MOST_REMEMBERED else {}
        self._spent[place, limit] = end_ms


def _more(hits: int, limit: int, end_ms: int) -> Write:
    values: dict[str, Value] = {
        **stamp("count"),
        "hits": hits,
        "most": limit - hits,
        **{name: value for name, value in expiry(end_ms).items() if value is not None},
    }
    values["expires"] = values.pop("ex")
    return Write(
        update="SET #kind = :kind, #v = :v, #expires = :expires, #ttl = :ttl ADD #count :hits",
        condition="attribute_not_exists(#count) OR #count <= :most",
        values=values,
    )

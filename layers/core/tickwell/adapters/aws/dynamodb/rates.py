"""Counts in DynamoDB; see ``RateLimiter`` for what they promise."""

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


class DynamoRateLimiter:
    """The ``RateLimiter`` of the ``aws`` engine: one write for what is allowed. Safe for threads.

    Whoever was refused is refused from memory until the window ends: a flood costs nothing, each process learns once.
    A write that the SDK repeats may count twice.
    """

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._spent: dict[tuple[Key, int], int] = {}

    def hit(self, key: RateKey, *, limit: int, per: timedelta) -> Allowance:
        """See the port."""
        end_ms = to_epoch_ms(window_end(self._clock.now(), per))
        place = count_key(key, end_ms)
        if (place, limit) in self._spent:
            return allowance(limit, limit, end_ms, allowed=False)
        outcome = self._table.update(place, _one_more(limit, end_ms), _NAMES)
        if isinstance(outcome, Written):
            return allowance(limit, number(outcome.item, _NAMES["count"]), end_ms, allowed=True)
        self._remember(place, limit, end_ms)
        return allowance(limit, limit, end_ms, allowed=False)

    def look(self, key: RateKey, *, limit: int, per: timedelta) -> Allowance:
        """See the port."""
        end_ms = to_epoch_ms(window_end(self._clock.now(), per))
        item = self._table.get(count_key(key, end_ms))
        used = 0 if item is None else number(item, _NAMES["count"])
        return allowance(limit, used, end_ms, allowed=used < limit)

    def _remember(self, place: Key, limit: int, end_ms: int) -> None:
        if len(self._spent) >= _MOST_REMEMBERED:
            now_ms = to_epoch_ms(self._clock.now())
            living = {spent: end for spent, end in self._spent.copy().items() if end > now_ms}
            self._spent = living if len(living) < _MOST_REMEMBERED else {}
        self._spent[place, limit] = end_ms


def _one_more(limit: int, end_ms: int) -> Write:
    values: dict[str, Value] = {
        **stamp("count"),
        "one": 1,
        "limit": limit,
        **{name: value for name, value in expiry(end_ms).items() if value is not None},
    }
    values["expires"] = values.pop("ex")
    return Write(
        update="SET #kind = :kind, #v = :v, #expires = :expires, #ttl = :ttl ADD #count :one",
        condition="attribute_not_exists(#count) OR #count < :limit",
        values=values,
    )

"""How long attempts took, in buckets that grow with the duration: from these follow percentiles (C20).

Up to 3 ms each millisecond has a bucket of its own; from 4 ms on a bucket holds what is less than a quarter longer than
its shortest. So what is told as a percentile is off by at most ``MOST_ERROR``, however many attempts there were, and an
hour of them takes some dozens of bytes. Histograms add up, in any order.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, sqrt
from typing import Final

MOST_ERROR: Final = 0.12
"""How far a percentile may be from the attempt that it stands for, as a part of it."""

_EXACT, _GROWTH = 4, 1.25
BUCKETS: Final = 82
"""The last one begins at 32 hours and holds all that is longer: more than that is told of none."""

_SHORTEST: Final[tuple[int, ...]] = (
    *range(_EXACT),
    *(ceil(_EXACT * _GROWTH**step) for step in range(BUCKETS - _EXACT)),
)
"""The shortest duration of each bucket, in milliseconds."""


def bucket_of(duration_ms: int) -> int:
    """The bucket of a duration; one below zero, which a clock that was set back may tell, counts as zero."""
    return bisect_right(_SHORTEST, max(0, duration_ms)) - 1


def _told(bucket: int) -> float:
    """What stands for a bucket: the geometric middle of its shortest and its longest."""
    if bucket + 1 == BUCKETS:
        return _SHORTEST[bucket]
    return sqrt(_SHORTEST[bucket] * (_SHORTEST[bucket + 1] - 1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Durations:
    """A histogram: how many attempts by bucket."""

    by_bucket: Mapping[int, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All attempts."""
        return sum(self.by_bucket.values())

    def plus(self, other: "Durations") -> "Durations":
        """Both together."""
        sums = dict(self.by_bucket)
        for bucket, number in other.by_bucket.items():
            sums[bucket] = sums.get(bucket, 0) + number
        return Durations(by_bucket=sums)

    def percentile(self, percent: int) -> float | None:
        """How long the attempt took that ``percent`` of all did not outlast (nearest rank), about, in milliseconds.

        None where there is none.
        """
        rank = ceil(self.total * percent / 100)
        for bucket, number in sorted(self.by_bucket.items()):
            rank -= number
            if rank <= 0:
                return _told(bucket)
        return None


def durations_of(durations_ms: Iterable[int]) -> Durations:
    """The histogram of attempts that took so long."""
    numbers: dict[int, int] = {}
    for duration_ms in durations_ms:
        bucket = bucket_of(duration_ms)
        numbers[bucket] = numbers.get(bucket, 0) + 1
    return Durations(by_bucket=numbers)

"""What a tenant's jobs cost on AWS, by day and by queue, from what was counted (X19)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from tickwell.application.ports import Clock, TenantCounts
from tickwell.domain.account import Principal
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.prices import PRICES, PriceList
from tickwell.domain.unit_costs import Bounds, bounds_of
from tickwell.domain.usage import QueueUsage, Usage, plus

MOST_DAYS = 92
"""How long a range may be: a quarter of a year. Longer ones are asked for in parts."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What was done, the units that takes on AWS, and their price in dollars, both in full batches and alone."""

    usage: Usage
    units: Bounds
    least_usd: float
    most_usd: float


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageReport:
    """The usage from ``since`` to before ``until``; days and queues without any are left out."""

    since: date
    until: date
    prices: PriceList
    total: Cost
    days: Mapping[date, Cost]
    queues: Mapping[str, Cost]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadUsage:
    """The use case; see ``__call__``."""

    counts: TenantCounts
    clock: Clock

    def __call__(
        self, principal: Principal, *, since: date | None, until: date | None, queue: str | None = None
    ) -> UsageReport:
        """Days (UTC) from ``since`` to before ``until``, of one ``queue`` or of all. Raises InvalidInputError.

        Unless said otherwise, that is the current month so far, or the month that ``until`` ends, or what has passed
        since ``since``. Reads as much for a million jobs as for one.
        """
        since, until = self._range(since, until)
        by_day = self.counts.usage(principal.tenant_id, since=since, until=until)
        chosen = {day: _of_queue(usage, queue) for day, usage in by_day.items()}
        chosen = {day: usage for day, usage in chosen.items() if usage}
        everything = _sum(chosen.values())
        names = sorted({cell.queue for cell in everything})
        return UsageReport(
            since=since,
            until=until,
            prices=PRICES,
            total=_cost(everything),
            days={day: _cost(usage) for day, usage in sorted(chosen.items())},
            queues={name: _cost(_of_queue(everything, name)) for name in names},
        )

    def _range(self, since: date | None, until: date | None) -> tuple[date, date]:
        tomorrow = self.clock.now().date() + _DAY
        end = tomorrow if until is None else until
        begin = (end - _DAY).replace(day=1) if since is None else since
        if begin >= end:
            field, other = ("since", "until, which is tomorrow unless given") if until is None else ("until", "since")
            raise InvalidInputError(field, f"must be {'before' if field == 'since' else 'after'} {other}")
        if end - begin > MOST_DAYS * _DAY:
            raise InvalidInputError("until", f"must be at most {MOST_DAYS} days after since; ask for a year in parts")
        return begin, end


def _of_queue(usage: QueueUsage, queue: str | None) -> QueueUsage:
    return {cell: used for cell, used in usage.items() if queue in (None, cell.queue)}


def _sum(usages: Iterable[QueueUsage]) -> QueueUsage:
    total: QueueUsage = {}
    for usage in usages:
        total = plus(total, usage)
    return total


def _cost(usage: QueueUsage) -> Cost:
    together = Usage()
    for used in usage.values():
        together = together.plus(used)
    units = bounds_of(usage)
    return Cost(
        usage=together,
        units=units,
        least_usd=PRICES.dollars(units.batched),
        most_usd=PRICES.dollars(units.alone),
    )

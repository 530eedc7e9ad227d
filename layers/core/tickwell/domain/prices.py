"""What is billed on AWS, and at which list prices. The one place that has prices; ``tests/meter`` uses it too."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Units:
    """What is billed: parts of a unit are an average over many jobs.

    ``write_units`` and ``read_units`` are DynamoDB's (1 KB written, 4 KB read consistently), ``sqs_requests`` those of
    up to 64 KB, ``gb_seconds`` the time of Lambda functions times their memory.
    """

    write_units: float = 0.0
    read_units: float = 0.0
    sqs_requests: float = 0.0
    http_requests: float = 0.0
    lambda_requests: float = 0.0
    scheduler_invocations: float = 0.0
    gb_seconds: float = 0.0

    def plus(self, other: "Units") -> "Units":
        """Both together."""
        return Units(**{name: getattr(self, name) + getattr(other, name) for name in UNIT_NAMES})

    def times(self, number: float) -> "Units":
        """The same so many times."""
        return Units(**{name: getattr(self, name) * number for name in UNIT_NAMES})


UNIT_NAMES: Final = tuple(each.name for each in fields(Units))
"""The names of all kinds of units, in their order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceList:
    """Dollars for a million of each unit, in one region on one day; no free tier, no discount."""

    as_of: date
    region: str
    per_million: Units

    def dollars(self, units: Units) -> float:
        """What ``units`` cost."""
        total = 0.0
        for name in UNIT_NAMES:
            total += getattr(units, name) * getattr(self.per_million, name)
        return total / 1_000_000


PRICES: Final = PriceList(
    as_of=date(2026, 11, 27),
    region="us-east-1",
    per_million=Units(
        write_units=0.625,
        read_units=0.125,
        sqs_requests=0.40,
        http_requests=1.00,
        lambda_requests=0.20,
        scheduler_invocations=1.00,
        gb_seconds=13.3334,
    ),
)
"""On-demand DynamoDB, standard queues, an HTTP API, Lambda on arm64."""

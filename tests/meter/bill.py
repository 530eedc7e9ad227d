"""What has been used, by what it is billed by, by the call, and by the partition key."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.meter.prices import MILLION, PER_MILLION, Charge


@dataclass(slots=True)
class Bill:
    """Everything that was used in some span. ``writes_by_key`` counts write units, of the index beside the table."""

    used: dict[Charge, float] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    writes_by_key: Counter[str] = field(default_factory=Counter)
    reads_by_key: dict[str, float] = field(default_factory=dict)

    def __getitem__(self, charge: Charge) -> float:
        """How many units of ``charge`` were used."""
        return self.used.get(charge, 0.0)

    def add(self, charge: Charge, units: float) -> None:
        """Use so many units."""
        self.used[charge] = self[charge] + units

    def write(self, key: str, units: int) -> None:
        """Use write units of one partition key."""
        self.add(Charge.WRITE_UNITS, units)
        self.writes_by_key[key] += units

    def read(self, key: str, units: float) -> None:
        """Use read units of one partition key."""
        self.add(Charge.READ_UNITS, units)
        self.reads_by_key[key] = self.reads_by_key.get(key, 0.0) + units

    def plus(self, other: "Bill", times: float = 1) -> "Bill":
        """Both together, ``other`` so many times; calls and keys are those of both, once each."""
        total = {charge: self[charge] + times * other[charge] for charge in Charge}
        return Bill(
            used={charge: units for charge, units in total.items() if units},
            calls=self.calls + other.calls,
            writes_by_key=self.writes_by_key + other.writes_by_key,
            reads_by_key={
                key: self.reads_by_key.get(key, 0.0) + other.reads_by_key.get(key, 0.0)
                for key in {*self.reads_by_key, *other.reads_by_key}
            },
        )

    def each(self, number: int) -> "Bill":
        """The share of one among so many."""
        return Bill(used={charge: units / number for charge, units in self.used.items()}, calls=self.calls)

    @property
    def dollars(self) -> float:
        """What it costs in USD."""
        return sum(self.of(charge) for charge in self.used)

    def of(self, charge: Charge) -> float:
        """What one kind of it costs in USD."""
        return self[charge] * PER_MILLION[charge] / MILLION

    def largest_share(self) -> float:
        """The part of all write units that the busiest partition key receives."""
        return max(self.writes_by_key.values(), default=0) / max(1, self.writes_by_key.total())

    def lines(self) -> Iterator[tuple[Charge, float, float]]:
        """What was used: the charge, its units, and USD."""
        yield from ((charge, self[charge], self.of(charge)) for charge in Charge if self[charge])

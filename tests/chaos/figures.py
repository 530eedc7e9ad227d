"""What a trial found, and how it is told in a line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Figure = int | float | str

TOLD_FAULTS = 50
"""A broken rule breaks at hundreds of points; nobody reads more than these."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """How much was tried (``counts``), and what must be 0 (``zeros``); ``faults`` says in sentences what was not."""

    counts: Mapping[str, Figure]
    zeros: Mapping[str, int]
    faults: Sequence[str] = field(default=())

    @property
    def is_clean(self) -> bool:
        """Whether zeros are where they belong, and nothing else was found."""
        return not any(self.zeros.values()) and not self.faults

    def line(self) -> str:
        """All figures, those that must be 0 last."""
        return ", ".join(f"{name} {_written(figure)}" for name, figure in {**self.counts, **self.zeros}.items())

    def as_json(self) -> dict[str, object]:
        """For ``build/chaos.json``."""
        return {"counts": dict(self.counts), "zeros": dict(self.zeros), "faults": list(self.faults)[:TOLD_FAULTS]}


def _written(figure: Figure) -> str:
    if isinstance(figure, str):
        return figure
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,.1f}"

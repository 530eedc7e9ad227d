"""What a bench measured: tables, and the goals that the figures are held against."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

Cell = int | float | str | None
"""``None`` where there is nothing to measure."""


def written(cell: Cell) -> str:
    """As it is read: three digits are enough of a fraction."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int):
        return f"{cell:,}"
    if abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows under columns; the first column names the row. Units stand in the columns' names."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        """Refuse a row that does not fit the columns."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: a row of {len(row)} under {len(self.columns)} columns: {row}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """A figure beside what was asked of it: ``at_most`` or ``at_least``."""

    name: str
    figure: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_reached(self) -> bool:
        """Whether the figure keeps every bound that is set."""
        below = self.at_most is None or self.figure <= self.at_most
        return below and (self.at_least is None or self.figure >= self.at_least)

    def line(self) -> str:
        """What is told of it."""
        bounds = [f"≤ {written(self.at_most)}"] if self.at_most is not None else []
        bounds += [f"≥ {written(self.at_least)}"] if self.at_least is not None else []
        state = "reached" if self.is_reached else "NOT reached"
        return f"{self.name}: {written(self.figure)} (goal {', '.join(bounds)}): {state}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """All of a bench."""

    tables: Sequence[Table]
    goals: Sequence[Goal] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """For ``build/bench.json``."""
        tables = [
            {
                "title": each.title,
                "columns": [*each.columns],
                "rows": [[*row] for row in each.rows],
                "notes": [*each.notes],
            }
            for each in self.tables
        ]
        goals = [
            {
                "name": each.name,
                "figure": each.figure,
                "at_most": each.at_most,
                "at_least": each.at_least,
                "reached": each.is_reached,
            }
            for each in self.goals
        ]
        return {"tables": tables, "goals": goals}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """What ``as_json`` made."""
        goals = [{name: value for name, value in goal.items() if name != "reached"} for goal in told["goals"]]
        return cls(tables=[Table(**table) for table in told["tables"]], goals=[Goal(**goal) for goal in goals])


def text(result: Result) -> Iterable[str]:
    """Lines for a terminal."""
    for table in result.tables:
        yield f"  {table.title}"
        yield from (f"    {line}" for line in _aligned(table))
        yield from (f"    ({note})" for note in table.notes)
    yield from (f"  goal: {goal.line()}" for goal in result.goals)


def _aligned(table: Table) -> Iterable[str]:
    cells = [[*table.columns], *([written(cell) for cell in row] for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for first, *others in cells:
        line = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        yield "  ".join(line).rstrip()


def markdown(result: Result) -> Iterable[str]:
    """Lines for the documentation."""
    for table in result.tables:
        yield from ("", f"**{table.title}**", "")
        yield f"| {' | '.join(table.columns)} |"
        yield f"|---{'|--:' * (len(table.columns) - 1)}|"
        yield from (f"| {' | '.join(map(written, row))} |" for row in table.rows)
        if table.notes:
            yield ""
            yield from (f"- {note}" for note in table.notes)
    if result.goals:
        yield ""
        yield from (f"- Goal: {goal.line()}" for goal in result.goals)

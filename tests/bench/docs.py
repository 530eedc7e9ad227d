"""Fills the documentation with what was measured: ``python -m tests.bench --write-docs``.

What a bench measured goes between ``<!-- bench:NAME -->`` and ``<!-- /bench:NAME -->``; the place ``machine`` takes
the machine.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.results import Result, markdown

_PLACE = re.compile(r"(?P<begin><!-- bench:(?P<name>[a-z0-9-]+) -->\n).*?(?P<end><!-- /bench:(?P=name) -->)", re.DOTALL)


def write_docs(report: Path, folder: Path) -> list[str]:
    """Fill all pages of ``folder`` from ``report``; says of each place what became of it."""
    told = json.loads(report.read_text())
    said: list[str] = []
    for page in sorted(folder.glob("*.md")):
        before = page.read_text()
        after, notes = filled(before, told)
        said += [f"{page}: {note}" for note in notes]
        if after != before:
            page.write_text(after)
    return said


def filled(page: str, told: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The page with every place that ``told`` has figures for; others stay as they are."""
    notes: list[str] = []

    def place(found: "re.Match[str]") -> str:
        name = found["name"]
        if name == "machine":
            lines = _machine(told)
        elif "tables" in told["benches"].get(name, {}):
            lines = _bench(told["benches"][name])
        else:
            notes.append(f"nothing was measured for {name}")
            return found[0]
        notes.append(f"filled {name}")
        return "\n".join([found["begin"] + lines[0], *lines[1:], found["end"]])

    return _PLACE.sub(place, page), notes


def _machine(told: Mapping[str, Any]) -> list[str]:
    return [f"{'; '.join(f'{name} {value}' for name, value in told['machine'].items())}."]


def _bench(bench: Mapping[str, Any]) -> list[str]:
    head = f"`{bench['command']}`, {bench['date']}, {bench['seconds']:.0f} s:"
    return [head, *markdown(Result.from_json(bench))]

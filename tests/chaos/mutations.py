"""The trial of the trials: a bug is put into each rule of design.md in turn, and somebody must notice.

See ``mutants``: each bug has a process of its own, and a witness that looks with what other trials look with.
"""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.chaos.figures import Figures
from tests.chaos.mutants.__main__ import CONTROL
from tests.chaos.mutants.catalogue import Engine, Mutation
from tests.chaos.mutants.every import MUTATIONS
from tests.chaos.trials import Run

MORE_IN_SHORT = 4
"""Besides the first of each rule."""

Outcome = Mapping[str, Any]


def mutations(run: Run) -> Figures:
    """All of them, and a control; the short form takes one of each rule, and some more by the seed."""
    chosen = _sample(run.seed) if run.short else list(range(len(MUTATIONS)))
    arguments = [str(number) for number in chosen]
    found = outcomes(arguments if run.short else [*arguments, CONTROL])
    return told({int(what): outcome for what, outcome in found.items() if what != CONTROL}, found.get(CONTROL))


def outcomes(arguments: Sequence[str]) -> dict[str, Outcome]:
    """What became of each of ``arguments``; see ``python -m tests.chaos.mutants``."""
    command = [sys.executable, "-m", "tests.chaos.mutants", *arguments]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return {line["what"]: line for line in lines}


def told(found: Mapping[int, Outcome], control: Outcome | None) -> Figures:
    """The figures. A mutation that breaks off, or that nobody answers for, is as bad as one that survives."""
    tried = {number: MUTATIONS[number] for number in found}
    survived = [tried[number].title for number, outcome in found.items() if outcome.get("caught", "") is None]
    broken = [f"{tried[n].title}: {outcome['broken']}" for n, outcome in found.items() if "broken" in outcome]
    faults = [f"{title} survived" for title in survived] + broken
    alarms: Mapping[str, str] = {} if control is None else control.get("alarms", {CONTROL: control.get("broken")})
    engines = Counter(mutation.witness.engine for mutation in tried.values())
    return Figures(
        counts={
            "mutations": len(found),
            "of rules": len({mutation.rule for mutation in tried.values()}),
            "on embedded": engines[Engine.EMBEDDED],
            "on aws": engines[Engine.AWS],
            "caught": sum(outcome.get("caught") is not None for outcome in found.values()),
            "witnesses without a bug": 0 if control is None else control.get("witnesses", 0),
        },
        zeros={"survived": len(survived), "broke off": len(broken), "false alarms": len(alarms)},
        faults=[*faults, *(f"without a bug, {witness}: {fault}" for witness, fault in alarms.items())],
    )


def _sample(seed: int) -> list[int]:
    first: dict[int, int] = {}
    for number, mutation in enumerate(MUTATIONS):
        first.setdefault(mutation.rule, number)
    rest = [number for number in range(len(MUTATIONS)) if number not in first.values()]
    return sorted([*first.values(), *random.Random(seed).sample(rest, MORE_IN_SHORT)])


def number_of(rule: int, name: str, engine: Engine = Engine.EMBEDDED) -> int:
    """The mutation's number. Raises ValueError where there is none of that name."""

    def is_it(mutation: Mutation) -> bool:
        return (mutation.rule, mutation.name, mutation.witness.engine) == (rule, name, engine)

    return [is_it(mutation) for mutation in MUTATIONS].index(True)

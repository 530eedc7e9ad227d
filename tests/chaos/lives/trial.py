"""Random lives as trials of ``make chaos``, one for each engine."""

from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.internal.conjecture import engine as conjecture
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.figures import Figures
from tests.chaos.lives.engines import Open, embedded, new_aws
from tests.chaos.lives.machine import Lives
from tests.chaos.trials import Run
from tests.quiet import quiet

SHRINKS_FOR_SECONDS = 60
TOLD = 6000
_LONGEST_SHRINKING = "MAX_SHRINKING_SECONDS"


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How many lives, and of how many steps."""

    lives: int
    steps: int


def on_embedded(run: Run) -> Figures:
    """Lives on SQLite."""
    return live(embedded, Size(lives=25, steps=40) if run.short else Size(lives=200, steps=60), run.seed)


def on_aws(run: Run) -> Figures:
    """Lives on DynamoDB."""
    return live(new_aws(), Size(lives=3, steps=30) if run.short else Size(lives=24, steps=45), run.seed)


def live(open_engine: Open, size: Size, chance: int, *, shrinks_for: float = SHRINKS_FOR_SECONDS) -> Figures:
    """So many lives from one seed; the first that breaks a rule is made as short as that time allows, and told."""
    tally: dict[str, int] = {}
    machine = type("LivesHere", (Lives,), {"open_engine": staticmethod(open_engine), "tally": tally})
    setattr(conjecture, _LONGEST_SHRINKING, shrinks_for)  # hypothesis has no setting for it
    faults: list[str] = []
    try:
        with quiet():
            run_state_machine_as_test(
                seed(chance)(machine),
                settings=settings(
                    max_examples=size.lives,
                    stateful_step_count=size.steps,
                    deadline=None,
                    database=None,
                    print_blob=False,
                    report_multiple_bugs=False,
                    phases=[Phase.generate, Phase.shrink],
                    suppress_health_check=list(HealthCheck),
                ),
            )
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was found
        notes = "\n".join(getattr(error, "__notes__", ()))
        steps = "\n".join(line for line in notes.splitlines() if line != "state.holds()")
        faults.append(f"seed {chance}: {type(error).__name__}: {error}\n{steps}"[:TOLD])
    return Figures(counts=tally, zeros={"rules broken": len(faults)}, faults=faults)

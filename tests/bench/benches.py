"""The benches that ``make bench`` is made of."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tests.bench.results import Result

ENVIRONMENTS = Path("build/bench-env").absolute()
"""Where benches install peers, each into an environment of its own; kept from run to run."""

MOST_SECONDS = 17 * 60.0
"""What all benches together may take, so that ``make bench`` takes less than twenty minutes from a clean clone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of a bench: a directory of its own that is gone afterwards.

    ``quick`` asks for a small form that shows whether the bench works; its figures say little.
    """

    folder: Path
    quick: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """A function of a module (``module:function``) that takes a ``Run`` and gives a ``Result``.

    Benches run one after the other, each in a process of its own. One that takes longer than ``limit_seconds`` has
    hung, and is ended. The limits are far apart from what benches take; all together have ``MOST_SECONDS``.
    """

    name: str
    function: str
    limit_seconds: float = 240

    def __call__(self, run: Run) -> Result:
        """Measure, in this process."""
        module, _, name = self.function.partition(":")
        return cast(Callable[[Run], Result], getattr(importlib.import_module(module), name))(run)


BENCHES: tuple[Bench, ...] = (
    Bench(name="meter", function="tests.bench.aws_meter:meter", limit_seconds=300),
    Bench(name="aws-worker", function="tests.bench.aws_worker:aws_worker"),
    Bench(name="embedded", function="tests.bench.embedded:embedded"),
    Bench(name="submit", function="tests.bench.submit:submit"),
    Bench(name="peers", function="tests.bench.peers.trial:peers", limit_seconds=480),
    Bench(name="lateness", function="tests.bench.lateness:lateness"),
    Bench(name="priority", function="tests.bench.priority:priority"),
    Bench(name="aws-growth", function="tests.bench.aws_meter:growth"),
    Bench(name="cold-start", function="tests.bench.cold_start:cold_start", limit_seconds=360),
    Bench(name="growth", function="tests.bench.growth:growth", limit_seconds=240),
)
"""In the order of the documentation."""

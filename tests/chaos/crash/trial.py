"""The trials of every crash point: each flow, broken into at each call that it makes, in each way, on either engine."""

import random
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.crash.every_flow import EVERY_FLOW, LONG, Play
from tests.chaos.crash.ground import Engine, dynamodb, embedded
from tests.chaos.crash.ports import unwatched
from tests.chaos.crash.verdicts import FIGURES, Wrong
from tests.chaos.crash.wire import Call, Kind, Wire
from tests.chaos.figures import Figures
from tests.chaos.trials import Run
from tests.quiet import quiet

SHORT = 0.1
"""The part of the points that the short form takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """The part of the points that are taken, by what happens there; and how many of a flow that takes long."""

    crashes: float = 1.0
    fails: float = 1.0
    of_long: int = 10


ON_AWS = Shares(fails=0.1, of_long=1)
"""The process dies everywhere; calls that fail are the same ones as on SQLite, where all of them do."""


@dataclass(kw_only=True)
class Found:
    """What came of it."""

    flows: int = 0
    calls: int = 0
    ports: set[str] = field(default_factory=set)
    points: Counter[Kind] = field(default_factory=Counter)
    ahead: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def blame(self, error: Exception, where: str) -> None:
        """Note what ``error`` says of a flow."""
        self.broken[error.figure if isinstance(error, Wrong) else Wrong.figure] += 1
        self.faults.append(f"{where}: {type(error).__name__}: {str(error)[:300]}")

    def figures(self, not_watched: Sequence[str]) -> Figures:
        """For the line."""
        counts = {"flows": self.flows, "calls": self.calls, "ports called": len(self.ports)}
        points = {"points": self.points.total(), "crashes": self.points[Kind.CRASH]}
        left = {f"{kind} written ahead and left": number for kind, number in sorted(self.ahead.items())}
        zeros = {figure: self.broken[figure] for figure in FIGURES} | {"ports not watched": len(not_watched)}
        faults = [*(f"{port} is called behind the wire" for port in not_watched), *self.faults]
        return Figures(counts=counts | points | left, zeros=zeros, faults=faults)


def crash_points_embedded(run: Run) -> Figures:
    """On SQLite: every point of every flow, or a sample."""
    with quiet():
        return explore(run, embedded, EVERY_FLOW, Shares())


def crash_points_aws(run: Run) -> Figures:
    """On DynamoDB: after every call of the SDK that changes something, also those in the middle of a port's call.

    Every other flow; ``crash_points_aws_2`` has the rest, in a process of its own. The short form takes either half.
    """
    return _on_aws(run, run.seed % 2 if run.short else 0)


def crash_points_aws_2(run: Run) -> Figures:
    """See ``crash_points_aws``."""
    return _on_aws(run, 1)


def _on_aws(run: Run, part: int) -> Figures:
    names = list(EVERY_FLOW)[part::2]
    with quiet(), dynamodb() as engine:
        return explore(run, engine, {name: EVERY_FLOW[name] for name in names}, ON_AWS)


def explore(run: Run, engine: Engine, flows: Mapping[str, Play], shares: Shares) -> Figures:
    """Record each flow, then break into it at its points, or at that share of them."""
    found = Found()
    share = SHORT if run.short else 1.0
    chance = random.Random(run.seed)
    of_long = int(share * shares.of_long)
    for name, play in flows.items():
        if name in LONG and not of_long:
            continue
        recording = Wire()
        _played(found, play, run, recording, engine, f"{name}, unbroken")
        found.flows += 1
        found.calls += len(recording.made)
        found.ports |= {call.name.partition(".")[0] for call in recording.made}
        wanted = dict.fromkeys(Kind, share * shares.fails) | {Kind.CRASH: share * shares.crashes}
        points = [point for point in recording.points() if chance.random() < wanted[point[2]]]
        if name in LONG:
            points = chance.sample(points, min(len(points), of_long))
        for number, call, kind in points:
            found.points[kind] += 1
            wire = Wire(kind=kind, at=number)
            _played(found, play, run, wire, engine, _where(name, number, call, kind, run.seed))
    return found.figures(unwatched(run.folder / "ports", engine))


def repeat(name: str, at: int | None, kind: str = "crash after", *, aws: bool = False, seed: int = 0) -> None:
    """Play one flow, broken into as a fault says; raises what it found. To be called from a debugger."""
    wire = Wire(kind=Kind(kind), at=at)
    with TemporaryDirectory() as folder, dynamodb() if aws else nullcontext(embedded) as engine:
        EVERY_FLOW[name](Path(folder), wire, engine, seed)


def _where(name: str, number: int, call: Call, kind: Kind, seed: int) -> str:
    return f"flow '{name}', {kind.value} call {number} ({call.name}), seed {seed}"


def _played(found: Found, play: Play, run: Run, wire: Wire, engine: Engine, where: str) -> None:
    folder = run.folder / "flow"
    try:
        found.ahead += play(folder, wire, engine, run.seed).ahead
    except Exception as error:  # noqa: BLE001 - whatever it is, the flow did not end as it must
        found.blame(error, where)
    shutil.rmtree(folder, ignore_errors=True)

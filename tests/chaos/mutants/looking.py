"""How the witnesses look. To be imported only when the bug is in place: this imports the product."""

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.chaos.crash import ground
from tests.chaos.crash.every_flow import EVERY_FLOW
from tests.chaos.crash.wire import Wire
from tests.chaos.mutants.catalogue import Engine, Means, Witness
from tests.chaos.mutants.flows import FLOWS, play_own
from tests.chaos.mutants.meddling import MeddledWire, play_meddled, rivals, stalls
from tests.chaos.mutants.probes import PROBES

TESTS = Path(__file__).parents[2]
_LONGEST = 200

Try = tuple[str, Callable[[], object]]
"""What is tried, in words, and the trial of it, which raises an AssertionError where something is amiss."""


class WitnessError(Exception):
    """The witness could not look: neither is something amiss, nor is nothing."""


def is_shown_elsewhere(witness: Witness) -> bool:
    """Whether another trial, or a test, shows that ``witness`` finds nothing in the product as it is."""
    if witness.means is Means.CRASH:
        return all(name in EVERY_FLOW for name in witness.what)
    return witness.means is Means.TESTS


def first_fault(witness: Witness) -> str | None:
    """What ``witness`` finds amiss first, in a sentence; None: nothing. Raises WitnessError."""
    if witness.means is Means.TESTS:
        return _tests(witness)
    temporary = tempfile.TemporaryDirectory(prefix="tickwell-mutant-", ignore_cleanup_errors=True)
    with temporary as folder, _engine(witness.engine) as engine:
        for name in witness.what:
            for what, attempt in _tries(witness, name, Path(folder), engine):
                try:
                    attempt()
                except AssertionError as error:
                    return f"{what}: {_first_line(error)}"
    return None


@contextlib.contextmanager
def _engine(engine: Engine) -> Iterator[ground.Engine]:
    if engine is Engine.EMBEDDED:
        yield ground.embedded
        return
    with ground.dynamodb() as made:
        yield made


def _tries(witness: Witness, name: str, folder: Path, engine: ground.Engine) -> Iterator[Try]:
    if witness.means is Means.PROBE:
        yield name.replace("_", " "), lambda: PROBES[name](folder, engine)
    elif witness.means is Means.CRASH:
        yield from _crashes(witness, name, folder, engine)
    else:
        yield from _meddlings(witness, name, folder, engine)


def _crashes(witness: Witness, name: str, folder: Path, engine: ground.Engine) -> Iterator[Try]:
    play_it = EVERY_FLOW.get(name) or partial(play_own, name)
    recorded = Wire()
    yield f"{name}, undisturbed", partial(play_it, folder, recorded, engine, 0)
    for number, call, kind in recorded.points():
        if not witness.calls or call.name in witness.calls:
            wire = Wire(kind=kind, at=number)
            yield f"{name}, {kind.value} {number} {call.name}", partial(play_it, folder, wire, engine, number)


def _meddlings(witness: Witness, name: str, folder: Path, engine: ground.Engine) -> Iterator[Try]:
    flow, recorded = FLOWS[name], MeddledWire()
    yield f"{name}, undisturbed", partial(play_meddled, folder, flow, recorded, engine)
    for wire in (rivals if witness.means is Means.RIVAL else stalls)(len(recorded.made)):
        call = recorded.calls[wire.at or 0]
        if not witness.calls or call in witness.calls:
            what = f"{name}, {wire.meddling.value} {wire.at} {call}"
            yield what, partial(play_meddled, folder, flow, wire, engine)


def _first_line(error: AssertionError) -> str:
    return (str(error).splitlines() or ["it does not hold"])[0][:_LONGEST]


class _Failures:
    """Keeps what pytest says of tests that fail."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.passed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.when == "call":
            message = getattr(getattr(report.longrepr, "reprcrash", None), "message", "")
            self.found.append(f"{report.nodeid}: {message.splitlines()[0] if message else 'failed'}"[:_LONGEST])
        self.passed += report.passed and report.when == "call"


def _tests(witness: Witness) -> str | None:
    """Runs tests of the engine in this process, which has the bug."""
    failures = _Failures()
    said = io.StringIO()
    nodes = [str(TESTS / node) for node in witness.what]
    other = Engine.EMBEDDED if witness.engine is Engine.AWS else Engine.AWS
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", f"not {other.value}"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main([*options, *nodes], plugins=[failures])
    if failures.found:
        return failures.found[0]
    if code != pytest.ExitCode.OK or not failures.passed:
        raise WitnessError(f"{witness.name} ended with {code!r}: {said.getvalue()[-2000:]}")
    return None

"""Benches in processes of their own, one after the other: measuring needs a quiet machine."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.benches import MOST_SECONDS, Bench, Run
from tests.bench.machine import machine
from tests.bench.results import Result, text
from tests.limited_process import ended, started

Start = Callable[[Bench, Run, Path], "subprocess.Popen[str]"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A bench that is over; ``fault`` says why it has no result."""

    bench: Bench
    quick: bool
    seconds: float
    result: Result | None = None
    fault: str | None = None

    def lines(self) -> list[str]:
        """What is printed of it."""
        head = f"{self.bench.name} ({self.seconds:.0f} s): {command(self.bench, quick=self.quick)}"
        return [head, *(text(self.result) if self.result is not None else [f"  BROKEN: {self.fault}"])]

    def as_json(self) -> dict[str, Any]:
        """For ``build/bench.json``."""
        told: dict[str, Any] = {
            "command": command(self.bench, quick=self.quick),
            "date": datetime.now(UTC).date().isoformat(),
            "seconds": round(self.seconds, 1),
        }
        return {**told, **(self.result.as_json() if self.result is not None else {"fault": self.fault})}


def command(bench: Bench, *, quick: bool = False) -> str:
    """What makes the figures of ``bench`` anew."""
    return f"make bench ONLY={bench.name}{' QUICK=1' if quick else ''}"


def run_all(
    benches: Sequence[Bench],
    *,
    report: Path,
    quick: bool = False,
    start: Start | None = None,
    most_seconds: float = MOST_SECONDS,
) -> int:
    """Run ``benches``, print their tables, write ``report``; 0 when each came to an end, goals reached or not.

    The report keeps what other benches measured on this machine before. ``start`` begins the process of a bench that
    writes its result to a file. All together are over after ``most_seconds``: whoever is late has no result.
    """
    here = machine()
    print(", ".join(f"{name} {value}" for name, value in here.items()), flush=True)
    began = time.monotonic()
    done: list[Done] = []
    for bench in benches:
        left_seconds = most_seconds - (time.monotonic() - began)
        over = _run(bench, quick=quick, start=start or _start, left_seconds=left_seconds)
        done.append(over)
        print("", *over.lines(), sep="\n", flush=True)
        _write(report, here, over)
    goals = [goal for each in done if each.result is not None for goal in each.result.goals]
    missed = [goal for goal in goals if not goal.is_reached]
    broken = [each.bench.name for each in done if each.result is None]
    reached = f"{len(goals) - len(missed)} of {len(goals)} goals reached"
    seconds = time.monotonic() - began
    print(f"\nbench: {len(done)} benches, {', '.join(broken) or 'none'} broken, {reached}, {seconds:.0f} s")
    for goal in missed:
        print(f"  {goal.line()}")
    return 1 if broken else 0


def _write(report: Path, here: Mapping[str, str], over: Done) -> None:
    before = json.loads(report.read_text()) if report.exists() else {}
    benches = before["benches"] if before.get("machine") == here else {}
    benches[over.bench.name] = over.as_json()
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(f"{json.dumps({'machine': here, 'benches': benches}, indent=2, ensure_ascii=False)}\n")


def _start(bench: Bench, run: Run, result: Path) -> "subprocess.Popen[str]":
    asked = [sys.executable, "-m", "tests.bench", "--only", bench.name, "--result", str(result)]
    return started([*asked, *(["--quick"] if run.quick else [])])


def _run(bench: Bench, *, quick: bool, start: Start, left_seconds: float) -> Done:
    if left_seconds <= 0:
        return Done(bench=bench, quick=quick, seconds=0, fault="no time was left for it")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tickwell-bench-", ignore_cleanup_errors=True) as folder:
        written = Path(folder) / "result.json"
        process = start(bench, Run(folder=Path(folder), quick=quick), written)
        fault: str | None = ended(process, limit_seconds=min(bench.limit_seconds, left_seconds))
        result = None
        if process.returncode == 0 and written.exists():
            fault, result = None, Result.from_json(json.loads(written.read_text()))
    return Done(bench=bench, quick=quick, seconds=time.monotonic() - began, result=result, fault=fault)

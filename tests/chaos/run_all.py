"""Trials in processes of their own, three at a time; see ``python -m tests.chaos``."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.figures import Figures
from tests.chaos.trials import Run, Trial
from tests.limited_process import ended, started

AT_A_TIME = 3
"""One more than the cores of a small machine: some trials mostly wait."""

TOLD = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A trial that is over, however it ended."""

    trial: Trial
    figures: Figures
    seconds: float

    def line(self) -> str:
        """What is printed of it."""
        return f"{self.trial.name}: {self.figures.line()} ({self.seconds:.0f} s)"


Start = Callable[[Trial, Run, Path], "subprocess.Popen[str]"]


def run_all(trials: Sequence[Trial], *, seed: int, short: bool, report: Path, start: Start | None = None) -> int:
    """Run ``trials``, print a line of each, write ``report``; 0 when each was clean.

    ``start`` begins the process of a trial that writes its figures to a file.
    """
    began = time.monotonic()
    print(f"seed {seed}{' (short form)' if short else ''}", flush=True)
    done: list[Done] = []
    printing = threading.Lock()

    def one(trial: Trial) -> None:
        over = _run(trial, seed=seed, short=short, start=start or _start)
        with printing:
            done.append(over)
            print(over.line(), flush=True)
            for fault in list(over.figures.faults)[:TOLD]:
                print(f"    {fault}", flush=True)

    with ThreadPoolExecutor(max_workers=AT_A_TIME) as pool:
        list(pool.map(one, [trial for trial in trials if not trial.alone]))
    for trial in trials:
        if trial.alone:
            one(trial)
    clean = all(each.figures.is_clean for each in done)
    seconds = time.monotonic() - began
    found = sum(not each.figures.is_clean for each in done)
    print(f"chaos: {len(done)} trials, {f'{found} NOT clean' if found else 'all clean'}, seed {seed}, {seconds:.0f} s")
    _write(report, done, seed=seed, short=short, seconds=seconds)
    return 0 if clean else 1


def _write(report: Path, done: Sequence[Done], *, seed: int, short: bool, seconds: float) -> None:
    told = {
        each.trial.name: {**each.figures.as_json(), "clean": each.figures.is_clean, "seconds": round(each.seconds, 1)}
        for each in done
    }
    report.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"seed": seed, "short": short, "seconds": round(seconds, 1), "trials": told}, indent=2)
    report.write_text(f"{text}\n")


def _start(trial: Trial, run: Run, result: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.chaos", "--only", trial.name, "--seed", str(run.seed)]
    # The order of a set is chance, too.
    variables = {"PYTHONHASHSEED": str(run.seed % 2**32)}
    return started([*command, "--result", str(result), *(["--short"] if run.short else [])], variables)


def _run(trial: Trial, *, seed: int, short: bool, start: Start) -> Done:
    """A trial that dies or hangs is a fault, and what it started goes with it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tickwell-chaos-", ignore_cleanup_errors=True) as folder:
        result = Path(folder) / "result.json"
        process = start(trial, Run(seed=seed, short=short, folder=Path(folder)), result)
        what = ended(process, limit_seconds=trial.limit_seconds)
        if process.returncode == 0 and result.exists():
            told = json.loads(result.read_text())
            figures = Figures(counts=told["counts"], zeros=told["zeros"], faults=told["faults"])
        else:
            figures = Figures(counts={}, zeros={"trials that broke": 1}, faults=[what])
    return Done(trial=trial, figures=figures, seconds=time.monotonic() - began)

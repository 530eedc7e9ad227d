"""The runner of ``make chaos``: what it prints, what it writes, and when it fails."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.figures import Figures
from tests.chaos.run_all import run_all
from tests.chaos.trials import Run, Trial

CLEAN = Figures(counts={"points": 1234, "share": 0.25}, zeros={"lost": 0})
LOST = Figures(counts={"points": 3}, zeros={"lost": 1}, faults=["job 7 was lost"])


def started(code: dict[str, str]) -> "Callable[[Trial, Run, Path], subprocess.Popen[str]]":
    """Begins a process that runs the code of the trial; ``RESULT`` in it is where its figures go."""

    def start(trial: Trial, run: Run, result: Path) -> "subprocess.Popen[str]":
        text = code[trial.name].replace("RESULT", repr(str(result))).replace("SEED", str(run.seed))
        return subprocess.Popen(
            [sys.executable, "-c", text],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return start


def writes(figures: Figures) -> str:
    return f"open(RESULT, 'w').write({json.dumps(figures.as_json())!r})"


def run(folder: Path, code: dict[str, str], *, limit_seconds: float = 60) -> tuple[int, dict[str, object]]:
    report = folder / "build" / "chaos.json"
    trials = [Trial(name=name, function="no:where", limit_seconds=limit_seconds) for name in code]
    failed = run_all(trials, seed=42, short=False, report=report, start=started(code))
    return failed, json.loads(report.read_text())


def test_it_prints_a_line_for_each_trial_and_the_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed, report = run(tmp_path, {"one": writes(CLEAN), "two": writes(CLEAN)})
    assert failed == 0
    printed = capsys.readouterr().out
    assert printed.startswith("seed 42\n")
    assert "one: points 1,234, share 0.2, lost 0 (" in printed
    assert "two: points 1,234" in printed
    assert "chaos: 2 trials, all clean, seed 42" in printed
    assert report["seed"] == 42


def test_a_figure_that_is_not_zero_fails_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed, report = run(tmp_path, {"one": writes(CLEAN), "two": writes(LOST)})
    assert failed == 1
    assert "\n    job 7 was lost\n" in capsys.readouterr().out
    trials = report["trials"]
    assert isinstance(trials, dict)
    assert (trials["one"]["clean"], trials["two"]["clean"]) == (True, False)
    assert trials["two"]["faults"] == ["job 7 was lost"]


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("raise SystemExit('broken')", "it ended with code 1: broken"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "it ended with code -9"),
        ("print('no figures')", "it ended with code 0: no figures"),
    ],
)
def test_a_trial_that_dies_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, word: str) -> None:
    failed, _ = run(tmp_path, {"one": code})
    assert failed == 1
    printed = capsys.readouterr().out
    assert "trials that broke 1" in printed
    assert word in printed


def test_a_trial_that_hangs_is_ended_with_what_it_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    failed, _ = run(tmp_path, {"one": child}, limit_seconds=2)
    assert failed == 1
    assert "it took longer than 2 s" in capsys.readouterr().out


def test_figures_with_a_fault_are_not_clean_although_all_zeros_are() -> None:
    assert CLEAN.is_clean
    assert not Figures(counts={}, zeros={"lost": 0}, faults=["something else"]).is_clean

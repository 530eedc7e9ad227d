"""The runner of ``make bench``: what it prints and writes, when it fails, and how it fills the documentation."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.bench import run_all as runner
from tests.bench.benches import BENCHES, Bench, Run
from tests.bench.docs import filled, write_docs
from tests.bench.results import Goal, Result, Table, written
from tests.limited_process import started

TABLE = Table(title="Speed", columns=["who", "jobs/s", "us"], rows=[["ours", 12345, 80.25], ["theirs", 99, None]])
REACHED = Result(tables=[TABLE], goals=[Goal(name="jobs/s", figure=12345, at_least=12_000)])
MISSED = Result(tables=[TABLE], goals=[Goal(name="us", figure=80.25, at_most=75)])


def writes(result: Result) -> str:
    return f"open(RESULT, 'w').write({json.dumps(result.as_json())!r})"


def run(
    folder: Path, code: Mapping[str, str], *, limit_seconds: float = 60, most_seconds: float = 60
) -> tuple[int, dict[str, Any]]:
    report = folder / "build" / "bench.json"
    limits = {"one": limit_seconds}
    benches = [Bench(name=name, function="no:where", limit_seconds=limits.get(name, 60)) for name in code]

    def start(bench: Bench, run: Run, result: Path) -> Any:
        assert run.folder.is_dir()
        return started([sys.executable, "-c", code[bench.name].replace("RESULT", repr(str(result)))])

    failed = runner.run_all(benches, report=report, start=start, most_seconds=most_seconds)
    return failed, json.loads(report.read_text())


def test_it_prints_tables_and_goals_and_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed, report = run(tmp_path, {"one": writes(REACHED), "two": writes(MISSED)})
    assert failed == 0
    printed = capsys.readouterr().out
    assert "    who     jobs/s    us\n    ours    12,345  80.2\n    theirs      99     -\n" in printed
    assert "goal: jobs/s: 12,345 (goal ≥ 12,000): reached" in printed
    assert "bench: 2 benches, none broken, 1 of 2 goals reached" in printed
    assert "  us: 80.2 (goal ≤ 75): NOT reached" in printed
    assert report["machine"]["cores"]
    assert report["benches"]["one"]["command"] == "make bench ONLY=one"
    assert report["benches"]["one"]["goals"][0]["reached"] is True
    assert Result.from_json(report["benches"]["two"]).as_json() == MISSED.as_json()


def test_benches_run_one_after_the_other(tmp_path: Path) -> None:
    alone = f"import os; os.mkdir({str(tmp_path / 'busy')!r}); {writes(REACHED)}; os.rmdir({str(tmp_path / 'busy')!r})"
    failed, _ = run(tmp_path, {"one": alone, "two": alone, "three": alone})
    assert failed == 0


@pytest.mark.parametrize(
    ("code", "limit_seconds", "word"),
    [
        ("raise SystemExit('broken')", 60, "BROKEN: it ended with code 1: broken"),
        ("print('no result')", 60, "BROKEN: it ended with code 0: no result"),
        ("import time; time.sleep(600)", 2, "BROKEN: it took longer than 2 s"),
    ],
)
def test_a_bench_without_a_result_fails_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, limit_seconds: float, word: str
) -> None:
    failed, report = run(tmp_path, {"one": code, "two": writes(REACHED)}, limit_seconds=limit_seconds)
    assert failed == 1
    assert word in capsys.readouterr().out
    assert "fault" in report["benches"]["one"]
    assert "tables" in report["benches"]["two"]


def test_all_benches_together_have_so_much_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed, report = run(tmp_path, {"one": "import time; time.sleep(600)", "two": writes(REACHED)}, most_seconds=1)
    assert failed == 1
    assert "it took longer than 1 s" in report["benches"]["one"]["fault"]
    assert report["benches"]["two"]["fault"] == "no time was left for it"
    assert "2 benches, one, two broken" in capsys.readouterr().out


def test_the_report_keeps_what_was_measured_here_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, {"one": writes(REACHED)})
    assert sorted(run(tmp_path, {"two": writes(REACHED)})[1]["benches"]) == ["one", "two"]
    monkeypatch.setattr(runner, "machine", lambda: {"processor": "another"})
    assert sorted(run(tmp_path, {"three": writes(REACHED)})[1]["benches"]) == ["three"]


def test_documentation_is_filled_between_its_marks(tmp_path: Path) -> None:
    run(tmp_path, {"one": writes(REACHED)})
    page = tmp_path / "performance.md"
    page.write_text(
        "# Speed\n<!-- bench:one -->\nold\n<!-- /bench:one -->\n<!-- bench:two -->\nkept\n<!-- /bench:two -->\n"
    )
    said = write_docs(tmp_path / "build" / "bench.json", tmp_path)
    once = page.read_text()
    assert [line.partition(": ")[2] for line in said] == ["filled one", "nothing was measured for two"]
    assert "old" not in once
    assert "| who | jobs/s | us |\n|---|--:|--:|\n| ours | 12,345 | 80.2 |\n" in once
    assert "- Goal: jobs/s: 12,345 (goal ≥ 12,000): reached\n<!-- /bench:one -->\n" in once
    assert "<!-- bench:two -->\nkept\n" in once
    write_docs(tmp_path / "build" / "bench.json", tmp_path)
    assert page.read_text() == once


def test_the_machine_has_its_place() -> None:
    page = "<!-- bench:machine -->\n<!-- /bench:machine -->"
    assert filled(page, {"machine": {"cores": "2"}, "benches": {}})[0].splitlines()[1] == "cores 2."


def test_a_row_must_fit_its_columns() -> None:
    with pytest.raises(ValueError, match="Speed: a row of 1 under 2 columns"):
        Table(title="Speed", columns=["who", "jobs/s"], rows=[["ours"]])


@pytest.mark.parametrize(
    ("cell", "text"), [(1234.5, "1,234"), (12.34, "12.3"), (0.123, "0.12"), (None, "-"), ("x", "x")]
)
def test_figures_are_written_to_be_read(cell: float | str | None, text: str) -> None:
    assert written(cell) == text


def test_benches_have_names_of_their_own_and_exist() -> None:
    assert len({bench.name for bench in BENCHES}) == len(BENCHES)
    for bench in BENCHES:
        module = bench.function.partition(":")[0]
        assert Path(*module.split(".")).with_suffix(".py").exists(), module

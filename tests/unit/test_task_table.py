"""The README's table of tasks: what a task's defaults become in words."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tickwell.application.task import Task, TaskRegistry
from tickwell.domain.retry import OnLost, Policy, RetryPolicy, RetryStrategy
from tickwell.tasks.echo import ECHO
from tickwell.tasks.readme import BEGIN, END, main, table

FIXED = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=5)
GROWING = RetryPolicy(strategy=RetryStrategy.EXPONENTIAL, delay_seconds=10, max_delay_seconds=600, jitter=0.2)


def row(task: Task[Any]) -> str:
    return table(TaskRegistry([task])).splitlines()[2]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy(), "300 s, 3 retries after 1, 5, 15 minutes"),
        (Policy(max_retries=0, timeout_seconds=60), "60 s, no retries"),
        (Policy(max_retries=1), "300 s, 1 retry after 1 minute"),
        (Policy(retry=FIXED), "300 s, 3 retries after 5 seconds each"),
        (Policy(retry=GROWING), "300 s, 3 retries after 10, 20, 40 seconds ± 20 %"),
        (Policy(retry=GROWING, max_retries=9), "300 s, 9 retries after 10, 20, 40, 80, 160 … seconds ± 20 %"),
        (Policy(on_lost=OnLost.FAIL, max_retries=0), "300 s, no retries, never twice"),
    ],
)
def test_a_policy_in_words(policy: Policy, words: str) -> None:
    assert row(replace(ECHO, policy=policy)) == f"| `echo` | Returns its payload. | any JSON | {words} |"


def test_required_fields_come_first_and_where_it_runs_last() -> None:
    schema: dict[str, Any] = {"properties": {"a": {}, "b": {}, "c": {}}, "required": ["b"]}
    task = replace(ECHO, payload_schema=lambda: schema, heavy=True, queue="kitchen", summary="A | B.")
    expected = "300 s, 3 retries after 1, 5, 15 minutes, queue `kitchen`, heavy lane"
    assert row(task) == rf"| `echo` | A \| B. | `b`; optional `a`, `c` | {expected} |"


def test_a_long_payload_is_cut() -> None:
    schema: dict[str, Any] = {"properties": {f"f{number}": {} for number in range(20)}}
    assert "`f11` … |" in row(replace(ECHO, payload_schema=lambda: schema))


def test_the_table_is_written_between_the_markers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "README.md"
    document.write_text(f"before\n{BEGIN}old\n{END}after\n")
    assert main([str(document), "--check"]) == 1
    assert "run make readme" in capsys.readouterr().err
    assert main([str(document)]) == 0
    assert main([str(document), "--check"]) == 0
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "`http_request`" in text
    document.write_text("no markers")
    with pytest.raises(ValueError, match="has no lines"):
        main([str(document)])

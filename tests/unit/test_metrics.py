"""What CloudWatch is told, as its Embedded Metric Format wants it."""

import json
from typing import Any

from tests.doubles import NOON, FakeClock
from tickwell.application.execute_batch import BatchReport
from tickwell.application.safety_sync import SyncReport
from tickwell.domain.instant import to_epoch_ms
from tickwell.metrics import Metrics


def told(tell: Any) -> list[Any]:
    lines: list[str] = []
    tell(Metrics(stage="prod", clock=FakeClock(), write=lines.append))
    return [json.loads(line) for line in lines]


def test_a_repair_is_told_with_its_stage_and_instant() -> None:
    report = SyncReport(swept=9, checked=9, resent=3, recovered=2, behind=1, unavailable=1)
    assert told(lambda metrics: metrics.of_sync(report)) == [
        {
            "_aws": {
                "Timestamp": to_epoch_ms(NOON),
                "CloudWatchMetrics": [
                    {
                        "Namespace": "Tickwell",
                        "Dimensions": [["Stage"]],
                        "Metrics": [
                            {"Name": "Recovered", "Unit": "Count"},
                            {"Name": "Unfinished", "Unit": "Count"},
                        ],
                    }
                ],
            },
            "Stage": "prod",
            "Recovered": 5,
            "Unfinished": 2,
        }
    ]


def test_what_is_zero_is_not_told_and_costs_nothing() -> None:
    assert told(lambda metrics: metrics.of_sync(SyncReport(swept=5, checked=7, carried=2, let_go=1))) == []
    assert told(lambda metrics: metrics.of_batch(BatchReport(stale=3))) == []
    (line,) = told(lambda metrics: metrics.of_batch(BatchReport(missed=4)))
    assert (line["Missed"], "Late" in line) == (4, False)


def test_a_line_goes_to_stdout_by_itself(capsys: Any) -> None:
    Metrics(stage="prod", clock=FakeClock()).of_batch(BatchReport(late=2))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["Late"] == 2

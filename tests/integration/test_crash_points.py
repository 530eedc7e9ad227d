"""A process may die, and a service may fail, at every call of a port: whatever was accepted still ends rightly.

Each flow is run once to record the calls that it makes, and then once for each of them and each way to fail there: here
for some of them, and for all of them in ``make chaos``.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.crash import lab as lab_module
from tests.chaos.crash.every_flow import EVERY_FLOW
from tests.chaos.crash.far import CAMPAIGN_FLOWS
from tests.chaos.crash.flows import in_queue, work
from tests.chaos.crash.ground import Ground, Row, dynamodb, embedded
from tests.chaos.crash.lab import Lab, new_lab
from tests.chaos.crash.ports import unwatched
from tests.chaos.crash.settled import require_settled
from tests.chaos.crash.trial import Shares, explore
from tests.chaos.crash.verdicts import Duplicated, Lost, Orphan, Wrong
from tests.chaos.crash.wire import Wire
from tests.chaos.trials import Run

SOME = Shares(crashes=0.08, fails=0.08)
FEW = Shares(crashes=0.01, fails=0.01)
QUICK = {name: play for name, play in EVERY_FLOW.items() if name not in CAMPAIGN_FLOWS}
ON_DYNAMODB = {name: QUICK[name] for name in list(QUICK)[::8]}


def test_whatever_breaks_on_sqlite_every_job_still_ends_rightly(tmp_path: Path) -> None:
    figures = explore(Run(seed=1, short=False, folder=tmp_path), embedded, QUICK, SOME)
    assert figures.is_clean, "\n".join(figures.faults)


def test_whatever_breaks_on_dynamodb_every_job_still_ends_rightly(tmp_path: Path) -> None:
    with dynamodb() as engine:
        figures = explore(Run(seed=1, short=False, folder=tmp_path), engine, ON_DYNAMODB, FEW)
    assert figures.is_clean, "\n".join(figures.faults)


def test_a_port_that_is_not_watched_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unwatched(tmp_path, embedded) == []
    monkeypatch.setattr(lab_module, "watched_fields", lambda _wire, stores: stores)
    assert {"EmbeddedJobStore", "EmbeddedDueItems", "EmbeddedWebhookStore"} <= set(unwatched(tmp_path, embedded))


def _sqlite(lab: Lab, statement: str) -> None:
    jobs: Any = lab.ground.stores.jobs
    with jobs._database.transaction() as cursor:
        cursor.execute(statement)


WRONGS: dict[str, tuple[type[Wrong], str]] = {
    "a permit that is held": (
        Orphan,
        """UPDATE gates SET document = '{"v":1,"free":0,"permits":[["x",9999999999999]]}'""",
    ),
    "a place in a waiting list": (
        Orphan,
        "INSERT INTO parked SELECT tenant_id, 'images', 0, job_id, 1, 1, '{}' FROM jobs LIMIT 1",
    ),
    "a key of another's job": (
        Orphan,
        "INSERT INTO caller_keys SELECT tenant_id, 'k', job_id, NULL, 0 FROM jobs LIMIT 1",
    ),
    "a wrong count": (Orphan, "UPDATE job_counts SET jobs = jobs + 1"),
    "a dead letter that was not written": (Lost, "UPDATE jobs SET executions = executions - 1"),
    "an execution that was counted twice": (Duplicated, "UPDATE jobs SET executions = executions + 1"),
}


@pytest.mark.parametrize("name", WRONGS)
def test_what_does_not_belong_there_is_found(tmp_path: Path, name: str) -> None:
    verdict, statement = WRONGS[name]
    lab, close = new_lab(tmp_path, Wire())
    in_queue(2, concurrency=1)(lab)
    work(lab)
    require_settled(lab)
    _sqlite(lab, statement)
    with pytest.raises(verdict):
        require_settled(lab)
    close()


def test_a_kind_of_row_that_nobody_explains_is_found(tmp_path: Path) -> None:
    def more(wire: Wire) -> Ground:
        ground = embedded(wire)
        rows: Callable[[], list[Row]] = ground.rows
        return replace(ground, rows=lambda: [*rows(), Row(kind="new_table", values={})])

    lab, close = new_lab(tmp_path, Wire(), more)
    with pytest.raises(Orphan, match="new_table"):
        require_settled(lab)
    close()

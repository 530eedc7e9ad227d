"""The bench beside other queues: Tickwell's side of it, and what is made of figures. Others are not installed here."""

from pathlib import Path

import pytest

from tests.bench.peers import field
from tests.bench.peers.field import FIELD, TICKWELL, Runner, installed
from tests.bench.peers.running import PeerFailedError, Took, submit, work
from tests.bench.peers.stores import store
from tests.bench.peers.survival import done
from tests.bench.peers.trial import Measured, _goals, _speed

PROGRAMS = Path(field.__file__).parent / "programs"


@pytest.fixture(scope="module")
def tickwell() -> Runner:
    return installed(TICKWELL)


def took(jobs: int, seconds: float) -> Took:
    return Took(jobs=jobs, seconds=seconds, cpu_seconds=seconds / 2, broker_cpu_seconds=0)


def test_tickwell_submits_and_works(tmp_path: Path, tickwell: Runner) -> None:
    with store(tmp_path, None) as own:
        assert submit(tickwell, own, "submit-one", 5).jobs == 5
        assert submit(tickwell, own, "submit-many", 35).jobs == 35
        worked = work(tickwell, own, 40, warm=10)
    assert worked.jobs == 30
    assert worked.per_second > 1
    assert worked.cpu_seconds > 0


def test_a_program_that_fails_is_told_with_its_last_words(tmp_path: Path, tickwell: Runner) -> None:
    with (
        store(tmp_path, None) as own,
        pytest.raises(PeerFailedError, match=r"(?s)Tickwell: no dance in time: .*KeyError"),
    ):
        submit(tickwell, own, "dance", 1)


def test_goals_are_ratios_of_medians() -> None:
    speeds = {"Tickwell": (9_000, 12_000, 15_000), "huey": (2_000, 3_000, 9_000), "RQ": (1, 2, 3), "BullMQ": (16_000,)}
    measured = {name: Measured(worked=[took(jobs, 1.0) for jobs in those]) for name, those in speeds.items()}
    goals = {goal.name: goal for goal in _goals(measured)}
    assert goals["jobs/s with one worker process"].figure == 12_000
    assert goals["times the best Python queue (huey)"].figure == 4
    assert goals["times BullMQ"].figure == 0.75
    assert [goal.is_reached for goal in goals.values()] == [True, True, False]


def test_the_table_tells_what_is_missing() -> None:
    measured = {"Tickwell": Measured(worked=[took(100, 0.01)]), "huey": Measured(faults=["huey: no work in time"])}
    table = _speed(measured, {"BullMQ": "Node.js is not there"})
    assert [row[:6] for row in table.rows] == [
        ["Tickwell", "SQLite", 10_000, 50, None, 50],
        ["huey", "SQLite", None, None, None, None],
    ]
    assert "BullMQ was not measured: Node.js is not there" in table.notes
    assert "A repeat failed: huey: no work in time" in table.notes


def test_the_table_says_who_is_ahead_and_in_what() -> None:
    ours = Measured(worked=[took(100, 0.01)], singly=[took(100, 0.1)])
    bullmq = Measured(worked=[took(100, 0.02)], singly=[took(100, 0.01)], in_bulk=[took(100, 0.01)])
    notes = _speed({"Tickwell": ours, "BullMQ": bullmq}, {}).notes
    assert [note for note in notes if note.startswith("Ahead")] == [
        "Ahead of Tickwell in submitting one by one: BullMQ."
    ]
    notes = _speed({"Tickwell": bullmq, "BullMQ": ours}, {}).notes
    assert [note for note in notes if note.startswith("Ahead")] == [
        "Ahead of Tickwell in jobs/s: BullMQ.",
        "Ahead of Tickwell in CPU per job: BullMQ.",
    ]


def test_jobs_that_were_done_are_counted(tmp_path: Path) -> None:
    log = tmp_path / "done.log"
    assert not done(log)
    log.write_text("1\n2\n2\n")
    assert done(log) == {1: 1, 2: 2}


def test_each_peer_has_its_program_and_its_name() -> None:
    assert all((PROGRAMS / peer.program).exists() for peer in FIELD)
    assert len({peer.name for peer in FIELD}) == len(FIELD)

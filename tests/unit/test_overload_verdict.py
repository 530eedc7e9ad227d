"""The trials of overload see what is wrong: each of their zeros can be something else."""

import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.figures import Figures
from tests.chaos.overload.machine import Ticks, ticks
from tests.chaos.overload.on_aws import Cost
from tests.chaos.overload.records import Attempt, Records, most_at_once
from tests.chaos.overload.speakers import Bystander, Calls, Hammer
from tests.chaos.overload.verdict import Phase, Told, Watched, confirmed, judged
from tests.server_process import ServerProcess

PROCESS: Any = None
SERVER = ServerProcess(process=PROCESS, url="")


def attempt(job_id: str, begun_ms: int, ended_ms: int, *, limited: bool = True) -> Attempt:
    return Attempt(job_id=job_id, due_ms=0, begun_ms=begun_ms, ended_ms=ended_ms, is_limited=limited)


def told(**changes: Any) -> Told:
    fields: dict[str, Any] = {
        "bystander": Bystander(server=SERVER, calls=Calls(taken=[(1.0, 0.1)]), job_ids=["mine"]),
        "hammer": Hammer(server=SERVER),
        "watched": Watched(memory_mb=[100.0, 120.0], waiting=[7]),
        "phases": [Phase(name="idle", begun=0.0, ended=0.9), Phase(name="full", begun=0.9, ended=10.0)],
        "accepted": 4,
        "far": 1,
        "idle_mb": 100.0,
        "after_mb": 110.0,
        "lifted_ms": 1000,
    }
    return Told(**fields | changes)


FOUND = Records(
    jobs=5,
    waiting=1,
    undone=[],
    attempts=[
        attempt("mine", 500, 501, limited=False),
        *(attempt(f"limited-{n}", 10, 20) for n in range(3)),
        *(attempt(f"later-{n}", 1001, 1002) for n in range(9)),
    ],
)


def caught(told: Told, found: Records) -> dict[str, int]:
    figures = judged(told, found)
    assert figures.is_clean == (not figures.faults)
    return {name: count for name, count in figures.zeros.items() if count}


def test_what_is_as_it_must_be_is_clean() -> None:
    figures = judged(told(), FOUND)
    assert figures.is_clean
    assert (figures.counts["most at once"], figures.counts["p99 full ms"], figures.counts["latest start ms"]) == (
        3,
        100.0,
        500.0,
    )


@pytest.mark.parametrize(
    ("changes", "zero"),
    [
        ({"accepted": 5}, {"lost": 1}),
        ({"far": 2}, {"lost": 1}),
        ({"watched": Watched(memory_mb=[257.0])}, {"MB over the bound": 1}),
        ({"watched": Watched(memory_mb=[100.0], complaints=["an error"])}, {"complaints": 1}),
        ({"watched": Watched(memory_mb=[100.0], resent=[40, 41, 0])}, {"backlog sent again": 41}),
        (
            {"bystander": Bystander(server=SERVER, calls=Calls(taken=[(1.0, 1.5)]), job_ids=["mine"])},
            {"phases too slow": 1},
        ),
        (
            {
                "bystander": Bystander(
                    server=SERVER, calls=Calls(taken=[(1.0, 0.1)] * 200 + [(2.0, 6.0)]), job_ids=["a"]
                )
            },
            {"phases too slow": 1},
        ),
        ({"hammer": Hammer(server=SERVER, calls=Calls(refused=["503"]))}, {"not answered": 1}),
    ],
)
def test_what_the_server_did_wrong_is_seen(changes: dict[str, Any], zero: dict[str, int]) -> None:
    assert caught(told(**changes), FOUND) == zero


def test_a_machine_that_is_slow_when_idle_may_be_slow_under_load() -> None:
    calls = Calls(taken=[(0.1, 0.1), (1.0, 1.9)])
    slow = told(bystander=Bystander(server=SERVER, calls=calls, job_ids=["mine"]))
    late = replace(FOUND, attempts=[attempt("mine", 9_900, 9_901, limited=False)])
    assert not caught(slow, late)
    assert caught(told(), late) == {"late starts": 1}
    assert caught(slow, replace(FOUND, attempts=[attempt("mine", 10_100, 10_101)])) == {"late starts": 1}


def test_one_long_answer_of_a_machine_that_is_slow_when_idle_is_no_fault() -> None:
    under_load = [(1.0, 0.1)] * 200
    for longest, zero in ((6.0, {}), (7.1, {"phases too slow": 1})):
        calls = Calls(taken=[(0.1, 0.07), *under_load, (2.0, longest)])
        assert caught(told(bystander=Bystander(server=SERVER, calls=calls, job_ids=["mine"])), FOUND) == zero


def test_a_machine_that_others_slow_down_may_be_slow_for_as_long_as_they_do() -> None:
    slow = Bystander(server=SERVER, calls=Calls(taken=[(0.1, 0.01), (1.0, 3.9), (5.0, 0.9)]), job_ids=["mine"])
    late = replace(FOUND, attempts=[attempt("mine", 11_900, 11_901, limited=False)])
    phases = [Phase(name="idle", begun=0.0, ended=0.9), Phase(name="full", begun=0.9, ended=4.0, times_slower=4.0)]
    more = [*phases, Phase(name="draining", begun=4.0, ended=9.0)]
    assert not caught(told(bystander=slow, phases=more), late)
    assert caught(told(bystander=slow), late) == {"phases too slow": 1, "late starts": 1}
    slow.calls.taken.append((5.1, 1.1))
    assert caught(told(bystander=slow, phases=more), late) == {"phases too slow": 1}


def test_what_others_take_makes_all_slower_and_what_the_trial_takes_does_not() -> None:
    before = Ticks(whole=1000, busy=500, ours=100)
    assert Ticks(whole=1200, busy=700, ours=300).times_slower(before) == 1.0
    assert Ticks(whole=1200, busy=700, ours=150).times_slower(before) == 4.0
    assert Ticks().times_slower(Ticks()) == 1.0


def test_what_is_ours_is_what_this_process_and_its_children_take() -> None:
    before = ticks()
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    with subprocess.Popen([sys.executable, "-c", burn]):
        while ticks().ours - before.ours < 15:
            time.sleep(0.01)
    assert ticks().ours - before.ours >= 15


@pytest.mark.parametrize(
    ("changes", "zero"),
    [
        ({"undone": ["limited-1"]}, {"undone": 1}),
        ({"jobs": 4}, {"lost": 1}),
        ({"attempts": [attempt("mine", 3001, 3002, limited=False)]}, {"late starts": 1}),
        ({"attempts": [attempt(f"limited-{n}", 10, 20) for n in range(5)]}, {"over the limit": 2}),
    ],
)
def test_what_its_records_say_is_seen(changes: dict[str, Any], zero: dict[str, int]) -> None:
    assert caught(told(), replace(FOUND, **changes)) == zero


def test_one_that_begins_when_another_ends_runs_alone() -> None:
    assert most_at_once([attempt("a", 0, 10), attempt("b", 10, 20), attempt("c", 20, 20)]) == 1
    assert most_at_once([attempt("a", 0, 11), attempt("b", 10, 20), attempt("c", 10, 10)]) == 3


@pytest.mark.parametrize(("calls", "rows"), [({"Query": 130}, {"Query": 65}), ({"Query": 18}, {"Query": 3000})])
def test_what_grows_with_what_waits_is_dearer(calls: dict[str, int], rows: dict[str, int]) -> None:
    few = Cost(calls={"Query": 17}, rows={"Query": 65})
    assert Cost(calls=calls, rows=rows).is_dearer_than(few)
    assert not Cost(calls={"Query": 18}, rows={"Query": 70}).is_dearer_than(few)


def found_one_after_the_other(*each: Figures) -> Figures:
    return confirmed(lambda number: each[number - 1])


CLEAN = Figures(counts={"jobs": 5}, zeros={"lost": 0, "late starts": 0})
SLOW = Figures(counts={"jobs": 5}, zeros={"lost": 0, "late starts": 1}, faults=["a job began 3.8 s late"])
LOST = Figures(counts={"jobs": 4}, zeros={"lost": 1, "late starts": 1}, faults=["a job is lost", "another was late"])


def test_a_server_that_is_slow_twice_is_slow_and_a_machine_that_was_busy_for_once_is_none() -> None:
    assert found_one_after_the_other(CLEAN) is CLEAN
    assert found_one_after_the_other(LOST) is LOST
    assert not found_one_after_the_other(SLOW, SLOW).is_clean
    assert not found_one_after_the_other(SLOW, LOST).is_clean
    again = found_one_after_the_other(SLOW, CLEAN)
    assert again.is_clean
    assert again.counts == {"jobs": 5, "slow before": "a job began 3.8 s late"}

"""What the trial of kills takes for a breach, and which figure tells it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.chaos.kills.disk import Disk
from tests.chaos.kills.load import GRID, OCCURRENCES, Answers, told_due
from tests.chaos.kills.receiver import OK, ONCE, Receiver
from tests.chaos.kills.verdict import Attempt, Left, Verdict, read
from tickwell.adapters.embedded.database import Database
from tickwell.domain.instant import from_epoch_ms, iso
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.messages import encode_job_message

GRID_MS = int(GRID.total_seconds() * 1000)
DONE = Attempt(number=1, status="success", then="completed", code=None)
LOST = Attempt(number=1, status="lost", then="retry", code="WORKER_LOST")
REFUSED = Attempt(number=1, status="failed", then="give up", code="HTTP_STATUS")
RECORD = "INSERT INTO executions (tenant_id, job_id, due_ms, attempt, expires_ms, summary, outcome) VALUES "
SUMMARY_WITH_BLOB = '{"status": "success", "then": ["completed"], "blob": "tenants/t/x.json"}'
MESSAGE = JobMessage(
    tenant_id="t",
    job_id="j",
    version=1,
    due_at=from_epoch_ms(0),
    attempt=1,
    run_at=from_epoch_ms(0),
    lane=Lane.MEDIUM,
    recurring=False,
)
DUE = [GRID_MS * number for number in range(OCCURRENCES)]


def key(job_id: str, due_ms: int = 0) -> str:
    return f"{job_id}-{due_ms:012x}"


def clean() -> Verdict:
    """A call, a job that is refused for good, one that must not run twice, and a recurring one."""
    recurring = {("r", due_ms): [DONE] for due_ms in DUE[1:]}
    left = Left(
        names={"c": "call-1", "d": "doomed-2", "o": "once-3", "r": "recurring-4"},
        statuses={"c": "completed", "d": "failed", "o": "completed", "r": "completed"},
        totals={"c": (2, 1, 1), "d": (1, 0, 0), "o": (1, 1, 0), "r": (OCCURRENCES - 1, OCCURRENCES - 1, 0)},
        occurrences={
            ("c", 0): [LOST, replace(DONE, number=2)],
            ("d", 0): [REFUSED],
            ("o", 0): [DONE],
            **recurring,
        },
        skipped={"r": [(0, 0)]},
        failed=frozenset({"d"}),
        unreadable=[],
        remains=[],
        miscounted=[],
    )
    seen = Counter([key("c"), key("c"), key("d"), *(key("r", due_ms) for due_ms in DUE[1:])])
    receiver = Receiver(keys={OK: seen, ONCE: Counter([key("o")])}, told=Counter(["d"]))
    told = {"r": [(0, 0, "skipped"), *((due_ms, due_ms, "executed") for due_ms in DUE[1:])]}
    accepted = {name: job_id for job_id, name in left.names.items()}
    answers = Answers(accepted=accepted, due={"recurring-4": (DUE[0], DUE[-1])})
    return Verdict(left=left, answers=answers, receiver=receiver, told=told)


def breaches(verdict: Verdict) -> list[str]:
    parts: list[Callable[[], Iterator[str]]] = [verdict.lost, verdict.twice, verdict.never_seen, verdict.orphans]
    return [part.__name__ for part in parts for _ in part()]


def with_left(verdict: Verdict, **changes: Any) -> Verdict:
    return replace(verdict, left=replace(verdict.left, **changes))


def with_attempts(verdict: Verdict, occurrence: tuple[str, int], *attempts: Attempt) -> Verdict:
    return with_left(verdict, occurrences={**verdict.left.occurrences, occurrence: list(attempts)})


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert breaches(clean()) == []


def test_a_job_that_is_gone_or_goes_on_or_fails_for_no_reason_is_lost() -> None:
    verdict = clean()
    for status in ("active", "failed"):
        assert "lost" in breaches(with_left(verdict, statuses={**verdict.left.statuses, "c": status}))
    gone = {job_id: status for job_id, status in verdict.left.statuses.items() if job_id != "c"}
    assert "lost" in breaches(with_left(verdict, statuses=gone))


def test_an_instant_without_an_outcome_or_with_two_is_lost() -> None:
    verdict = clean()
    entries = verdict.told["r"]
    for told in (entries[1:], [*entries[:2], *entries[1:]], [*entries[:-1], (DUE[-1], DUE[-1], "waiting")]):
        assert "lost" in breaches(replace(verdict, told={"r": told}))


def test_a_recurring_job_whose_request_was_late_has_what_is_left_of_its_schedule() -> None:
    verdict = clean()
    occurrences = {key: attempts for key, attempts in verdict.left.occurrences.items() if key != ("r", DUE[1])}
    totals = {**verdict.left.totals, "r": (OCCURRENCES - 2, OCCURRENCES - 2, 0)}
    late = with_left(verdict, occurrences=occurrences, skipped={}, totals=totals)
    late = replace(late, told={"r": verdict.told["r"][2:]})
    verdict.receiver.keys[OK][key("r", DUE[1])] = 0
    assert "lost" in breaches(late)
    late.answers.due["recurring-4"] = told_due(
        {"end_at": iso(from_epoch_ms(DUE[-1]))}, {"next_run": iso(from_epoch_ms(DUE[2]))}
    )
    assert "lost" not in breaches(late)


def test_a_job_that_has_ended_when_its_answer_is_repeated_may_have_had_any_beginning() -> None:
    verdict = clean()
    verdict.answers.due["recurring-4"] = told_due({"end_at": iso(from_epoch_ms(DUE[-1]))}, {"next_run": None})
    assert breaches(verdict) == []


def test_a_failure_that_nobody_was_told_of_is_lost() -> None:
    verdict = clean()
    verdict.receiver.told.clear()
    assert breaches(verdict) == ["lost"]


@pytest.mark.parametrize(
    "attempts",
    [(DONE, replace(DONE, number=2)), (DONE, replace(LOST, number=2)), (LOST,), (replace(DONE, number=2),)],
)
def test_an_occurrence_has_one_end_and_nothing_after_it(attempts: tuple[Attempt, ...]) -> None:
    assert "twice" in breaches(with_attempts(clean(), ("c", 0), *attempts))


def test_a_request_makes_one_job_and_a_refused_one_none() -> None:
    verdict = clean()
    assert "twice" in breaches(with_left(verdict, names={**verdict.left.names, "e": "call-1"}))
    verdict.answers.late.append("call-1")
    assert breaches(verdict) == ["twice"]


def test_what_must_not_run_twice_is_called_once_and_a_narrow_queue_stays_narrow() -> None:
    verdict = clean()
    verdict.receiver.keys[ONCE][key("o")] += 1
    verdict.receiver.most_at_once = 4
    assert breaches(verdict) == ["twice", "twice"]


def test_each_call_that_counts_as_done_was_seen_and_each_that_was_seen_is_known() -> None:
    verdict = clean()
    verdict.receiver.keys[OK][key("c")] = 0
    verdict.receiver.keys[OK][key("nobody")] = 1
    assert breaches(verdict) == ["never_seen", "never_seen"]


def test_leftovers_and_wrong_counts_are_orphans() -> None:
    verdict = with_left(clean(), remains=["messages left: x"], miscounted=["job_counts: y"])
    assert breaches(with_left(verdict, totals={**verdict.left.totals, "c": (2, 2, 0)})) == ["orphans"] * 3


def test_what_is_left_and_miscounted_is_read_from_the_database(tmp_path: Path) -> None:
    path = tmp_path / "tickwell.db"
    database = Database(path)
    with database.transaction() as cursor:
        cursor.execute("INSERT INTO queue_messages (queue, group_id, body, visible_at) VALUES ('q', 'g', 'b', 0)")
        cursor.execute("INSERT INTO job_counts VALUES ('t', 'q', 'high', 'active', 0, 1)")
        cursor.execute(f"{RECORD} ('t', 'j', 0, 1, 0, ?, '{{}}')", [SUMMARY_WITH_BLOB])
    database.close()
    left = read(path)
    assert len(left.unreadable) == 1
    assert left.remains == ["messages left: q b"]
    assert [what.partition(":")[0] for what in left.miscounted] == ["job_counts"]


def test_a_message_that_asks_for_nothing_any_more_is_no_orphan(tmp_path: Path) -> None:
    path = tmp_path / "tickwell.db"
    database = Database(path)
    send = "INSERT INTO queue_messages (queue, group_id, body, visible_at) VALUES ('q', 'g', ?, 0)"
    recorded, to_come = (encode_job_message(replace(MESSAGE, attempt=number)) for number in (1, 2))
    with database.transaction() as cursor:
        cursor.execute(
            f"{RECORD} ('t', 'j', 0, 1, 0, ?, '{{}}')", [json.dumps({"status": "success", "then": ["done"]})]
        )
        cursor.executemany(send, [[recorded], [to_come]])
    database.close()
    assert read(path).remains == [f"messages left: q {to_come}"]


def test_a_broken_page_and_an_outcome_that_changed_are_found_after_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    database = Database(data / "tickwell.db")
    with database.transaction() as cursor:
        cursor.execute(f"{RECORD} ('t', 'j', 0, 1, 0, 'first', '')")
    disk = Disk(data=data, copies=tmp_path / "copies", chance=Random(1))
    disk.look()
    assert (disk.faults, disk.torn) == ([], 1)
    with database.transaction() as cursor:
        cursor.execute("UPDATE executions SET summary = 'second'")
    disk.look()
    assert [fault for fault in disk.faults if "'j', 0, 1) was recorded as first" in fault] == disk.faults != []
    database.close()
    octets = bytearray((data / "tickwell.db").read_bytes())
    octets[4096 * 3 : 4096 * 6] = bytes(4096 * 3)
    (data / "tickwell.db").write_bytes(octets)
    found = len(disk.faults)
    disk.look()
    assert any("tickwell.db after kill 3" in fault for fault in disk.faults[found:])

"""What becomes of an occurrence that is due: every combination of what the slot does and what the policies say."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import NOON
from tickwell.application.arming import first_attempt
from tickwell.domain.arrival import BUSY, EXPIRED, FULL_ALL, FULL_ONE, MISSED, SUPERSEDED, Arrival, Move, arrival
from tickwell.domain.cron import CronExpression
from tickwell.domain.handover import succession
from tickwell.domain.job import Job
from tickwell.domain.occurrence import Gap, gap_between, newest, runs
from tickwell.domain.pending import MOST_PENDING, Pending
from tickwell.domain.retry import Misfire, Overlap, Policy
from tickwell.domain.schedule import Cron, Interval, next_due
from tickwell.domain.slot import Slot

MINUTE = timedelta(minutes=1)
EACH_MINUTE = Interval(seconds=60, anchor_at=NOON - MINUTE)
NIGHTLY = Cron(expression=CronExpression.parse("*/7 3 * * *", "Europe/Berlin"))
RUNS = Slot(due_at=NOON - MINUTE, attempt=1, token="token", lease_until=NOON + MINUTE)
RETRIES = Slot(due_at=NOON - MINUTE, attempt=2)
ONE = Pending(due_at=NOON - timedelta(seconds=1))
OLD = Pending(due_at=NOON - MINUTE, missed=True)


def job(slot: Slot | None = None, pending: tuple[Pending, ...] = (), **policy: Any) -> Job:
    return Job(
        tenant_id="tenant-1",
        job_id="01900000-0000-7000-8000-000000000000",
        version=1,
        user_id="user-1",
        name="a job",
        task="echo",
        schedule=EACH_MINUTE,
        policy=Policy(**policy),
        next_run_at=NOON,
        slot=slot,
        pending=pending,
        created_at=NOON - MINUTE,
        updated_at=NOON - MINUTE,
    )


def arrives(of: Job, late: float = 0, **given_: Any) -> Arrival:
    now = NOON + timedelta(seconds=late)
    return arrival(of, first_attempt(of, NOON), now, **{"blocked": of.slot is not None, **given_})


def reasons(found: Arrival) -> list[tuple[str, int | None]]:
    return [(one.reason, one.gap.count) for one in found.left_out]


@pytest.mark.parametrize("overlap", Overlap)
def test_a_free_slot_is_claimed_whatever_the_overlap_policy(overlap: Overlap) -> None:
    found = arrives(job(overlap=overlap))
    assert found == Arrival(move=Move.CLAIM, next_run_at=NOON + MINUTE)


@pytest.mark.parametrize(
    ("overlap", "slot", "pending", "move", "waits", "left"),
    [
        (Overlap.SKIP, RUNS, (), Move.LEAVE_IF_BUSY, 0, [BUSY]),
        (Overlap.SKIP, RETRIES, (ONE,), Move.LEAVE_IF_BUSY, 1, [BUSY]),
        (Overlap.SKIP, RUNS, (OLD, ONE), Move.WAIT, 3, []),
        (Overlap.QUEUE_ONE, RUNS, (), Move.WAIT, 1, []),
        (Overlap.QUEUE_ONE, RUNS, (OLD,), Move.WAIT, 2, []),
        (Overlap.QUEUE_ONE, RETRIES, (ONE,), Move.LEAVE_IF_BUSY, 1, [FULL_ONE]),
        (Overlap.QUEUE_ALL, RUNS, (ONE,), Move.WAIT, 2, []),
        (Overlap.QUEUE_ALL, RUNS, (ONE,) * MOST_PENDING, Move.LEAVE_IF_BUSY, MOST_PENDING, [FULL_ALL]),
        (Overlap.CANCEL_OTHER, RUNS, (), Move.WAIT, 1, []),
        (Overlap.CANCEL_OTHER, RUNS, (ONE,), Move.WAIT, 1, [SUPERSEDED]),
        (Overlap.CANCEL_OTHER, RETRIES, (), Move.TAKE_OVER, 0, []),
        (Overlap.CANCEL_OTHER, replace(RETRIES, attempt=1), (ONE,), Move.TAKE_OVER, 0, [SUPERSEDED] * 2),
        (Overlap.ALLOW, RUNS, (), Move.BESIDE, 0, []),
        (Overlap.ALLOW, RETRIES, (ONE,), Move.BESIDE, 1, []),
    ],
)
def test_a_busy_slot_is_met_by_the_overlap_policy(
    overlap: Overlap, slot: Slot, pending: tuple[Pending, ...], move: Move, waits: int, left: list[str]
) -> None:
    found = arrives(job(slot, pending, overlap=overlap))
    assert (found.move, found.next_run_at, len(found.pending)) == (move, NOON + MINUTE, waits)
    assert [reason for reason, _ in reasons(found)] == left
    if move is Move.WAIT:
        assert found.pending[-1] == Pending(due_at=NOON)


@pytest.mark.parametrize(
    ("misfire", "late", "move", "waits", "left"),
    [
        (Misfire.RUN_ONCE, 60, Move.CLAIM, 0, []),
        (Misfire.RUN_ONCE, 301, Move.CLAIM, 0, [(MISSED, 4)]),
        (Misfire.SKIP, 60, Move.CLAIM, 0, []),
        (Misfire.SKIP, 60.001, Move.LEAVE, 0, [(MISSED, 1)]),
        (Misfire.SKIP, 301, Move.LEAVE, 0, [(MISSED, 5)]),
        (Misfire.RUN_ALL, 60, Move.CLAIM, 0, []),
        (Misfire.RUN_ALL, 301, Move.CLAIM, 4, []),
        (Misfire.RUN_ALL, 60 * 120 + 1, Move.CLAIM, 99, [(MISSED, 20)]),
    ],
)
def test_a_late_occurrence_is_met_by_the_misfire_policy(
    misfire: Misfire, late: float, move: Move, waits: int, left: list[tuple[str, int]]
) -> None:
    found = arrives(job(misfire=misfire), late)
    assert (found.move, len(found.pending), reasons(found)) == (move, waits, left)
    assert found.next_run_at is not None
    assert found.next_run_at > NOON + timedelta(seconds=late) - MINUTE


def test_missed_ones_join_those_that_wait_when_the_slot_is_busy() -> None:
    found = arrives(job(RUNS, (ONE,), misfire=Misfire.RUN_ALL), 301)
    assert found.move is Move.WAIT
    assert found.pending == (ONE, *(Pending(due_at=NOON + MINUTE * n, missed=True) for n in range(5)))
    full = arrives(job(RUNS, (ONE,) * MOST_PENDING, misfire=Misfire.RUN_ALL), 301)
    assert (full.move, reasons(full)) == (Move.LEAVE_IF_BUSY, [(FULL_ALL, 1), (MISSED, 4)])
    almost = arrives(job(RUNS, (ONE,) * (MOST_PENDING - 2), misfire=Misfire.RUN_ALL), 301)
    assert (len(almost.pending), reasons(almost)) == (MOST_PENDING, [(MISSED, 3)])


@pytest.mark.parametrize("slot", [None, RUNS])
@pytest.mark.parametrize("misfire", [Misfire.RUN_ONCE, Misfire.RUN_ALL, Misfire.SKIP])
def test_what_has_expired_is_left_out_whatever_else_holds(slot: Slot | None, misfire: Misfire) -> None:
    found = arrives(job(slot, misfire=misfire, expires_after_seconds=30), 31)
    assert (found.move, reasons(found)) == (Move.LEAVE, [(EXPIRED, 1)])
    assert arrives(job(misfire=misfire, expires_after_seconds=30), 30).move is Move.CLAIM


def test_an_occurrence_that_has_a_child_runs_in_no_other_way() -> None:
    assert arrives(job(overlap=Overlap.ALLOW), has_child=True).move is Move.BESIDE


@given(st.integers(1, 5_000), st.integers(0, 120), st.sampled_from([EACH_MINUTE, NIGHTLY]))
def test_the_newest_of_a_gap_are_its_last_ones(minutes: int, most: int, schedule: Interval | Cron) -> None:
    until = NOON + MINUTE * minutes
    every, due_at = [], next_due(schedule, NOON)
    while due_at is not None and due_at <= until:
        every.append(due_at)
        due_at = next_due(schedule, due_at)
    gap = gap_between(schedule, NOON, until)
    if gap is None:
        assert every == []
        return
    assert gap == Gap(first_due_at=every[0], last_due_at=every[-1], count=len(every))
    assert list(newest(schedule, gap, most)) == (every[-most:] if most else [])
    assert [(one.first_due_at, one.count) for one in runs(schedule, every)] == [(every[0], len(every))]


def test_ranges_hold_no_other_occurrence() -> None:
    due = [NOON + MINUTE * minute for minute in (1, 2, 5, 6, 7, 9)]
    assert [(one.first_due_at, one.last_due_at, one.count) for one in runs(EACH_MINUTE, due)] == [
        (due[0], due[1], 2),
        (due[2], due[4], 3),
        (due[5], due[5], 1),
    ]


@pytest.mark.parametrize(
    ("head", "started", "start_at"),
    [
        (ONE, NOON, NOON),
        (OLD, NOON - timedelta(seconds=3), NOON + timedelta(seconds=7)),
        (OLD, NOON - MINUTE, NOON),
        (OLD, None, NOON),
    ],
)
def test_missed_ones_start_apart(head: Pending, started: datetime | None, start_at: datetime) -> None:
    of = replace(job(RUNS, (head,), misfire_spread_seconds=10), last_executed_at=started)
    assert succession(of, NOON).start_at == start_at


def test_who_has_expired_is_passed_over_in_the_succession() -> None:
    old = Pending(due_at=NOON - timedelta(seconds=31))
    found = succession(job(RUNS, (old, ONE, OLD), expires_after_seconds=30), NOON)
    assert (found.handover.head, found.handover.rest) == (ONE, ())
    assert found.expired == (old.due_at, OLD.due_at)
    assert found.handover.known == (old, ONE, OLD)

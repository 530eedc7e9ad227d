"""Who may start: the limits of queues, decided without effects."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import NOON
from tickwell.adapters.queue_documents import gate_from, gate_text
from tickwell.domain.admission import PERMIT_MARGIN, Admission, Gate, admit, after_change, permit_key
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.queue import Queue, RateLimit, default_queues, effective_queue, require_queue_name

SECOND = timedelta(seconds=1)
ATTEMPT = timedelta(seconds=870)


def a_queue(**fields: Any) -> Queue:
    return Queue(**{"tenant_id": "t", "name": "q", "created_at": NOON, "updated_at": NOON, **fields})


def a_message(number: int = 1, **fields: Any) -> JobMessage:
    defaults: dict[str, Any] = {
        "tenant_id": "t",
        "job_id": f"job-{number}",
        "version": 1,
        "due_at": NOON,
        "attempt": 1,
        "run_at": NOON,
        "lane": Lane.MEDIUM,
        "recurring": False,
        "queue": "q",
    }
    return JobMessage(**(defaults | fields))


def messages(count: int) -> list[JobMessage]:
    return [a_message(number) for number in range(count)]


def ask(gate: Gate, queue: Queue, asking: list[JobMessage], now: datetime = NOON) -> Admission:
    return admit(gate, queue, asking, now=now, longest_attempt=ATTEMPT)


def test_no_more_start_than_the_queue_has_permits() -> None:
    asked = ask(Gate(), a_queue(concurrency=2), messages(5))
    assert [start.message.job_id for start in asked.starts] == ["job-0", "job-1"]
    assert [message.job_id for message in asked.waiting] == ["job-2", "job-3", "job-4"]


def test_a_permit_that_was_given_back_lets_the_next_one_start() -> None:
    queue = a_queue(concurrency=1)
    first, second = messages(2)
    full = ask(Gate(), queue, [first]).gate
    assert ask(full, queue, [second]).waiting == (second,)
    assert [start.message for start in ask(full.without({permit_key(first): None}), queue, [second]).starts] == [second]


def test_a_permit_by_which_a_newer_message_starts_is_given_back_by_that_or_by_its_attempt() -> None:
    queue = a_queue(concurrency=1)
    old, new = a_message(version=1), a_message(version=3)
    taken = ask(Gate(), queue, [old]).gate
    assert taken.without({permit_key(old): 1}).permits == ()
    for asking in ([old, new], [new, old]):
        shared = ask(taken, queue, asking).gate
        assert gate_from(0, gate_text(shared)) == shared
        assert shared.without({permit_key(old): 2}) == shared
        assert shared.without({permit_key(a_message(2)): None}) == shared
        assert shared.without({permit_key(new): 3}).permits == ()
        assert shared.without({permit_key(old): None}).permits == ()


def test_a_gate_of_an_earlier_release_is_read() -> None:
    (permit,) = gate_from(1, '{"v": 1, "free": 0, "permits": [["0123456789ab", 1000]]}').permits
    assert (permit.key, permit.outside, permit.version) == ("0123456789ab", False, 1)


def test_asking_twice_takes_one_permit_and_one_start_time() -> None:
    queue = a_queue(concurrency=2, rate_limit=RateLimit(limit=1, per_seconds=10))
    once = ask(Gate(), queue, messages(2))
    twice = ask(once.gate, queue, messages(2), NOON + SECOND)
    assert twice.gate == once.gate
    assert [start.at for start in twice.starts] == [NOON + SECOND, NOON + 10 * SECOND]


def test_the_permit_of_a_worker_that_never_gave_it_back_becomes_void() -> None:
    queue = a_queue(concurrency=1)
    full = ask(Gate(), queue, [a_message(1)]).gate
    life = ATTEMPT + PERMIT_MARGIN
    assert ask(full, queue, [a_message(2)], NOON + life - SECOND).starts == ()
    assert len(ask(full, queue, [a_message(2)], NOON + life).starts) == 1


def test_starts_are_spread_evenly_by_the_rate() -> None:
    asked = ask(Gate(), a_queue(rate_limit=RateLimit(limit=10, per_seconds=1)), messages(4))
    assert [start.at - NOON for start in asked.starts] == [timedelta(milliseconds=100 * n) for n in range(4)]
    assert not asked.waiting


def test_a_message_that_waited_for_its_start_does_not_wait_again() -> None:
    queue = a_queue(rate_limit=RateLimit(limit=1, per_seconds=60))
    gate = ask(Gate(), queue, messages(3)).gate
    due = a_message(1, admitted=True, run_at=NOON + 60 * SECOND)
    asked = ask(gate, queue, [due], NOON + 60 * SECOND)
    assert (asked.starts[0].at, asked.gate.free_at) == (NOON + 60 * SECOND, gate.free_at)


@given(st.integers(1, 1000), st.integers(1, 60), st.lists(st.integers(0, 3000), max_size=60))
def test_no_window_ever_holds_more_starts_than_the_limit_and_one(limit: int, per: int, arrivals: list[int]) -> None:
    queue, gate = a_queue(rate_limit=RateLimit(limit=limit, per_seconds=per)), Gate()
    starts: list[datetime] = []
    for number, wait_ms in enumerate(sorted(arrivals)):
        asked = ask(gate, queue, [a_message(number)], NOON + timedelta(milliseconds=wait_ms))
        gate = asked.gate
        starts += [start.at for start in asked.starts]
    window = per * SECOND
    assert starts == sorted(starts)
    assert all(sum(begin <= at < begin + window for at in starts) <= limit for begin in starts)


@given(st.integers(1, 5), st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60))
def test_permits_never_exceed_the_concurrency(concurrency: int, steps: list[tuple[int, bool]]) -> None:
    queue, gate = a_queue(concurrency=concurrency), Gate()
    for number, enters in steps:
        message = a_message(number)
        gate = ask(gate, queue, [message]).gate if enters else gate.without({permit_key(message): None})
        assert len(gate.permits) <= concurrency


def test_attempts_of_one_job_have_permits_of_their_own() -> None:
    assert permit_key(a_message(1)) != permit_key(a_message(1, attempt=2))
    assert permit_key(a_message(1)) == permit_key(a_message(1, admitted=True, run_at=NOON + SECOND))


def test_a_lower_concurrency_lets_what_runs_go_on_and_nobody_new_start() -> None:
    gate = ask(Gate(), a_queue(concurrency=3), messages(3)).gate
    asked = ask(gate, a_queue(concurrency=1), [a_message(7)])
    assert (len(asked.gate.permits), asked.waiting) == (3, (a_message(7),))
    assert gate.room(a_queue(concurrency=1)) == 0


@pytest.mark.parametrize("name", ["a", "image-generation", "v1.2_x", "0" * 64])
def test_names_of_queues(name: str) -> None:
    assert require_queue_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a-", "a#b", "ä", "a" * 65, "default", "a\n"])
def test_what_is_no_name_of_a_queue(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        require_queue_name(name)
    assert caught.value.field == "name"


def test_a_job_without_a_queue_is_in_the_default_one_of_its_lane() -> None:
    assert effective_queue(None, Lane.HIGH) == "default-high"
    assert {queue.lane for queue in default_queues("t").values()} == set(Lane)
    assert all(queue.is_default and not queue.is_limited for queue in default_queues("t").values())


def test_pausing_twice_keeps_the_first_instant() -> None:
    paused = a_queue().paused(NOON)
    assert paused.paused(NOON + SECOND).paused_at == NOON
    assert paused.resumed(NOON + SECOND) == replace(paused, paused_at=None, version=3, updated_at=NOON + SECOND)


def test_after_an_outage_starts_are_spread_anew() -> None:
    queue = a_queue(rate_limit=RateLimit(limit=1, per_seconds=1))
    messages = [a_message(number) for number in range(5)]
    before = admit(Gate(), queue, messages, now=NOON, longest_attempt=ATTEMPT)
    missed = [replace(start.message, run_at=start.at, admitted=True) for start in before.starts]
    back = NOON + 60 * SECOND
    again = admit(before.gate, queue, missed, now=back, longest_attempt=ATTEMPT)
    assert [start.at - back for start in again.starts] == [number * SECOND for number in range(5)]


def test_a_start_time_is_given_anew_only_once() -> None:
    queue = a_queue(rate_limit=RateLimit(limit=1, per_seconds=60))
    gate = Gate(free_at=NOON + 600 * SECOND)
    missed = a_message(1, admitted=True, run_at=NOON - 4 * SECOND)
    (start,) = admit(gate, queue, [missed], now=NOON, longest_attempt=ATTEMPT).starts
    assert start.at == NOON + 600 * SECOND
    later = start.at + 60 * SECOND
    moved = replace(start.message, run_at=start.at, admitted=True)
    assert [one.at for one in admit(gate, queue, [moved], now=later, longest_attempt=ATTEMPT).starts] == [later]


@pytest.mark.parametrize("seconds", [0, 3])
def test_a_little_delay_costs_nobody_its_start_time(seconds: int) -> None:
    queue = a_queue(rate_limit=RateLimit(limit=1, per_seconds=60))
    gate = Gate(free_at=NOON + 600 * SECOND)
    message = a_message(1, admitted=True, run_at=NOON - seconds * SECOND)
    admission = admit(gate, queue, [message], now=NOON, longest_attempt=ATTEMPT)
    assert ([start.at for start in admission.starts], admission.gate) == ([NOON], gate)


def test_the_permit_of_what_goes_on_outside_has_begun_however_long_it_lives() -> None:
    queue = a_queue(concurrency=1)
    first, second = messages(2)
    day = NOON + timedelta(days=1)
    gate = ask(Gate(), queue, [first]).gate.kept({permit_key(first)}, day, unless_until=NOON)
    assert [permit.until for permit in gate.permits] == [day]
    assert gate.kept({permit_key(second)}, day + SECOND, unless_until=day) == gate
    assert gate.kept({permit_key(first)}, day + SECOND, unless_until=day) == gate
    assert gate.kept({permit_key(first)}, day + SECOND, unless_until=day + SECOND) != gate
    again = ask(gate, queue, [first, second], now=NOON + timedelta(hours=20))
    assert [start.at for start in again.starts] == [NOON + timedelta(hours=20)]
    assert again.waiting == (second,)
    rated = a_queue(concurrency=1, rate_limit=RateLimit(limit=1, per_seconds=1))
    assert after_change(gate, rated, queue, now=NOON, longest_attempt=ATTEMPT).permits == gate.permits
    assert gate_from(3, gate_text(gate)) == replace(gate, version=3)

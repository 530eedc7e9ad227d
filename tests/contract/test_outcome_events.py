"""What people may want to be told of is derived from what was recorded, on both engines, and once (rule 9)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from tests.contract.dynamodb_probe import stream_records
from tests.contract.makers import TOMORROW, claimed, created, dead_letter, execution, finished, job, recurring
from tests.contract.store_engines import EmbeddedStores, Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb.stream import events_from
from tickwell.adapters.embedded.outcome_feed import EmbeddedOutcomeFeed
from tickwell.domain.dead_letter import OPERATOR_TENANT
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job
from tickwell.domain.outcome_event import EventType, OutcomeEvent, event_of_dead_letter, event_of_execution
from tickwell.domain.retry import GiveUp, Policy, RetryAt

RETRY = RetryAt(at=NOON + timedelta(minutes=1), attempt=2)
GIVEN_UP = GiveUp(reason="enough")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Stores, and the events that were derived from all that was written to them."""

    stores: Stores
    events: Callable[[], list[OutcomeEvent]]


@pytest.fixture(params=["embedded", "aws"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "aws":
        region = request.getfixturevalue("aws")
        stores = request.getfixturevalue("dynamodb").stores
        return Engine(stores=stores, events=lambda: events_from({"Records": stream_records(region)}))
    made: EmbeddedStores = request.getfixturevalue("sqlite")
    feed = EmbeddedOutcomeFeed(made.database)
    return Engine(stores=made.stores, events=lambda: [event for _, event in feed.read(100)])


def failed_in_a_row(stores: Stores, times: int) -> Job:
    """A job that pauses itself at the second failure in a row has failed so often."""
    made = recurring(stores, policy=Policy(pause_after_failures=2))
    for _ in range(times):
        running = claimed(stores, made, token=stores.ids.token(), next_run_at=NOON)
        assert finished(stores, execution(running, status=ExecutionStatus.FAILED, decision=GIVEN_UP))
    return stores.jobs.get(made.tenant_id, made.job_id)


def test_a_dead_letter_is_told_of_once(engine: Engine) -> None:
    letters = [dead_letter(job(engine.stores)) for _ in range(2)]
    engine.stores.history.put_dead_letters(letters[:1])
    engine.stores.history.put_dead_letters(letters)
    assert sorted(engine.events(), key=lambda e: e.subject) == [event_of_dead_letter(each) for each in letters]


def test_a_message_that_could_not_be_read_is_the_operators(engine: Engine) -> None:
    letter = replace(
        dead_letter(job(engine.stores)),
        tenant_id=OPERATOR_TENANT,
        dead_letter_id="message-1",
        job_id=None,
        user_id=None,
        due_at=None,
    )
    engine.stores.history.put_dead_letters([letter])
    (event,) = engine.events()
    assert (event.type, event.tenant_id) == (EventType.ALERT, OPERATOR_TENANT)


@pytest.mark.parametrize("decision", [RETRY, GIVEN_UP])
def test_an_attempt_that_ran_out_of_time_is_told_of_once(engine: Engine, decision: RetryAt | GiveUp) -> None:
    attempt = execution(created(engine.stores), status=ExecutionStatus.TIMEOUT, decision=decision, output="x" * 3000)
    engine.stores.history.record_many([attempt])
    engine.stores.history.record_many([attempt])
    (event,) = engine.events()
    assert event == event_of_execution(attempt)
    assert (event.execution_id, event.is_last) == (attempt.execution_id, decision is GIVEN_UP)


@pytest.mark.parametrize("status", [s for s in ExecutionStatus if s is not ExecutionStatus.TIMEOUT])
def test_all_other_attempts_say_nothing_of_themselves(engine: Engine, status: ExecutionStatus) -> None:
    engine.stores.history.record_many([execution(created(engine.stores), status=status)])
    assert engine.events() == []


def test_a_job_that_pauses_itself_is_told_of(engine: Engine) -> None:
    made = failed_in_a_row(engine.stores, 2)
    (event,) = engine.events()
    assert event == OutcomeEvent(
        type=EventType.PAUSED,
        tenant_id=made.tenant_id,
        subject=f"{made.job_id}-2",
        job_id=made.job_id,
        due_at=NOON,
        attempt=1,
        at=NOON + timedelta(seconds=2),
        note="2 failed occurrences in a row",
    )


def test_each_self_pause_is_an_event_of_its_own_and_nothing_else_is_one(engine: Engine) -> None:
    made = failed_in_a_row(engine.stores, 2)
    renamed = replace(made, version=made.version + 1, name="renamed", updated_at=TOMORROW)
    assert engine.stores.jobs.replace(renamed, read=made)
    resumed = replace(renamed.resume(NOON), next_run_at=NOON)
    assert engine.stores.jobs.replace(resumed, read=renamed)
    for _ in range(2):
        running = claimed(engine.stores, resumed, token=engine.stores.ids.token(), next_run_at=NOON)
        assert finished(engine.stores, execution(running, status=ExecutionStatus.FAILED, decision=GIVEN_UP))
    found = [event.subject for event in engine.events()]
    assert found == [f"{made.job_id}-2", f"{made.job_id}-5"]


def test_a_pause_by_a_member_is_no_event(engine: Engine) -> None:
    read = recurring(engine.stores)
    assert engine.stores.jobs.replace(read.pause(NOON), read=read)
    assert engine.events() == []

"""What a dead letter says of its attempts, and which ones a filter means."""

from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tickwell.domain.dead_letter import MOST_ERRORS, DeadLetter, DeadLetterFilter, error_trail
from tickwell.domain.execution import Execution, ExecutionStatus, Failure
from tickwell.domain.retry import GiveUp

MINUTE = timedelta(minutes=1)


def attempt(number: int, message: str = "no", **changes: Any) -> Execution:
    fields: dict[str, Any] = {
        "tenant_id": "tenant-1",
        "job_id": "job-1",
        "due_at": NOON,
        "attempt": number,
        "status": ExecutionStatus.FAILED,
        "token": "t",
        "decision": GiveUp(reason="x"),
        "started_at": NOON,
        "finished_at": NOON + number * MINUTE,
        "failure": Failure(code="TASK_ERROR", message=message),
        "expires_at": NOON + timedelta(days=1),
    }
    return Execution(**fields | changes)


def letter(**changes: Any) -> DeadLetter:
    fields: dict[str, Any] = {
        "tenant_id": "tenant-1",
        "dead_letter_id": "letter-1",
        "job_id": "job-1",
        "job_name": "a job",
        "user_id": "user-1",
        "task": "echo",
        "due_at": NOON,
        "attempts": 1,
        "reason": "x",
        "error_code": "TASK_ERROR",
        "error_message": "no",
        "failed_at": NOON,
        "expires_at": NOON + timedelta(days=1),
        "queue": "campaign",
    }
    return DeadLetter(**fields | changes)


def test_the_trail_tells_each_attempt_in_order() -> None:
    trail = error_trail([attempt(1, "first"), attempt(2, "second", status=ExecutionStatus.TIMEOUT)])
    assert [(one.attempt, one.message, one.status.value) for one in trail] == [
        (1, "first", "failed"),
        (2, "second", "timeout"),
    ]
    assert trail[1].at == NOON + 2 * MINUTE
    assert error_trail([]) == ()


def test_an_attempt_without_a_failure_has_no_message() -> None:
    (one,) = error_trail([attempt(1, failure=None)])
    assert (one.code, one.message) == (None, None)


def test_messages_are_cut_to_500_characters_and_codes_to_50() -> None:
    (one,) = error_trail([attempt(1, failure=Failure(code="C" * 100, message="m" * 2000))])
    assert (one.code, one.message) == ("C" * 50, "m" * 500)


@pytest.mark.parametrize("text", ["m", "ü", "\U0001f600", "\ud800"])
@pytest.mark.parametrize("count", [1, 2, 4, 12, 13, 103])
def test_a_trail_never_takes_more_than_its_room(text: str, count: int) -> None:
    trail = error_trail([attempt(number, text * 2000) for number in range(1, count + 1)])
    assert sum(len((one.message or "").encode()) for one in trail) <= 2400
    assert all(one.message for one in trail)


def test_of_many_attempts_the_first_and_the_last_ones_are_told() -> None:
    trail = error_trail([attempt(number) for number in range(1, 104)])
    assert [one.attempt for one in trail] == [1, *range(104 - MOST_ERRORS + 1, 104)]


@pytest.mark.parametrize(
    ("chosen", "matches"),
    [
        ({}, True),
        ({"task": "echo", "job_id": "job-1", "queue": "campaign", "error_code": "TASK_ERROR"}, True),
        ({"task": "other"}, False),
        ({"job_id": "other"}, False),
        ({"queue": "other"}, False),
        ({"error_code": "other"}, False),
        ({"failed_after": NOON}, True),
        ({"failed_after": NOON + MINUTE}, False),
        ({"failed_before": NOON}, False),
        ({"failed_before": NOON + MINUTE}, True),
        ({"retried": False}, True),
        ({"retried": True}, False),
    ],
    ids=str,
)
def test_a_filter_means_what_has_all_that_it_names(chosen: dict[str, Any], matches: bool) -> None:
    assert DeadLetterFilter(**chosen).matches(letter()) is matches


def test_a_filter_can_mean_those_that_were_retried() -> None:
    assert DeadLetterFilter(retried=True).matches(letter(retried_as="job-2", retried_at=NOON))

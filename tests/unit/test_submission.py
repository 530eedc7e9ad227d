"""What is answered to a request under a known key."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.doubles import NOON
from tickwell.domain.errors import (
    AnswerNotKeptError,
    IdempotencyConflictError,
    IdempotencyInProgressError,
    InvalidInputError,
)
from tickwell.domain.submission import (
    HOLD,
    KeptAnswer,
    Submission,
    SubmissionKey,
    new_submission,
    require_idempotency_key,
)

KEY = SubmissionKey(tenant_id="t", who="u", key="k")
ANSWER = KeptAnswer(status=201, packed="x")
MILLISECOND = timedelta(milliseconds=1)


def submission() -> Submission:
    return new_submission(KEY, "print", seed="seed", token="token", now=NOON)


def test_what_is_done_is_answered_again() -> None:
    assert replace(submission(), answer=ANSWER).answer_to("print", NOON) == ANSWER
    with pytest.raises(AnswerNotKeptError, match="answered with 201"):
        replace(submission(), answer=KeptAnswer(status=201, packed=None)).answer_to("print", NOON)


@pytest.mark.parametrize("answer", [None, ANSWER])
def test_another_request_is_a_conflict_whether_the_first_is_done_or_not(answer: KeptAnswer | None) -> None:
    with pytest.raises(IdempotencyConflictError):
        replace(submission(), answer=answer).answer_to("other", NOON + HOLD)


@pytest.mark.parametrize(("taken", "wait"), [(0, 1), (0.2, 1), (4, 4), (15.5, 15), (29.5, 1)])
def test_who_comes_meanwhile_is_told_to_wait(taken: float, wait: int) -> None:
    with pytest.raises(IdempotencyInProgressError) as caught:
        submission().answer_to("print", NOON + timedelta(seconds=taken))
    assert caught.value.retry_after_seconds == wait


def test_what_nobody_holds_any_more_is_carried_out_once_more_with_the_same_seed() -> None:
    assert submission().answer_to("print", NOON + HOLD) is None
    again = submission().taken_over("mine", NOON + HOLD)
    assert (again.seed, again.at, again.tries, again.token) == ("seed", NOON, 2, "mine")
    with pytest.raises(IdempotencyInProgressError):
        again.answer_to("print", NOON + 2 * HOLD - MILLISECOND)


@pytest.mark.parametrize("key", ["a", "!~", "x" * 255, '"8e03978e-40d5-43e8-bc93-6894a57f9324"'])
def test_keys_are_visible_ascii(key: str) -> None:
    assert require_idempotency_key(key) == key


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ä", "a\n", "\x7f"])
def test_anything_else_is_refused(key: str) -> None:
    with pytest.raises(InvalidInputError, match="Idempotency-Key: must have 1 to 255 visible ASCII"):
        require_idempotency_key(key)

"""Tokens by which work outside ends its attempt, and what a task returns for it."""

import pytest

from tests.task_contexts import task_context
from tickwell.domain.completion import (
    LONGEST_PENDING_SECONDS,
    completion_token,
    pending_completion,
    read_completion_token,
)
from tickwell.domain.errors import InvalidInputError

_CLAIM = "0123456789abcdef0123456789abcdef"


def test_a_token_tells_its_tenant_and_proves_its_claim() -> None:
    read = read_completion_token(completion_token("a-tenant", _CLAIM))
    assert read is not None
    assert read.tenant_id == "a-tenant"
    assert read.is_of(_CLAIM)
    assert not read.is_of(_CLAIM[:-1] + "0")


def test_a_token_does_not_tell_the_token_of_the_claim() -> None:
    assert _CLAIM not in completion_token("t1", _CLAIM)
    assert len(completion_token("t1", _CLAIM).removeprefix("t1.")) == 43


@pytest.mark.parametrize("token", ["", "t1", ".", "t1.", ".secret", "t1." + "x" * 300, "t1.sécret"])
def test_what_cannot_be_a_token_is_none(token: str) -> None:
    assert read_completion_token(token) is None


@pytest.mark.parametrize("seconds", [1, 60, LONGEST_PENDING_SECONDS])
def test_a_task_says_how_long_its_work_may_be_silent(seconds: int) -> None:
    assert task_context().pending(timeout_seconds=seconds).timeout_seconds == seconds


@pytest.mark.parametrize("seconds", [0, -1, LONGEST_PENDING_SECONDS + 1, True, 1.5, "60"])
def test_other_times_are_refused_with_what_would_be_right(seconds: int) -> None:
    with pytest.raises(InvalidInputError) as refused:
        pending_completion(seconds)
    assert refused.value.field == "timeout_seconds"
    assert str(LONGEST_PENDING_SECONDS) in str(refused.value)

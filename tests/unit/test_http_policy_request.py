"""Overlap, misfire and expiry in requests: what they mean, and what does not go together."""

from typing import Any

import pytest
from pydantic import ValidationError

from tickwell.application.job_policy import with_timing
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.retry import DEFAULT_POLICY, Misfire, Overlap, Policy
from tickwell.http.job_request import JobRequest

MANY: dict[str, Any] = {"interval_seconds": 60}


def policy(*, is_recurring: bool = True, standing: Policy = DEFAULT_POLICY, **given: Any) -> Policy:
    return with_timing(standing, given, is_recurring=is_recurring)


def test_a_body_gives_the_terms_of_a_job() -> None:
    fields = {
        "overlap": "queue_one",
        "misfire": "run_all",
        "misfire_grace_seconds": 0,
        "misfire_max": 7,
        "misfire_spread_seconds": 0,
        "expires_after_seconds": 600,
    }
    made = JobRequest.model_validate({"name": "a job", **MANY, **fields}).to_new_job()
    assert (made.overlap, made.misfire) == (Overlap.QUEUE_ONE, Misfire.RUN_ALL)
    assert (made.misfire_grace_seconds, made.misfire_max, made.misfire_spread_seconds) == (0, 7, 0)
    assert made.expires_after_seconds == 600


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("overlap", "queue"),
        ("misfire", "run"),
        ("misfire_grace_seconds", -1),
        ("misfire_grace_seconds", 86401),
        ("misfire_max", 0),
        ("misfire_max", 101),
        ("misfire_spread_seconds", 3601),
        ("misfire_spread_seconds", 1.5),
        ("expires_after_seconds", 0),
        ("expires_after_seconds", 10 * 365 * 86400 + 1),
        ("expires_after_seconds", True),
    ],
)
def test_what_is_out_of_range_is_told_by_its_field(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as raised:
        JobRequest.model_validate({"name": "a job", **MANY, field: value})
    assert [error["loc"][0] for error in raised.value.errors()] == [field]


@pytest.mark.parametrize(
    ("is_recurring", "given", "at_fault"),
    [
        (False, {"overlap": Overlap.SKIP}, "overlap"),
        (False, {"misfire": Misfire.RUN_ALL}, "misfire"),
        (False, {"misfire_max": 5}, "misfire_max"),
        (False, {"misfire_spread_seconds": 5}, "misfire_spread_seconds"),
        (True, {"misfire": Misfire.REFUSE}, "misfire"),
        (True, {"misfire_max": 5}, "misfire_max"),
        (True, {"misfire": Misfire.SKIP, "misfire_spread_seconds": 5}, "misfire_spread_seconds"),
        (True, {"misfire": Misfire.RUN_ALL, "overlap": Overlap.CANCEL_OTHER}, "misfire"),
    ],
)
def test_what_does_not_go_together_is_refused(is_recurring: bool, given: dict[str, Any], at_fault: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        policy(is_recurring=is_recurring, **given)
    assert raised.value.field == at_fault


def test_what_does_not_fit_any_more_is_left_out_where_nobody_asks_for_it() -> None:
    many = Policy(overlap=Overlap.QUEUE_ALL, misfire=Misfire.RUN_ALL, misfire_max=5, misfire_spread_seconds=9)
    assert policy(standing=many, is_recurring=False) == DEFAULT_POLICY
    assert policy(standing=many, misfire=None) == Policy(overlap=Overlap.QUEUE_ALL)
    assert policy(standing=many, overlap=None, misfire_max=7).misfire_max == 7
    assert policy(standing=Policy(misfire=Misfire.REFUSE)) == DEFAULT_POLICY


def test_a_child_is_judged_by_nothing_but_its_expiry() -> None:
    many = Policy(misfire=Misfire.SKIP, misfire_grace_seconds=1, overlap=Overlap.ALLOW, expires_after_seconds=9)
    assert many.for_child == Policy(expires_after_seconds=9)

"""Limits as people write them, and what is said when one is reached."""

import pytest

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.quota import LARGEST_LIMIT, QuotaName, exceeded, parse_limit


@pytest.mark.parametrize(
    ("text", "limit"), [("0", 0), ("1", 1), ("007", 7), (str(LARGEST_LIMIT), LARGEST_LIMIT), ("none", None)]
)
def test_limits(text: str, limit: int | None) -> None:
    assert parse_limit("jobs", text) == limit


@pytest.mark.parametrize(
    "text", ["", " ", "-1", "1.5", "1e3", "None", "default", "²", "٣", "1_000", str(LARGEST_LIMIT + 1), "9" * 5000]
)
def test_not_everything_is_a_limit(text: str) -> None:
    with pytest.raises(InvalidInputError, match="jobs: must be a whole number from 0 to 999999999999, or none"):
        parse_limit("jobs", text)


@pytest.mark.parametrize(("name", "advice"), [(QuotaName.JOBS, "cancel some"), (QuotaName.MEMBERS, "remove one")])
def test_who_has_reached_a_limit_is_told_what_to_do(name: QuotaName, advice: str) -> None:
    error = exceeded(name, limit=3, used=4)
    assert (error.code, error.quota, error.limit, error.used) == ("QUOTA_EXCEEDED", name.value, 3, 4)
    assert advice in str(error)
    assert "(3)" in str(error)

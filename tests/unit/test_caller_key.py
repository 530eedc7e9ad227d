"""Callers' keys: what can be one, and how they are spelled in the table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_keys import words
from tickwell.adapters.aws.dynamodb import caller_key_keys
from tickwell.adapters.aws.dynamodb.keys import UnknownKeyError
from tickwell.domain.caller_key import CALLER_KEY_PATTERN, require_caller_key, require_scope
from tickwell.domain.errors import InvalidInputError

keys = st.from_regex(CALLER_KEY_PATTERN, fullmatch=True).filter(lambda key: len(key) <= 128)


@pytest.mark.parametrize("key", ["a", "7", "billing/nightly:eu-west.1_b", "a" * 128, "A/b/C", "executions", "a..b"])
def test_a_key_is_taken_as_it_is(key: str) -> None:
    assert require_caller_key(key) == key


@pytest.mark.parametrize(
    "key",
    ["", "a" * 129, "/a", "a/", "a//b", ".", "..", "a/../b", "a/.b", "-a", "a b", "a#b", "ä", "a\n", "a%2Fb"],
)
def test_what_a_path_cannot_carry_or_would_change_is_no_key(key: str) -> None:
    with pytest.raises(InvalidInputError, match="key: must have 1 to 128 characters"):
        require_caller_key(key)


def test_a_scope_is_shorter() -> None:
    assert require_scope("s" * 64) == "s" * 64
    with pytest.raises(InvalidInputError, match="scope: must have 1 to 64"):
        require_scope("s" * 65)


@given(words, keys)
def test_keys_of_callers_round_trip(tenant_id: str, key: str) -> None:
    assert caller_key_keys.parse_caller_key_key(caller_key_keys.caller_key_key(tenant_id, key)) == (tenant_id, key)
    assert caller_key_keys.caller_key_key(tenant_id, key).pk in caller_key_keys.caller_key_partitions(tenant_id)


@given(keys, keys)
def test_places_in_a_scope_round_trip_and_lie_in_its_range(scope: str, key: str) -> None:
    place = caller_key_keys.scope_sort(scope, key)
    assert caller_key_keys.parse_scope_sort(place) == (scope, key)
    low, high = caller_key_keys.scope_range(scope, None)
    assert low < place < high


@given(keys, keys, keys)
def test_no_scope_lies_in_the_range_of_another(scope: str, other: str, key: str) -> None:
    low, high = caller_key_keys.scope_range(scope, None)
    assert (low < caller_key_keys.scope_sort(other, key) < high) == (scope == other)


def test_what_else_is_in_the_index_is_no_place_of_a_scope() -> None:
    with pytest.raises(UnknownKeyError):
        caller_key_keys.parse_scope_sort("a#b#c")

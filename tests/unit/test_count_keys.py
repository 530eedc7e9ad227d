"""Keys of counts: every builder has a parser."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_keys import words
from tickwell.adapters.aws.dynamodb import count_keys, keys
from tickwell.adapters.aws.dynamodb.keys import UnknownKeyError

groups = st.integers(min_value=0, max_value=count_keys.GROUPS - 1)
shards = st.integers(min_value=0, max_value=keys.SHARDS - 1)


@given(words, groups)
def test_keys_of_counts_round_trip(tenant_id: str, group: int) -> None:
    assert count_keys.parse_counts_key(count_keys.counts_key(tenant_id, group)) == (tenant_id, group)


@given(words, groups, st.dates(min_value=date(2000, 1, 1)))
def test_keys_of_counted_days_round_trip(tenant_id: str, group: int, day: date) -> None:
    assert count_keys.parse_day_key(count_keys.day_key(tenant_id, group, day)) == (tenant_id, group, day)


@given(words, shards)
def test_partitions_that_are_counted_are_told_apart(tenant_id: str, shard: int) -> None:
    parse = count_keys.parse_counted_partition
    assert parse(keys.job_partition(tenant_id, shard)) == (tenant_id, "J", shard)
    assert parse(keys.dead_letter_partition(tenant_id, shard)) == (tenant_id, "D", shard)
    with pytest.raises(UnknownKeyError):
        parse(count_keys.counts_key(tenant_id, 0).pk)


def test_every_shard_has_a_group_and_groups_have_equally_many() -> None:
    assert sorted(map(count_keys.group_of, range(keys.SHARDS))) == sorted([*range(count_keys.GROUPS)] * 4)

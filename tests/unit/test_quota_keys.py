"""Keys of quotas: every builder has a parser."""

import pytest
from hypothesis import given

from tests.unit.test_keys import words
from tickwell.adapters.aws.dynamodb import account_keys, quota_keys, tenant_keys
from tickwell.adapters.aws.dynamodb.keys import UnknownKeyError


@given(words)
def test_keys_of_quotas_round_trip(tenant_id: str) -> None:
    assert quota_keys.parse_quota_key(quota_keys.quota_key(tenant_id)) == tenant_id


def test_what_else_is_in_the_partition_is_no_quota() -> None:
    for other in (account_keys.tenant_key("t"), account_keys.user_key("t", "u"), tenant_keys.stop_key("t")):
        assert other.pk == quota_keys.quota_key("t").pk
        with pytest.raises(UnknownKeyError):
            quota_keys.parse_quota_key(other)
    for low, high in (account_keys.MEMBERS, account_keys.INVITATIONS):
        assert not low <= quota_keys.quota_key("t").sk <= high

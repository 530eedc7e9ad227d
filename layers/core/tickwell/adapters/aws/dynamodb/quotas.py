"""Quotas in DynamoDB; see ``QuotaStore`` for what it promises."""

from collections.abc import Collection
from typing import Final

from tickwell.adapters.aws.dynamodb.attributes import Item, Value, number
from tickwell.adapters.aws.dynamodb.count_items import counts_row
from tickwell.adapters.aws.dynamodb.count_keys import GROUPS, counts_key
from tickwell.adapters.aws.dynamodb.items import stamp
from tickwell.adapters.aws.dynamodb.quota_keys import quota_key
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Write
from tickwell.domain.quota import JobUse, Limits, QuotaName

_ANY_NUMBER: Final = -1
"""How a limit is stored that is none."""


class DynamoQuotaStore:
    """The ``QuotaStore`` of the ``aws`` engine."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, tenant_id: str) -> JobUse:
        """See the port. One batch of 5 items, not consistent, since the counts are behind the stream anyway."""
        key = quota_key(tenant_id)
        counts = [counts_key(tenant_id, group) for group in range(GROUPS)]
        found = self._table.get_many([key, *counts], consistent=False)
        unfinished = sum(counts_row(found.get(place)).counts.unfinished for place in counts)
        return JobUse(limits=_limits(found.get(key)), unfinished=max(0, unfinished), exact=False)

    def own(self, tenant_id: str) -> Limits:
        """See the port."""
        return _limits(self._table.get(quota_key(tenant_id)))

    def change(self, tenant_id: str, limits: Limits, *, forgotten: Collection[QuotaName] = ()) -> None:
        """See the port. One update, so that limits that are set one after another do not undo each other."""
        values: dict[str, Value] = {**stamp("quotas")}
        values |= {name.value: _ANY_NUMBER if limit is None else limit for name, limit in limits.items()}
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        gone = ", ".join(f"#{name.value}" for name in forgotten if name not in limits)
        write = Write(
            update=f"SET {sets}" + (f" REMOVE {gone}" if gone else ""),
            condition="attribute_exists(#kind) OR attribute_not_exists(#kind)",
            values=values,
        )
        names = {name: name for name in (*values, *(each.value for each in QuotaName))}
        self._table.update(quota_key(tenant_id), write, names)


def _limits(item: Item | None) -> Limits:
    if item is None:
        return {}
    stored = {name: number(item, name.value) for name in QuotaName if name.value in item}
    return {name: None if limit == _ANY_NUMBER else limit for name, limit in stored.items()}

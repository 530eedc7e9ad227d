"""Callers' keys of jobs in DynamoDB; see ``CallerKeys`` for what they promise."""

from collections.abc import Sequence
from typing import Final

from tickwell.adapters.aws.dynamodb.attributes import Item, Value, key_of, number, optional_text, text
from tickwell.adapters.aws.dynamodb.caller_key_keys import (
    caller_key_key,
    caller_key_partitions,
    parse_caller_key_key,
    parse_scope_sort,
    scope_range,
    scope_sort,
)
from tickwell.adapters.aws.dynamodb.items import stamp
from tickwell.adapters.aws.dynamodb.listing import Range, in_order
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.upcoming_keys import UPCOMING
from tickwell.adapters.aws.dynamodb.writes import Refused, Write
from tickwell.application.ports import Page
from tickwell.domain.caller_key import KeyHolder
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import Job

_NAMES: Final = {"job": "job", "taken": "at", "scope": UPCOMING.sort}
_THIS_JOB: Final = "#job = :job"


class DynamoCallerKeys:
    """The ``CallerKeys`` of the ``aws`` engine: one item for each key, in the index of its scope if it has one."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, tenant_id: str, key: str) -> KeyHolder | None:
        """See the port. One strongly consistent read."""
        item = self._table.get(caller_key_key(tenant_id, key))
        return None if item is None else _holder(item)

    def take(self, holder: KeyHolder, *, standing: KeyHolder | None) -> bool:
        """See the port. Whoever meets its own write, because the SDK had sent it twice, has the key."""
        place = caller_key_key(holder.tenant_id, holder.key)
        if standing is None:
            found = self._table.put_if_absent(place, _item(holder), now_ms=to_epoch_ms(holder.taken_at))
            return found is None or _holder(found) == holder
        outcome = self._table.update(place, _over(standing, holder), _NAMES)
        if isinstance(outcome, Refused):
            return outcome.retried and outcome.item is not None and _holder(outcome.item) == holder
        return True

    def release(self, tenant_id: str, key: str, job_id: str) -> None:
        """See the port."""
        mine = Write(update="", condition=_THIS_JOB, values={"job": job_id})
        self._table.delete_if(caller_key_key(tenant_id, key), mine, _NAMES)

    def release_all(self, jobs: Sequence[Job]) -> None:
        """Free the keys of jobs that are gone, as far as those have them still."""
        self._table.each(lambda job: self.release(job.tenant_id, str(job.caller_key), job.job_id), jobs)

    def of_scope(self, tenant_id: str, scope: str, *, after: str | None, limit: int) -> Page[KeyHolder]:
        """See the port. 16 queries of the index, and a batch for each 100 keys."""
        low, high = scope_range(scope, after)
        span = Range(low=low, high=high, ascending=True, index=UPCOMING)
        listed = in_order(self._table, caller_key_partitions(tenant_id), span, limit=limit, wanted=lambda _: True)
        places = [key_of(item) for item in listed.items]
        standing = self._table.get_many(places)
        holders = [_holder(standing[place]) for place in places if place in standing]
        return Page(
            items=tuple(holder for holder in holders if holder.scope == scope),
            next_cursor=None if listed.last is None else parse_scope_sort(listed.last)[1],
        )


def _item(holder: KeyHolder) -> dict[str, Value | None]:
    return {
        **stamp("caller_key"),
        _NAMES["job"]: holder.job_id,
        _NAMES["taken"]: to_epoch_ms(holder.taken_at),
        _NAMES["scope"]: None if holder.scope is None else scope_sort(holder.scope, holder.key),
    }


def _over(standing: KeyHolder, holder: KeyHolder) -> Write:
    """Write ``holder`` where ``standing`` still is."""
    values: dict[str, Value] = {
        "job": standing.job_id,
        "taken": to_epoch_ms(standing.taken_at),
        "new_job": holder.job_id,
        "new_taken": to_epoch_ms(holder.taken_at),
    }
    update = "SET #job = :new_job, #taken = :new_taken"
    if holder.scope is None:
        update += " REMOVE #scope"
    else:
        update += ", #scope = :new_scope"
        values["new_scope"] = scope_sort(holder.scope, holder.key)
    condition = f"{_THIS_JOB} AND #taken = :taken"
    if standing.scope is None:
        condition += " AND attribute_not_exists(#scope)"
    else:
        condition += " AND #scope = :scope"
        values["scope"] = scope_sort(standing.scope, standing.key)
    return Write(update=update, condition=condition, values=values)


def _holder(item: Item) -> KeyHolder:
    tenant_id, key = parse_caller_key_key(key_of(item))
    sort = optional_text(item, _NAMES["scope"])
    return KeyHolder(
        tenant_id=tenant_id,
        key=key,
        job_id=text(item, _NAMES["job"]),
        taken_at=from_epoch_ms(number(item, _NAMES["taken"])),
        scope=None if sort is None else parse_scope_sort(sort)[0],
    )

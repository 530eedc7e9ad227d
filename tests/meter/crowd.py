"""Very many jobs in the table without writing them one by one: moto would take hours, and gigabytes.

The partitions of a tenant's jobs get sort keys of as many jobs as are wanted, in the shards that the product would
choose, in the order of their creation. Their items are made when a request reads them: copies of a job that really
waits, and of one that really ended, under other ids. A query is answered by moto, from those of its range that it could
reach. Nothing else in the table grows with jobs but the numbers in the four rows of counts, which are set.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any, Final

import pytest
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from tests.contract.queue_engines import REGION
from tests.meter.stage import Stage
from tests.meter.wire import ACCOUNT
from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.aws.dynamodb.count_keys import GROUPS, counts_key
from tickwell.adapters.aws.dynamodb.upcoming_keys import upcoming_sort
from tickwell.domain.instant import to_epoch_ms

FAR: Final = timedelta(days=30)
"""The crowd waits until then, and later by a second for each job."""


@dataclass(slots=True)
class Members:
    """Those of a crowd that are in one shard; ``due`` are the sort keys in the index of what is to come."""

    sorts: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    due: list[str] = field(default_factory=list)


class Crowded(dict[DynamoType, Item]):
    """A partition with a crowd: what was written stands in the dict, the others are made when they are read."""

    def __init__(self, pk: str, written: dict[DynamoType, Item], members: Members, models: tuple[Any, Any]) -> None:
        super().__init__(written)
        self.pk, self.members, self.models = pk, members, models

    def __missing__(self, sort: DynamoType) -> Item:
        """One of the crowd. KeyError where there is none."""
        found = bisect_left(self.members.sorts, sort.value)
        if found == len(self.members.sorts) or self.members.sorts[found] != sort.value:
            raise KeyError(sort)
        return self.made(str(sort.value))

    def get(self, sort: DynamoType, default: Any = None) -> Any:
        """As of a dict."""
        try:
            return self[sort]
        except KeyError:
            return default

    def reach(self, low: str, high: str, most: int, *, forward: bool, index: str | None) -> dict[DynamoType, Item]:
        """What was written, and of the crowd the first ``most`` in a range, in the order asked for."""
        places = self.members.sorts if index is None else self.members.due
        first, end = bisect_left(places, low), bisect_right(places, high)
        chosen = range(first, end) if forward else range(end - 1, first - 1, -1)
        sorts = self.members.sorts if index is None else self.members.waiting
        made = {DynamoType({"S": sorts[n]}): self.made(sorts[n]) for n in islice(chosen, most)}
        return {**made, **self}

    def made(self, sort: str) -> Item:
        """A copy of one of the models."""
        place = bisect_left(self.members.waiting, sort)
        is_waiting = place < len(self.members.waiting) and self.members.waiting[place] == sort
        attributes = dict(self.models[0 if is_waiting else 1])
        attributes |= {"pk": {"S": self.pk}, "sk": {"S": sort}}
        if is_waiting:
            attributes["up"] = {"S": self.members.due[place]}
        return Item(DynamoType({"S": self.pk}), DynamoType({"S": sort}), attributes)


@contextmanager
def crowd(stage: Stage, *, waiting: int, ended: int) -> Iterator[None]:
    """So many jobs that wait and that have ended, beside those that were written, inside the block."""
    table: Any = dynamodb_backends[ACCOUNT][REGION].tables["tickwell"]
    tenant_id, models = _models(stage, table)
    shards = _shards(waiting=waiting, ended=ended, since_ms=to_epoch_ms(stage.now - FAR), until=stage.now + FAR)
    for shard, members in enumerate(shards):
        pk = keys.job_partition(tenant_id, shard)
        hash_key = DynamoType({"S": pk})
        table.items[hash_key] = Crowded(pk, table.items.get(hash_key, {}), members, models)
    _count(table, tenant_id, waiting=waiting, ended=ended)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "query", _reaching(Table.query))
        yield


def _reaching(query: Any) -> Any:
    """``Table.query`` that takes of a crowded partition only what it could reach."""

    def reaching(table: Any, hash_key: Any, comparison: Any, bounds: Any, limit: Any, *rest: Any, **more: Any) -> Any:
        partition = table.items.get(hash_key)
        if not isinstance(partition, Crowded):
            return query(table, hash_key, comparison, bounds, limit, *rest, **more)
        after, forward, _, index = [*rest, more.get("index_name")][:4]
        if comparison != "BETWEEN" or limit is None or after is not None:
            raise NotImplementedError("a crowd answers queries of a range with a limit")
        low, high = (bound.value for bound in bounds)
        rows = partition.reach(low, high, limit + 1, forward=forward, index=index)
        return query(_copy_with(table, hash_key, rows), hash_key, comparison, bounds, limit, *rest, **more)

    return reaching


def _copy_with(table: Any, hash_key: Any, rows: dict[DynamoType, Item]) -> Any:
    narrowed = object.__new__(type(table))
    narrowed.__dict__.update(table.__dict__, items={hash_key: rows})
    return narrowed


def _models(stage: Stage, table: Any) -> tuple[str, tuple[Any, Any]]:
    """The tenant, and two of its jobs as they stand in the table: one that waits, one that has ended."""
    far = stage.request("POST", "/api/v1/jobs", {"name": "waits", "delay_seconds": FAR.total_seconds()})
    done = stage.request("POST", "/api/v1/jobs", {"name": "ran"})
    stage.work()
    found: dict[str, Any] = {}
    tenant_id = ""
    for partition in table.items.values():
        for item in partition.values():
            written = item.to_json()["Attributes"]
            for job in (far, done):
                if written["sk"]["S"] == keys.job_sort(job["id"]):
                    tenant_id, found[job["id"]] = written["pk"]["S"].split("#")[1], written
    return tenant_id, (found[far["id"]], found[done["id"]])


def _shards(*, waiting: int, ended: int, since_ms: int, until: Any) -> list[Members]:
    """The crowd by shards, one that waits and one that has ended in turns."""
    shards = [Members() for _ in range(keys.SHARDS)]
    first_ms = to_epoch_ms(until)
    for number in range(2 * max(waiting, ended)):
        place, is_waiting = number // 2, number % 2 == 0
        if place >= (waiting if is_waiting else ended):
            continue
        job_id = _job_id(since_ms + number // 100, number)
        members = shards[keys.shard_of(job_id)]
        sort = keys.job_sort(job_id)
        members.sorts.append(sort)
        if is_waiting:
            members.waiting.append(sort)
            members.due.append(upcoming_sort(first_ms + 1000 * place, job_id))
    return shards


def _job_id(created_ms: int, number: int) -> str:
    """A UUIDv7 of that millisecond; larger numbers sort later."""
    time = f"{created_ms:012x}"
    return f"{time[:8]}-{time[8:]}-7{number % 100:03x}-8000-{number:012x}"


def _count(table: Any, tenant_id: str, *, waiting: int, ended: int) -> None:
    """Set the numbers in the rows of counts to those of the crowd, a quarter each."""
    for group in range(GROUPS):
        key = counts_key(tenant_id, group)
        rows = table.items.get(DynamoType({"S": key.pk}), {})
        item = rows.get(DynamoType({"S": key.sk}))
        if item is None:
            continue
        document = json.loads(item.attrs["doc"].value)
        for cell in document["jobs"]:
            cell[-1] += (waiting if cell[2] == "active" else ended) // GROUPS
        _add_first(document["executions"], ended // GROUPS)
        item.attrs["doc"] = DynamoType({"S": json.dumps(document, separators=(",", ":"), ensure_ascii=False)})


def _add_first(rows: Sequence[list[Any]], number: int) -> None:
    """To the successes of each row: the number behind queue and lane."""
    for row in rows:
        row[2] += number

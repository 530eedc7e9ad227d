"""Repairs the counts of a tenant by counting its jobs and dead letters; see ADR 0020 for what may have spoiled them."""

from collections.abc import Callable, Iterator

from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.aws.dynamodb.attributes import Item, text
from tickwell.adapters.aws.dynamodb.count_items import NAMES, CountsRow, counts_row, counts_text
from tickwell.adapters.aws.dynamodb.count_keys import GROUPS, counts_key, group_of
from tickwell.adapters.aws.dynamodb.counts import row_write
from tickwell.adapters.aws.dynamodb.items import job_from
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Written
from tickwell.domain.counts import Counts, change_of_job

_PAGE = 1000


class Recount:
    """The repair; see ``__call__``. ``wait`` returns after the stream has had time to bring what was written before."""

    def __init__(self, table: Table, wait: Callable[[], object]) -> None:
        self._table = table
        self._wait = wait

    def __call__(self, tenant_id: str) -> bool:
        """Replace the counts of jobs and dead letters by what there is; those of executions stay as they are.

        False, and nothing is replaced, when the tenant was not at rest meanwhile: what the stream still brings would
        be counted twice. True only once every row stands. Reads all the tenant's jobs twice.
        """
        rows, counted = self._rows(tenant_id), self._count(tenant_id)
        self._wait()
        if self._rows(tenant_id) != rows or self._count(tenant_id) != counted:
            return False
        replaced = [self._replace(tenant_id, group, rows[group], counted[group]) for group in range(GROUPS)]
        return all(replaced)

    def _rows(self, tenant_id: str) -> list[CountsRow]:
        found = self._table.get_many(counts_key(tenant_id, group) for group in range(GROUPS))
        return [counts_row(found.get(counts_key(tenant_id, group))) for group in range(GROUPS)]

    def _count(self, tenant_id: str) -> list[Counts]:
        """What there is, by group; the shards are read side by side."""
        shards = self._table.each(lambda shard: self._count_shard(tenant_id, shard), range(keys.SHARDS))
        groups = [Counts()] * GROUPS
        for shard, counts in enumerate(shards):
            groups[group_of(shard)] = groups[group_of(shard)].plus(counts)
        return groups

    def _count_shard(self, tenant_id: str, shard: int) -> Counts:
        total = Counts(dead_letters=sum(1 for _ in self._all(keys.dead_letter_partition(tenant_id, shard), "")))
        for item in self._all(keys.job_partition(tenant_id, shard), keys.job_sort("")):
            total = total.plus(change_of_job(None, job_from(item, None), None))
        return total

    def _all(self, partition: str, prefix: str) -> Iterator[Item]:
        """All items whose sort key begins with ``prefix``, consistently. '!' sorts before all that keys are made of."""
        low = f"{prefix}!"
        while True:
            found = self._table.query(partition, low=low, high=f"{prefix}{keys.LAST}", limit=_PAGE, consistent=True)
            yield from found.items
            if not found.more:
                return
            low = f"{text(found.items[-1], 'sk')}!"

    def _replace(self, tenant_id: str, group: int, row: CountsRow, counted: Counts) -> bool:
        """Write unless somebody else has since the row was read."""
        if (row.counts.jobs, row.counts.dead_letters) == (counted.jobs, counted.dead_letters):
            return True
        counts = Counts(
            jobs=counted.jobs,
            dead_letters=counted.dead_letters,
            executions=row.counts.executions,
            recent=row.counts.recent,
        )
        key = counts_key(tenant_id, group)
        write = row_write(key, row.version, counts_text(counts, row.seen, row.today))
        return isinstance(self._table.update(key, write, NAMES), Written)

"""How the keys of counts are spelled; see ``keys`` for the rest.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| counts | ``T#{tenant}#C#{group}`` | ``C`` | all counts of a tenant: 4 items, one batch | 1 write per KB, 5 s |
| counted day | as its counts | ``D#{yyyymmdd}`` | the hours of a day; vanishes by TTL | the same |

A group counts four of the sixteen shards of jobs, and those of dead letters of the same numbers.
"""

from datetime import date

from tickwell.adapters.aws.dynamodb.keys import Key, match_key

GROUPS = 4
"""Rows of a tenant's counts: few, so that little is written; more than one, so that none is written often."""

_DAY = "%Y%m%d"


def group_of(shard: int) -> int:
    """The group that counts a shard."""
    return shard % GROUPS


def counts_key(tenant_id: str, group: int) -> Key:
    """Where the counts of a group are."""
    return Key(f"T#{tenant_id}#C#{group:x}", "C")


def parse_counts_key(key: Key) -> tuple[str, int]:
    """Tenant and group. Raises UnknownKeyError."""
    match_key(r"(C)", key.sk)
    return _parse_partition(key.pk)


def day_key(tenant_id: str, group: int, day: date) -> Key:
    """Where the hours of a day (UTC) of a group are."""
    return Key(f"T#{tenant_id}#C#{group:x}", f"D#{day:{_DAY}}")


def parse_day_key(key: Key) -> tuple[str, int, date]:
    """Tenant, group and day. Raises UnknownKeyError."""
    year, month, day = match_key(r"D#(\d{4})(\d{2})(\d{2})", key.sk)
    return *_parse_partition(key.pk), date(int(year), int(month), int(day))


def parse_counted_partition(pk: str) -> tuple[str, str, int]:
    """Tenant, family (``J`` for jobs, ``D`` for dead letters) and shard of what is counted. Raises UnknownKeyError."""
    tenant_id, family, shard = match_key(r"T#(.+)#([JD])#([0-9a-f])", pk)
    return tenant_id, family, int(shard, 16)


def _parse_partition(pk: str) -> tuple[str, int]:
    tenant_id, group = match_key(r"T#(.+)#C#([0-9a-f])", pk)
    return tenant_id, int(group, 16)

"""How partition and sort keys are spelled.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| job | ``T#{tenant}#J#{shard}`` | ``J#{job}`` | get, claim; newest first (16 shards) | 1 write each |
| body | as its job | ``B#{job}#{version}#{digest}`` | payload and description over 400 bytes | 1 write per KB |
| execution | ``T#{tenant}#X#{job}`` | ``E#{due}#{attempt}{mark}`` | put if absent; newest first in a query | 1 write |
| detail | as its execution | ``L#{due}#{attempt}#{digest}{mark}`` | long output, failure and logs | 1 write per KB |
| skip | as the job's executions | ``K#{first due}`` | newest first in one query | 1 write |
| notification | as the job's executions | ``N#{due}#{attempt}#{id}`` | beside its execution, one query | 1 write |
| dead letter | ``T#{tenant}#D#{shard}`` | ``{due in id}#{id}`` | get, put once; newest first (16) | 1 write per KB |
| due item | ``D#{minute}#{shard}`` | ``{look at}#{rest}`` | a minute of a shard, in order; vanishes by TTL | 1 write |
| watermark | ``S#{shard}`` | ``W`` | the safety sync's lease and progress | 2 writes a sweep |

Shards are one hexadecimal digit, from the CRC-32 of the id. Instants are 13 digits of epoch milliseconds, so that
their text sorts as they do. No index, no Scan: each access is one of the rows above, or of those in the modules beside
this one whose names end in ``_keys``; only the operator's ``rebuild`` scans (``job_walk``).
"""

import re
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tickwell.adapters.dead_letter_documents import dead_letter_rank
from tickwell.domain.child import child_mark, listed_under
from tickwell.domain.due import DueItem, DuePosition
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import JobKey

SHARDS = 16
"""Shards of a tenant's jobs and of its dead letters: 16,000 writes a second each."""

LAST = "~"
"""Sorts behind every id and every digit."""

_LONGEST_PK, _LONGEST_SK = 2048, 1024
_MINUTE = "%Y%m%d%H%M"

LATEST_MS = 10**13 - 1
"""The last instant that 13 digits can spell, in the year 2286."""


@dataclass(frozen=True, slots=True)
class Key:
    """The primary key of an item."""

    pk: str
    sk: str

    def is_possible(self) -> bool:
        """Whether an item can have this key. Callers may ask for any id; the service refuses what is none."""
        try:
            return 0 < len(self.pk.encode()) <= _LONGEST_PK and 0 < len(self.sk.encode()) <= _LONGEST_SK
        except UnicodeEncodeError:
            return False


class UnknownKeyError(ValueError):
    """A key that is not of the kind that it was read as."""


def job_partition(tenant_id: str, shard: int) -> str:
    """One shard of a tenant's jobs."""
    return f"T#{tenant_id}#J#{shard:x}"


def job_sort(job_id: str) -> str:
    """A job in its shard; ids sort by creation."""
    return f"J#{job_id}"


def job_key(key: JobKey) -> Key:
    """Where a job is."""
    return Key(job_partition(key.tenant_id, shard_of(key.job_id)), job_sort(key.job_id))


def parse_job_key(key: Key) -> JobKey:
    """The job whose key this is. Raises UnknownKeyError."""
    tenant_id, _ = match_key(r"T#(.+)#J#([0-9a-f])", key.pk)
    (job_id,) = match_key(r"J#(.+)", key.sk)
    return JobKey(tenant_id=tenant_id, job_id=job_id)


def body_key(key: JobKey, reference: str) -> Key:
    """Where a job's long content is; ``reference`` is ``{version}#{digest}``, so that no two edits share one."""
    return Key(job_partition(key.tenant_id, shard_of(key.job_id)), f"B#{key.job_id}#{reference}")


def parse_body_key(key: Key) -> tuple[JobKey, str]:
    """The job and the reference of a body's key. Raises UnknownKeyError."""
    tenant_id, _ = match_key(r"T#(.+)#J#([0-9a-f])", key.pk)
    job_id, reference = match_key(r"B#(.+?)#(\d+#[0-9a-f]+)", key.sk)
    return JobKey(tenant_id=tenant_id, job_id=job_id), reference


def history_partition(key: JobKey) -> str:
    """The executions and skips of a job."""
    return f"T#{key.tenant_id}#X#{key.job_id}"


def executions_partition(key: JobKey) -> str:
    """What is listed under a job: what it ran itself, and what its children did, with a mark behind the sort key."""
    return f"T#{key.tenant_id}#X#{listed_under(key.job_id)}"


def execution_sort(due_ms: int, attempt: int, mark: str = "") -> str:
    """An execution among those that are listed under a job; ``mark`` is that of the child which it belongs to."""
    return f"E#{due_ms:013d}#{attempt:04d}{mark}"


def attempts_range(due_ms: int) -> tuple[str, str]:
    """The lowest and the highest sort key of the executions of one occurrence."""
    return execution_sort(due_ms, 0), f"E#{due_ms:013d}#{LAST}"


def execution_key(key: JobKey, due_ms: int, attempt: int) -> Key:
    """Where an execution is."""
    return Key(executions_partition(key), execution_sort(due_ms, attempt, child_mark(key.job_id)))


def parse_execution_key(key: Key) -> tuple[JobKey, int, int]:
    """Job, due instant (epoch ms) and attempt of an execution's key. Raises UnknownKeyError."""
    due, attempt, mark = match_key(r"E#(\d{13})#(\d{4,})(|\..+)", key.sk)
    return _marked(key, mark), int(due), int(attempt)


def detail_key(key: JobKey, due_ms: int, attempt: int, digest: str) -> Key:
    """Where the long parts of an execution are; ``digest`` is theirs, so that no two records share them."""
    return Key(executions_partition(key), f"L#{due_ms:013d}#{attempt:04d}#{digest}{child_mark(key.job_id)}")


def parse_detail_key(key: Key) -> tuple[JobKey, int, int, str]:
    """Job, due instant (epoch ms), attempt and digest of a detail's key. Raises UnknownKeyError."""
    due, attempt, digest, mark = match_key(r"L#(\d{13})#(\d{4,})#([0-9a-f]+)(|\..+)", key.sk)
    return _marked(key, mark), int(due), int(attempt), digest


def skip_sort(first_due_ms: int) -> str:
    """A skip among those of its job."""
    return f"K#{first_due_ms:013d}"


def skip_key(key: JobKey, first_due_ms: int) -> Key:
    """Where a skip is."""
    return Key(history_partition(key), skip_sort(first_due_ms))


def parse_skip_key(key: Key) -> tuple[JobKey, int]:
    """Job and first due instant (epoch ms) of a skip's key. Raises UnknownKeyError."""
    (first,) = match_key(r"K#(\d{13})", key.sk)
    return _parse_history_partition(key.pk), int(first)


def notification_sort(due_ms: int, attempt: int, notification_id: str) -> str:
    """What became of a notification, among the notifications of its execution."""
    return f"N#{due_ms:013d}#{attempt:04d}#{notification_id}"


def notification_key(key: JobKey, due_ms: int, attempt: int, notification_id: str) -> Key:
    """Where the record of a notification is."""
    return Key(history_partition(key), notification_sort(due_ms, attempt, notification_id))


def parse_notification_key(key: Key) -> tuple[JobKey, int, int, str]:
    """Job, due instant (epoch ms), attempt and id of a notification's key. Raises UnknownKeyError."""
    due, attempt, notification_id = match_key(r"N#(\d{13})#(\d{4,})#(.+)", key.sk)
    return _parse_history_partition(key.pk), int(due), int(attempt), notification_id


def dead_letter_partition(tenant_id: str, shard: int) -> str:
    """One shard of a tenant's dead letters."""
    return f"T#{tenant_id}#D#{shard:x}"


def dead_letter_sort(dead_letter_id: str) -> str:
    """A dead letter in its shard; derived from the id alone, so that it is put once whenever it failed."""
    return f"{dead_letter_rank(dead_letter_id)}#{dead_letter_id}"


def dead_letter_key(tenant_id: str, dead_letter_id: str) -> Key:
    """Where a dead letter is."""
    partition = dead_letter_partition(tenant_id, shard_of(dead_letter_id))
    return Key(partition, dead_letter_sort(dead_letter_id))


def parse_dead_letter_key(key: Key) -> tuple[str, str]:
    """Tenant and id of a dead letter's key. Raises UnknownKeyError."""
    tenant_id, _ = match_key(r"T#(.+)#D#([0-9a-f])", key.pk)
    _, dead_letter_id = match_key(r"([0-9a-f]{12})#(.+)", key.sk)
    return tenant_id, dead_letter_id


def due_partition(minute: datetime, shard: int) -> str:
    """The due items of a shard in the minute that ``minute`` lies in."""
    return f"D#{minute.astimezone(UTC):{_MINUTE}}#{shard:x}"


def due_sort(position: DuePosition) -> str:
    """A place among the due items of a minute."""
    return f"{to_epoch_ms(position.look_at):013d}#{position.rest}"


def due_key(item: DueItem) -> Key:
    """Where a due item is."""
    return due_place(item.shard, item.position)


def due_place(shard: int, position: DuePosition) -> Key:
    """Where a due item of this position is."""
    return Key(due_partition(position.look_at, shard), due_sort(position))


def parse_due_key(key: Key) -> tuple[int, DuePosition]:
    """Shard and position of a due item's key. Raises UnknownKeyError."""
    _, shard = match_key(r"D#(\d{12})#([0-9a-f])", key.pk)
    look_at, rest = match_key(r"(\d{13})#(.*)", key.sk)
    return int(shard, 16), DuePosition(look_at=from_epoch_ms(int(look_at)), rest=rest)


def watermark_key(shard: int) -> Key:
    """Where the safety sync's progress in a shard is."""
    return Key(f"S#{shard:x}", "W")


def parse_watermark_key(key: Key) -> int:
    """The shard of a watermark's key. Raises UnknownKeyError."""
    (shard,) = match_key(r"S#([0-9a-f]+)", key.pk)
    match_key(r"(W)", key.sk)
    return int(shard, 16)


def shard_of(identifier: str) -> int:
    """The shard of a job or a dead letter."""
    return zlib.crc32(identifier.encode("utf-8", "surrogatepass")) % SHARDS


def _marked(key: Key, mark: str) -> JobKey:
    """The job of an execution's key: the child of ``mark``, or the one that it is listed under."""
    listed = _parse_history_partition(key.pk)
    return replace(listed, job_id=listed.job_id + mark)


def _parse_history_partition(pk: str) -> JobKey:
    tenant_id, job_id = match_key(r"T#(.+?)#X#(.+)", pk)
    return JobKey(tenant_id=tenant_id, job_id=job_id)


def match_key(pattern: str, text: str) -> tuple[str, ...]:
    """The groups of ``pattern`` in a part of a key. Raises UnknownKeyError when it is not of that form."""
    found = re.fullmatch(pattern, text, re.DOTALL)
    if found is None:
        raise UnknownKeyError(f"{text!r} is not of the form {pattern}")
    return found.groups()

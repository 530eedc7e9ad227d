"""Due items and watermarks in SQLite; see ``DueItems`` for what they promise."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from tickwell.adapters.documents import due_item_from, due_item_text
from tickwell.adapters.embedded.database import Database
from tickwell.application.ports import Clock
from tickwell.domain.due import (
    DUE_ITEM_LIFE,
    DUE_SHARDS,
    DueItem,
    DuePage,
    DuePosition,
    Watermark,
    place_of,
    shard_of,
)
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.message import JobMessage

_PUT = "INSERT OR REPLACE INTO due_items (shard, look_ms, rest, document) VALUES (?, ?, ?, ?)"
_PAGE = """
    SELECT look_ms, document FROM due_items
    WHERE shard = ? AND (look_ms, rest) > (?, ?) AND look_ms <= ? ORDER BY look_ms, rest LIMIT ?
"""
_KNOWN = "SELECT 1 FROM due_items WHERE shard = ? AND look_ms = ? AND rest = ?"
_ACQUIRE = """
    INSERT INTO watermarks (shard, token, lease_until_ms, swept_ms, swept_rest, checked_ms, checked_rest)
    VALUES (:shard, :token, :lease_until, :swept_ms, :swept_rest, :checked_ms, :checked_rest)
    ON CONFLICT DO UPDATE SET token = excluded.token, lease_until_ms = excluded.lease_until_ms
    WHERE token IS NULL OR lease_until_ms <= :now OR token = :token
    RETURNING swept_ms, swept_rest, checked_ms, checked_rest
"""
_SAVE = """
    UPDATE watermarks SET token = NULL, lease_until_ms = NULL,
        swept_ms = :swept_ms, swept_rest = :swept_rest, checked_ms = :checked_ms, checked_rest = :checked_rest
    WHERE shard = :shard AND token = :token
"""
_FORGET = "DELETE FROM due_items WHERE shard = ? AND look_ms = ? AND rest = ?"
_AHEAD = """
    SELECT 1 FROM due_items WHERE due_items.shard = watermarks.shard
    AND (look_ms, rest) > ({which}_ms, {which}_rest) AND look_ms <= :{which}
"""
_OUT_OF_REACH = f"""
    SELECT shard FROM watermarks WHERE checked_ms <= :checked AND swept_ms <= COALESCE(:swept, swept_ms)
    AND NOT EXISTS ({_AHEAD.format(which="checked")})
    AND (:swept IS NULL OR NOT EXISTS ({_AHEAD.format(which="swept")}))
"""


class EmbeddedDueItems:
    """The embedded ``DueItems``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(self, items: Sequence[DueItem]) -> None:
        """See the port; all in one transaction."""
        rows = [(item.shard, to_epoch_ms(item.look_at), place_of(item.message), due_item_text(item)) for item in items]
        with self._database.transaction(one_row=len(rows) == 1) as cursor:
            cursor.executemany(_PUT, rows)

    def page(self, shard: int, *, after: DuePosition, until: datetime, limit: int) -> DuePage:
        """See the port. Complete in one call unless ``limit`` is reached."""
        values = (shard, to_epoch_ms(after.look_at), after.rest, to_epoch_ms(until), limit)
        with self._database.read() as cursor:
            rows = cursor.execute(_PAGE, values).fetchall()
        now = self._clock.now()
        found = [due_item_from(look_ms, text) for look_ms, text in rows]
        items = tuple(item for item in found if item.expires_at > now)
        if len(found) == limit:
            return DuePage(items=items, reached=found[-1].position, complete=False)
        return DuePage(items=items, reached=max(after, DuePosition.end_of(until)), complete=True)

    def known(self, places: Sequence[tuple[int, DuePosition]]) -> Sequence[bool]:
        """See the port."""
        keys = [(shard, to_epoch_ms(position.look_at), position.rest) for shard, position in places]
        alive_ms = to_epoch_ms(self._clock.now() - DUE_ITEM_LIFE)
        with self._database.read() as cursor:
            return [key[1] > alive_ms and cursor.execute(_KNOWN, key).fetchone() is not None for key in keys]

    def acquire(
        self, shard: int, *, token: str, now: datetime, lease_until: datetime, first: Watermark
    ) -> Watermark | None:
        """See the port."""
        values = _watermark_values(shard, token, first)
        values |= {"now": to_epoch_ms(now), "lease_until": to_epoch_ms(lease_until)}
        with self._database.transaction() as cursor:
            row = cursor.execute(_ACQUIRE, values).fetchone()
        if row is None:
            return None
        swept_ms, swept_rest, checked_ms, checked_rest = row
        return Watermark(
            swept_to=DuePosition(look_at=from_epoch_ms(swept_ms), rest=swept_rest),
            checked_to=DuePosition(look_at=from_epoch_ms(checked_ms), rest=checked_rest),
        )

    def save(self, shard: int, *, token: str, watermark: Watermark) -> bool:
        """See the port."""
        with self._database.transaction() as cursor:
            return cursor.execute(_SAVE, _watermark_values(shard, token, watermark)).rowcount == 1

    def forget(self, messages: Sequence[JobMessage]) -> None:
        """See the port; all in one transaction. So the table holds what is to come, and what waits or runs.

        It does not wait for the disk: what a power cut undoes is looked at once more.
        """
        if not messages:
            return
        with self._database.transaction(durable=False) as cursor:
            cursor.executemany(_FORGET, [_place(message) for message in messages])

    def within_reach(self, *, sweep_until: datetime | None, check_until: datetime) -> Collection[int]:
        """See the port. Exact, by one or two steps in the order of each shard, whatever waits there."""
        values = {
            "swept": None if sweep_until is None else to_epoch_ms(sweep_until),
            "checked": to_epoch_ms(check_until),
        }
        with self._database.read() as cursor:
            out_of_reach = {shard for (shard,) in cursor.execute(_OUT_OF_REACH, values)}
        return [shard for shard in range(DUE_SHARDS) if shard not in out_of_reach]


def _place(message: JobMessage) -> tuple[int, int, str]:
    """Where the due item of ``message`` is that was written ahead of its time."""
    return shard_of(message), to_epoch_ms(message.run_at), place_of(message)


def _watermark_values(shard: int, token: str, watermark: Watermark) -> dict[str, Any]:
    return {
        "shard": shard,
        "token": token,
        "swept_ms": to_epoch_ms(watermark.swept_to.look_at),
        "swept_rest": watermark.swept_to.rest,
        "checked_ms": to_epoch_ms(watermark.checked_to.look_at),
        "checked_rest": watermark.checked_to.rest,
    }

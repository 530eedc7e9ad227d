"""Queues in the SQLite file: fair among groups, each message with one receiver at a time.

When a message becomes visible it is given a *turn*: the one after the last of its group, but none before the first
that is taken. Delivery follows the turns, so that each group that has something to deliver gets one message delivered
before any gets a second one: a flood of one tenant stands behind a single message of another (X7).

What is sent is on the disk. That it was received, or deleted, need not be: whatever a power cut undoes of that is
delivered once more, as any queue may.
"""

import math
import sqlite3
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from tickwell.adapters.delay import LONGEST_RELEASE_SECONDS, require_delay
from tickwell.adapters.embedded.bell import bell_of
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.together import update_many
from tickwell.application.ports import Clock, Delivery, Depth, Outgoing
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.message import Unreadable

T = TypeVar("T")

_MOST_PER_RECEIVE = 1000
"""So many bodies are held in memory at once at most; a transaction of that size keeps others waiting for some ms."""

_TURNS_AT_ONCE = 2000
_ALL = -1
_COUNTED = 100
"""So many that have a turn are counted one by one."""

_POLL_SECONDS = 0.05
"""How late a message that another process sent may be noticed."""

_Row = tuple[int, str, int]

_SEND = """
    INSERT INTO queue_messages (queue, group_id, body, visible_at) VALUES (?, ?, ?, ?)
"""
_HEAD = """
    SELECT CASE WHEN EXISTS (SELECT 1 FROM queue_messages WHERE queue = :queue AND turn IS NOT NULL) THEN 0
    ELSE (SELECT visible_at FROM queue_messages WHERE queue = :queue AND turn IS NULL
          ORDER BY visible_at, id LIMIT 1) END
"""
_ARRIVED = """
    SELECT id, group_id FROM queue_messages
    WHERE queue = ? AND visible_at <= ? AND turn IS NULL ORDER BY visible_at, id LIMIT ?
"""
_FIRST_TURN = "SELECT MIN(turn) FROM queue_messages WHERE queue = ? AND turn IS NOT NULL"
_LAST_TURN = "SELECT MAX(turn) FROM queue_messages WHERE queue = ? AND group_id = ? AND turn IS NOT NULL"
_GIVE_TURN = "UPDATE queue_messages SET turn = :turn WHERE id = :id"
_DELIVERABLE = """
    SELECT id, body, receives FROM queue_messages
    WHERE queue = ? AND turn IS NOT NULL ORDER BY turn, id LIMIT ?
"""
_DELIVER = "UPDATE queue_messages SET visible_at = :at, receives = :receives, turn = NULL WHERE id = :id"
_MOVE = """
    UPDATE queue_messages SET queue = ?, visible_at = ?, receives = 0, turn = NULL
    WHERE id = ? AND queue = ? AND receives = ?
"""
_DELETE = "DELETE FROM queue_messages WHERE id = ? AND queue = ? AND receives = ?"
_RELEASE = """
    UPDATE queue_messages SET visible_at = ?, turn = NULL WHERE id = ? AND queue = ? AND receives = ?
"""
_COUNT = "SELECT COUNT(*) FROM (SELECT 1 FROM queue_messages WHERE queue = :queue AND {which} LIMIT :most)"
_GROUPS = """
    WITH RECURSIVE groups (name) AS (
        SELECT MIN(group_id) FROM queue_messages WHERE queue = :queue AND turn IS NOT NULL
        UNION ALL
        SELECT (
            SELECT MIN(group_id) FROM queue_messages WHERE queue = :queue AND turn IS NOT NULL AND group_id > name
        ) FROM groups WHERE name IS NOT NULL
    )
"""
_HEADS = f"""
    {_GROUPS}
    SELECT MIN((
        SELECT visible_at FROM queue_messages INDEXED BY queue_messages_by_group
        WHERE queue = :queue AND group_id = name AND turn IS NOT NULL ORDER BY turn LIMIT 1
    )) FROM groups WHERE name IS NOT NULL
"""
"""When the oldest of those that have a turn became visible: in each group they have their turns in that order."""
_TURNS = f"""
    {_GROUPS}
    SELECT SUM(1 + (SELECT MAX(turn) FROM queue_messages WHERE queue = :queue AND group_id = name AND turn IS NOT NULL)
        - (SELECT MIN(turn) FROM queue_messages WHERE queue = :queue AND group_id = name AND turn IS NOT NULL))
    FROM groups WHERE name IS NOT NULL
"""
"""How many have a turn: in each group turns follow one another, but for those that were deleted while they had one."""
_DEPTH = f"""
    SELECT ({_COUNT.format(which="turn IS NOT NULL").replace(":most", ":in_turn")}),
        ({_COUNT.format(which="turn IS NULL AND visible_at <= :now")}),
        ({_COUNT.format(which="turn IS NULL AND visible_at > :now AND receives = 0")}),
        ({_COUNT.format(which="turn IS NULL AND visible_at > :now AND receives > 0 ORDER BY visible_at DESC")}),
        ({_HEADS}),
        (SELECT MIN(visible_at) FROM queue_messages WHERE queue = :queue AND turn IS NULL AND visible_at <= :now)
"""
"""What is in flight is as a rule invisible for longer than anything that is only delayed."""


class EmbeddedQueue(Generic[T]):
    """One named queue of the database; precise to the millisecond of ``clock``, in turns of its groups.

    A message stays invisible for ``visibility_seconds`` once it was delivered. Where ``dead_letter`` names a
    queue, what was delivered ``max_receives`` times goes there instead of being delivered again. Safe for
    threads and processes. The default of ``max_receives`` is the backstop of rule 4. ``ahead_seconds``: messages are
    delivered so much before their delay is over, for receivers that are ready by then and wait for the instant itself.
    """

    def __init__(  # noqa: PLR0913 - what a queue is, each by its name
        self,
        database: Database,
        name: str,
        dead_letter: str | None,
        encode: Callable[[T], str],
        decode: Callable[[str], T | Unreadable],
        clock: Clock,
        *,
        visibility_seconds: float,
        max_receives: int = 10,
        ahead_seconds: float = 0.0,
    ) -> None:
        self._database = database
        self._name = name
        self._dead_letter = dead_letter
        self._encode = encode
        self._decode = decode
        self._clock = clock
        self._visibility_ms = _milliseconds(visibility_seconds)
        self._max_receives = max_receives
        self._ahead_ms = _milliseconds(ahead_seconds)
        self._bell = bell_of(database, name)

    def send(self, outgoing: Sequence[Outgoing[T]]) -> None:
        """Send all or none, in one transaction. ValueError for a delay above 900 s."""
        now_ms = self._now_ms()
        rows = [
            (
                self._name,
                item.group,
                self._encode(item.message),
                now_ms + _milliseconds(require_delay(item.delay_seconds)),
            )
            for item in outgoing
        ]
        if not rows:
            return
        with self._database.transaction(one_row=len(rows) == 1) as cursor:
            cursor.executemany(_SEND, rows)
        self._database.afterwards(lambda: self._bell.ring(len(rows)))

    def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery[T]]:
        """See the port. Waiting ends within 50 ms of another process's message, at once for this one's."""
        left_seconds = wait_seconds
        while True:
            rings = self._bell.rings
            visible_in_seconds = self._visible_in_seconds()
            if visible_in_seconds <= 0:
                rows, moved = self._take(min(limit, _MOST_PER_RECEIVE))
                if rows:
                    return [self._delivery(*row) for row in rows]
                if moved:
                    continue
            if left_seconds <= 0:
                return ()
            pause_seconds = min(left_seconds, _POLL_SECONDS, max(visible_in_seconds, 0.001))
            left_seconds -= self._pause(rings, pause_seconds)

    def delete(self, deliveries: Sequence[Delivery[T]]) -> None:
        """Done with them; a receipt of an earlier delivery is ignored."""
        if not deliveries:
            return
        rows = [(number, self._name, receives) for number, receives in map(_parse, deliveries)]
        with self._database.transaction(durable=False) as cursor:
            cursor.executemany(_DELETE, rows)

    def release(self, delivery: Delivery[T], *, delay_seconds: int) -> None:
        """Make it deliverable again after ``delay_seconds``, unless somebody else has it by now."""
        number, receives = _parse(delivery)
        visible_at_ms = self._now_ms() + _milliseconds(require_delay(delay_seconds, LONGEST_RELEASE_SECONDS))
        self._write(_RELEASE, [(visible_at_ms, number, self._name, receives)])
        self._bell.ring(1)

    def bury(self, delivery: Delivery[T]) -> None:
        """Move it to the dead letter queue, unless somebody else has it by now.

        ValueError where there is no such queue.
        """
        if self._dead_letter is None:
            raise ValueError(f"queue {self._name} has no dead letter queue")
        number, receives = _parse(delivery)
        self._write(_MOVE, [(self._dead_letter, self._now_ms(), number, self._name, receives)])
        bell_of(self._database, self._dead_letter).ring(1)

    def depth(self, *, most: int | None = None) -> Depth:
        """Exact up to ``most``. Without it, more than a hundred that wait are told by first and last turns of groups.

        That is as quick at any length, and too many by what was deleted out of its turn: by a receiver that was later
        than the visibility timeout. What has no turn yet (delayed, in flight, sent since the last receive) is counted.
        """
        limits = {"most": _ALL, "in_turn": _COUNTED} if most is None else {"most": most, "in_turn": most}
        values = {"now": self._now_ms(), "queue": self._name, **limits}
        with self._database.read() as cursor:
            row = cursor.execute(_DEPTH, values).fetchone()
            in_turn, arrived, delayed, in_flight, *first_visible_at_ms = row
            if most is None and in_turn == _COUNTED:
                in_turn = max(in_turn, cursor.execute(_TURNS, values).fetchone()[0] or 0)
        oldest_ms = min((at_ms for at_ms in first_visible_at_ms if at_ms is not None), default=None)
        waiting = in_turn + arrived if most is None else min(in_turn + arrived, most)
        oldest_at = None if oldest_ms is None else from_epoch_ms(oldest_ms)
        return Depth(waiting=waiting, delayed=delayed, in_flight=in_flight, oldest_at=oldest_at)

    def _take(self, limit: int) -> tuple[list[_Row], bool]:
        """Deliver up to ``limit`` messages; whether any went to the dead letter queue instead."""
        now_ms = self._now_ms()
        while True:
            with self._database.transaction(durable=False) as cursor:
                if self._give_turns(cursor, now_ms + self._ahead_ms) < _TURNS_AT_ONCE:
                    return self._deliver(cursor, now_ms, limit)

    def _deliver(self, cursor: sqlite3.Cursor, now_ms: int, limit: int) -> tuple[list[_Row], bool]:
        found: list[_Row] = cursor.execute(_DELIVERABLE, (self._name, limit)).fetchall()
        taken = [(number, body, receives + 1) for number, body, receives in found if self._may(receives)]
        exhausted = [(number, receives) for number, _, receives in found if not self._may(receives)]
        visible_at_ms = now_ms + self._visibility_ms
        delivered = [(visible_at_ms, receives, number) for number, _, receives in taken]
        update_many(cursor, _DELIVER, ("at", "receives", "id"), delivered)
        moves = [(self._dead_letter, now_ms, number, self._name, receives) for number, receives in exhausted]
        cursor.executemany(_MOVE, moves)
        return taken, bool(exhausted)

    def _give_turns(self, cursor: sqlite3.Cursor, until_ms: int) -> int:
        """Give turns to messages that are visible by then; to how many, ``_TURNS_AT_ONCE`` at most."""
        arrived = cursor.execute(_ARRIVED, (self._name, until_ms, _TURNS_AT_ONCE)).fetchall()
        if not arrived:
            return 0
        first = cursor.execute(_FIRST_TURN, (self._name,)).fetchone()[0] or 1
        last: dict[str, int] = {}
        turns = []
        for number, group in arrived:
            if group not in last:
                last[group] = cursor.execute(_LAST_TURN, (self._name, group)).fetchone()[0] or first - 1
            last[group] += 1
            turns.append((last[group], number))
        update_many(cursor, _GIVE_TURN, ("turn", "id"), turns)
        return len(arrived)

    def _may(self, receives: int) -> bool:
        """Whether a message that was delivered ``receives`` times may be delivered once more."""
        return self._dead_letter is None or receives < self._max_receives

    def _visible_in_seconds(self) -> float:
        """How long until the first message may be delivered; takes no write lock."""
        with self._database.read() as cursor:
            (visible_at_ms,) = cursor.execute(_HEAD, {"queue": self._name}).fetchone()
        return math.inf if visible_at_ms is None else (visible_at_ms - self._ahead_ms - self._now_ms()) / 1000

    def _pause(self, rings: int, timeout_seconds: float) -> float:
        """Wait for the bell; roughly how long that took."""
        before = self._clock.now()
        if not self._bell.wait(rings, timeout_seconds):
            return timeout_seconds
        return min(max((self._clock.now() - before).total_seconds(), 0.0), timeout_seconds)

    def _delivery(self, number: int, body: str, receives: int) -> Delivery[T]:
        return Delivery(
            message=self._decode(body),
            message_id=str(number),
            receipt=f"{number}.{receives}",
            receive_count=receives,
        )

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._database.transaction() as cursor:
            cursor.executemany(statement, rows)

    def _now_ms(self) -> int:
        return to_epoch_ms(self._clock.now())


def _milliseconds(seconds: float) -> int:
    return math.ceil(seconds * 1000)


def _parse(delivery: Delivery[T]) -> tuple[int, int]:
    number, receives = delivery.receipt.split(".")
    return int(number), int(receives)

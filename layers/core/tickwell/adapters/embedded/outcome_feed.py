"""What follows from outcomes and is still to be done: the embedded engine's table stream (rule 9)."""

import sqlite3
from collections.abc import Sequence

from tickwell.adapters.embedded.database import Database
from tickwell.domain.outcome_event import OutcomeEvent
from tickwell.messages import decode_event, encode_event

_PUT = "INSERT INTO outcomes (document) VALUES (?)"
_READ = "SELECT number, document FROM outcomes ORDER BY number LIMIT ?"
_ACKNOWLEDGE = "DELETE FROM outcomes WHERE number = ?"


def put_outcome(cursor: sqlite3.Cursor, event: OutcomeEvent) -> None:
    """Note ``event`` in the transaction of ``cursor``, which records what brought it about."""
    cursor.execute(_PUT, (encode_event(event),))


class EmbeddedOutcomeFeed:
    """Events in the order in which they were recorded, each until it is acknowledged: at least once, across crashes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, limit: int) -> list[tuple[int, OutcomeEvent]]:
        """Up to ``limit`` of the oldest, each with the id to acknowledge it by."""
        with self._database.read() as cursor:
            rows = cursor.execute(_READ, (limit,)).fetchall()
        return [(number, decode_event(text)) for number, text in rows]

    def acknowledge(self, ids: Sequence[int]) -> None:
        """Everything that follows from these has been done; unknown ids are ignored."""
        if not ids:
            return
        with self._database.transaction() as cursor:
            cursor.executemany(_ACKNOWLEDGE, [(number,) for number in ids])

"""What follows from dead letters and is still to be done: the embedded engine's table stream (rule 9)."""

from collections.abc import Sequence

from tickwell.adapters.dead_letter_documents import dead_letter_from
from tickwell.adapters.embedded.database import Database
from tickwell.domain.dead_letter import DeadLetter

_READ = "SELECT number, tenant_id, dead_letter_id, expires_ms, document FROM outcomes ORDER BY number LIMIT ?"
_ACKNOWLEDGE = "DELETE FROM outcomes WHERE number = ?"


class EmbeddedOutcomeFeed:
    """Dead letters in the order of their insertion, each until it is acknowledged: at least once, across crashes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, limit: int) -> list[tuple[int, DeadLetter]]:
        """Up to ``limit`` of the oldest, each with the id to acknowledge it by."""
        with self._database.read() as cursor:
            rows = cursor.execute(_READ, (limit,)).fetchall()
        return [
            (number, dead_letter_from(tenant_id, identifier, expires_ms=expires_ms, text=text))
            for number, tenant_id, identifier, expires_ms, text in rows
        ]

    def acknowledge(self, ids: Sequence[int]) -> None:
        """Everything that follows from these has been done; unknown ids are ignored."""
        if not ids:
            return
        with self._database.transaction() as cursor:
            cursor.executemany(_ACKNOWLEDGE, [(number,) for number in ids])

"""What the embedded engine has to do next, and when: for whoever moves its clock by hand instead of waiting.

A server does not need it: its threads look again and again. It only reads, and knows nothing that they would not find.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tickwell.adapters.embedded.database import Database

_OUTLOOK = """
    WITH named (name) AS (VALUES {names})
    SELECT name, CASE WHEN EXISTS (SELECT 1 FROM queue_messages WHERE queue = name AND turn IS NOT NULL) THEN 0
        ELSE (SELECT visible_at FROM queue_messages WHERE queue = name AND turn IS NULL
              ORDER BY visible_at, id LIMIT 1) END
    FROM named
    UNION ALL SELECT ':swept', MIN((
        SELECT look_ms FROM due_items WHERE due_items.shard = watermarks.shard
        AND (look_ms, rest) > (swept_ms, swept_rest) ORDER BY look_ms, rest LIMIT 1
    )) FROM watermarks
    UNION ALL SELECT ':checked', MIN((
        SELECT look_ms FROM due_items WHERE due_items.shard = watermarks.shard
        AND (look_ms, rest) > (checked_ms, checked_rest) ORDER BY look_ms, rest LIMIT 1
    )) FROM watermarks
    UNION ALL SELECT ':parked', CASE WHEN EXISTS (SELECT 1 FROM parked) THEN 0 END
    UNION ALL SELECT ':outcomes', CASE WHEN EXISTS (SELECT 1 FROM outcomes) THEN 0 END
    UNION ALL SELECT ':deletions', MIN(look_ms) FROM deletions
"""
_NEVER = math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """When something is to be done next, in ms since 1970; 0: at once, infinity: never, as things stand.

    ``queues``: when the first message of each becomes visible. ``swept`` and ``checked``: the look of the first due
    item that the safety sync's sweep, or its check, has not dealt with. ``parked``: an attempt waits for a limit.
    ``outcomes``: something follows from what was recorded. ``deletions``: a tenant that is being deleted.
    """

    queues: dict[str, float]
    swept: float
    checked: float
    parked: float
    outcomes: float
    deletions: float


class EmbeddedAgenda:
    """Reads the outlook of the queues that it is given, and of everything else."""

    def __init__(self, database: Database, queues: Sequence[str]) -> None:
        self._database = database
        self._queues = tuple(queues)
        self._statement = _OUTLOOK.format(names=", ".join("(?)" for _ in queues))

    def look(self) -> Outlook:
        """One statement, which follows an index to the first row of each; so its cost does not depend on the rows."""
        with self._database.read() as cursor:
            rows = cursor.execute(self._statement, self._queues).fetchall()
        found = {name: _NEVER if at_ms is None else at_ms for name, at_ms in rows}
        return Outlook(
            swept=found.pop(":swept"),
            checked=found.pop(":checked"),
            parked=found.pop(":parked"),
            outcomes=found.pop(":outcomes"),
            deletions=found.pop(":deletions"),
            queues=found,
        )

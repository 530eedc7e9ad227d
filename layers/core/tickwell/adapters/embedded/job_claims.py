"""Claims of a batch that are alike, in few statements."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from tickwell.adapters.documents import epoch_ms, pending_text
from tickwell.adapters.embedded.database import bindable
from tickwell.adapters.embedded.job_statements import CLAIM_FIRST
from tickwell.adapters.embedded.together import slices, update_of
from tickwell.application.ports import Claim
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.slot import LEASE_MARGIN

_NAMES = ("tenant", "job", "token", "now", "now_plus_margin", "due", "version", "next_run", "pending")

_MARGIN_MS = int(LEASE_MARGIN.total_seconds() * 1000)

_Row = tuple[Any, ...]


def claim_alike(cursor: sqlite3.Cursor, claims: Sequence[Claim]) -> Mapping[int, _Row]:
    """Make the first attempts among ``claims`` whose slot is to be empty; by their places the rows that were won.

    Nothing is done for all others, nor is it known why one was lost: each has to be made by itself.
    """
    alike: dict[tuple[str, str], int] = {}
    for number, claim in enumerate(claims):
        if claim.is_first and claim.over is None:
            message = claim.message
            alike.setdefault((bindable(message.tenant_id), bindable(message.job_id)), number)
    won: dict[int, _Row] = {}
    for some in slices([_values(key, claims[number]) for key, number in alike.items()]):
        if len(some) > 1:
            statement = update_of(CLAIM_FIRST, _NAMES, len(some))
            for row in cursor.execute(statement, [value for values in some for value in values]):
                won[alike[row[0], row[1]]] = row
    return won


def _values(key: tuple[str, str], claim: Claim) -> _Row:
    message, now_ms = claim.message, to_epoch_ms(claim.now)
    return (
        *key,
        claim.token,
        now_ms,
        now_ms + _MARGIN_MS,
        to_epoch_ms(message.due_at),
        message.version,
        epoch_ms(claim.next_run_at),
        pending_text(claim.pending),
    )

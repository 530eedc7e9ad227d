"""What both engines keep of accounts as JSON."""

import json
from typing import Any

from tickwell.adapters.documents import epoch_ms, from_ms
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.one_time import PendingReset
from tickwell.domain.session import RevokedToken, Sessions


def sessions_text(sessions: Sessions) -> str | None:
    """The text to store; None for those of a user who never ended one."""
    if sessions == Sessions():
        return None
    document: dict[str, Any] = {"generation": sessions.generation}
    if sessions.since is not None:
        document["since"] = epoch_ms(sessions.since)
    if sessions.revoked:
        document["revoked"] = [
            [one.token_id, to_epoch_ms(one.issued_at), to_epoch_ms(one.expires_at)] for one in sessions.revoked
        ]
    return json.dumps(document, separators=(",", ":"))


def sessions_from(text: str | None) -> Sessions:
    """What ``sessions_text`` was given."""
    if text is None:
        return Sessions()
    document = json.loads(text)
    revoked = tuple(
        RevokedToken(token_id=token_id, issued_at=from_epoch_ms(issued_ms), expires_at=from_epoch_ms(expires_ms))
        for token_id, issued_ms, expires_ms in document.get("revoked", ())
    )
    return Sessions(generation=document["generation"], since=from_ms(document.get("since")), revoked=revoked)


def resets_text(resets: tuple[PendingReset, ...]) -> str | None:
    """The text to store; None where there are none."""
    document = [[reset.digest, to_epoch_ms(reset.expires_at)] for reset in resets]
    return json.dumps(document, separators=(",", ":")) if document else None


def resets_from(text: str | None) -> tuple[PendingReset, ...]:
    """What ``resets_text`` was given."""
    return tuple(
        PendingReset(digest=digest, expires_at=from_epoch_ms(expires_ms))
        for digest, expires_ms in json.loads(text or "[]")
    )

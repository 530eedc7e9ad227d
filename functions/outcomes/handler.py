"""Lambda: what follows from an outcome, derived from the table's stream."""

from typing import Any

from tickwell.adapters.aws.dynamodb.stream import events_from
from tickwell.bootstrap import aws

_follow = aws.outcomes()


def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    """Follow one batch of stream records. A failing queue or table raises: then the batch comes again."""
    return {"notifications": _follow(events_from(event))}

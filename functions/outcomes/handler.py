"""Lambda: what follows from an outcome, derived from the table's stream."""

from typing import Any

from tickwell.adapters.aws.dynamodb.stream import dead_letters_from
from tickwell.bootstrap import aws

_follow = aws.outcomes()


def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    """Follow one batch of stream records. A failing queue raises: then the batch comes again."""
    return {"notifications": _follow(dead_letters_from(event))}

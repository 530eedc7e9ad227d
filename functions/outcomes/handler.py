"""Lambda: what follows from what was written, derived from the table's stream: notifications and counts."""

from typing import Any

from tickwell.adapters.aws.dynamodb.count_stream import changes_from
from tickwell.adapters.aws.dynamodb.stream import events_from
from tickwell.bootstrap.aws import outcomes

_outcomes = outcomes.build()


def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    """Follow one batch of stream records. A failing queue or table raises: then the batch comes again."""
    notifications = _outcomes.follow(events_from(event))
    return {"notifications": notifications, "counts": _outcomes.counts.apply(changes_from(event))}

"""Lambda: what follows from what was written, derived from the table's stream: notifications, counts, free keys."""

from typing import Any

from tickwell.adapters.aws.dynamodb.caller_key_stream import keyed_jobs_removed
from tickwell.adapters.aws.dynamodb.count_stream import changes_from
from tickwell.adapters.aws.dynamodb.stream import events_from
from tickwell.bootstrap.aws import outcomes

_outcomes = outcomes.build()


def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    """Follow one batch of stream records. A failing queue or table raises: then the batch comes again."""
    notifications = _outcomes.follow(events_from(event))
    _outcomes.caller_keys.release_all(keyed_jobs_removed(event))
    return {"notifications": notifications, "counts": _outcomes.counts.apply(changes_from(event))}

"""Reads the table's stream: what follows from an outcome is derived from what was inserted (rule 9)."""

from collections.abc import Mapping
from typing import Any

from tickwell.adapters.aws.dynamodb.attributes import plain_item
from tickwell.adapters.aws.dynamodb.history_items import DEAD_LETTER, dead_letter_of
from tickwell.domain.dead_letter import DeadLetter


def dead_letters_from(event: Mapping[str, Any]) -> list[DeadLetter]:
    """The dead letters that were inserted, in the order of the stream, from the event that Lambda passes for it.

    Everything else in the stream is ignored. The stream's view must include new images.
    """
    images = [
        record["dynamodb"]["NewImage"] for record in event.get("Records", ()) if record.get("eventName") == "INSERT"
    ]
    return [dead_letter_of(plain_item(image)) for image in images if image.get("kind") == {"S": DEAD_LETTER}]

"""Lambda: gives what the lanes gave up another attempt, or its dead letter."""

from typing import Any

from tickwell.adapters.aws.sqs import batch_failures, deliveries_from_event
from tickwell.bootstrap.aws import dead_letter
from tickwell.messages import decode_job_message
from tickwell.outcome_log import log_dead_letters

_consume = dead_letter.build()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Consume one batch. A failing store raises: then the whole batch comes again."""
    log_dead_letters(_consume(deliveries_from_event(event, decode_job_message)))
    return batch_failures(())

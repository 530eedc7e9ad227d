"""Lambda: takes what EventBridge Scheduler fired early to its lane, with the rest as delay."""

from typing import Any

from tickwell.adapters.aws.sqs import batch_failures, deliveries_from_event
from tickwell.bootstrap.aws import dispatcher
from tickwell.messages import decode_job_message

_dispatcher = dispatcher.build()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Dispatch one batch. A failing lane raises: then the whole batch comes again."""
    _dispatcher.dispatch(_dispatcher.queue, deliveries_from_event(event, decode_job_message))
    return batch_failures(())

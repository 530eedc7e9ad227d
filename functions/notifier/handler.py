"""Lambda: sends notifications."""

from typing import Any

from tickwell.adapters.aws.sqs import batch_failures, deliveries_from_event
from tickwell.bootstrap.aws import notifier
from tickwell.messages import decode_notification
from tickwell.outcome_log import log_notified

_notifier = notifier.build()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Send one batch; answers which notifications must be delivered again."""
    report = _notifier.notify(_notifier.queue, deliveries_from_event(event, decode_notification))
    log_notified(report)
    return batch_failures(report.again)

"""Lambda: runs the jobs whose messages a lane delivers."""

import asyncio
from typing import Any

from tickwell.adapters.aws.sqs import batch_failures
from tickwell.application.execute_batch import BatchReport
from tickwell.bootstrap.aws import worker
from tickwell.bootstrap.aws.invocation import LambdaContext, deadline
from tickwell.outcome_log import log_batch

_worker = worker.build()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Execute one batch; answers which messages must be delivered again."""
    lane, queue, deliveries = _worker.open(event)
    report = BatchReport()
    asyncio.run(_worker.run(lane, queue, deliveries, report, deadline=deadline(context)))
    log_batch(lane, report)
    _worker.metrics.of_batch(report)
    return batch_failures(report.again)

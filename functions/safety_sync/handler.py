"""Lambda: enqueues what falls due soon, repairs what was due and did not happen, and goes on with deletions."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from tickwell.bootstrap.aws import safety_sync
from tickwell.bootstrap.aws.invocation import LambdaContext, deadline
from tickwell.outcome_log import log_sync

_services = safety_sync.build()
_SPARE_TIME = timedelta(seconds=30)


def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run once; answers what was done."""
    report = _services.sync(deadline=deadline(context) - _SPARE_TIME)
    log_sync(report)
    _services.metrics.of_sync(report)
    _services.alert(report)
    _services.erase(deadline=deadline(context) - _SPARE_TIME)
    return asdict(report)

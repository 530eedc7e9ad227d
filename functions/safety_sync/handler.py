"""Lambda: enqueues what falls due soon, repairs what was due and did not happen, and goes on with deletions."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from tickwell.bootstrap import aws
from tickwell.outcome_log import log_sync

_services = aws.safety_sync()
_SPARE_TIME = timedelta(seconds=30)


def handler(_event: dict[str, Any], context: aws.LambdaContext) -> dict[str, Any]:
    """Run once; answers what was done."""
    report = _services.sync(deadline=aws.deadline(context) - _SPARE_TIME)
    log_sync(report)
    _services.alert(report)
    _services.erase(deadline=aws.deadline(context) - _SPARE_TIME)
    return asdict(report)

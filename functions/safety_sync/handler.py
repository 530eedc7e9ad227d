"""Lambda: enqueues what falls due soon, repairs what was due and did not happen, and goes on with deletions."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from tickwell.bootstrap.aws import safety_sync
from tickwell.bootstrap.aws.clients import calls_end_before
from tickwell.bootstrap.aws.invocation import LambdaContext, deadline
from tickwell.outcome_log import log_sync

_services = safety_sync.build()
_SPARE_SHARE = 4
"""A quarter of the time is left to what was begun: on a slow table one page of due items may take a minute, from
reading it to what its repair has written."""

_TO_TELL = timedelta(seconds=15)


def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run once; answers what was done. Slow services do not have it stopped: what is left then is the next run's."""
    end = deadline(context)
    last_begin = end - timedelta(milliseconds=context.get_remaining_time_in_millis()) / _SPARE_SHARE
    with calls_end_before(end - _TO_TELL):
        report = _services.sync(deadline=last_begin)
    log_sync(report)
    _services.metrics.of_sync(report)
    with calls_end_before(end):
        _services.alert(report)
        _services.erase(deadline=last_begin)
    return asdict(report)

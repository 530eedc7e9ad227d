"""functions/dispatcher."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tickwell.adapters.system import SystemClock
from tickwell.application.dispatch import Dispatch
from tickwell.bootstrap.aws.clients import open_job_queue, open_lanes
from tickwell.settings.functions import DispatcherSettings
from tickwell.settings.reading import load

if TYPE_CHECKING:
    from tickwell.application.execute_batch import JobQueue


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatcher:
    """What the handler needs."""

    dispatch: Dispatch
    queue: "JobQueue"


def build() -> Dispatcher:
    """From the dispatch queue to the lanes."""
    settings = load(DispatcherSettings)
    return Dispatcher(
        dispatch=Dispatch(lanes=open_lanes(settings), clock=SystemClock()),
        queue=open_job_queue(settings.dispatch_queue_url, settings.dispatch_dlq_url),
    )

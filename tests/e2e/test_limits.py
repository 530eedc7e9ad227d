"""Limits of named queues while several instances of the worker take from the same lane."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.e2e.deployment import wait_for
from tests.e2e.flows import Flows
from tests.e2e.invocations import Invocation, any_overlap, invocations
from tests.e2e.limits import AT_ONCE, BATCH, JOBS, OPEN, PACED, PAIR, RATE, calls
from tests.e2e.receiver import Received, most_at_once

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SECOND = timedelta(seconds=1)
SPACING = SECOND / RATE

LATE_WITHIN = timedelta(seconds=2)
"""Each start is late by up to a second, since SQS delays by whole ones; the local AWS looks only once a second."""


def executed_once(flow: Flows, queue: str) -> list[Received]:
    """Wait until all jobs of ``queue`` are completed, each by one execution and one request; the requests."""
    wait_for(
        lambda: completed(flow, queue) == JOBS[queue] or None,
        timeout_seconds=150,
        what=lambda: f"{JOBS[queue]} jobs in {queue}, {completed(flow, queue)} so far:\n{flow.deployment.recent_log()}",
    )
    for job in flow.limited.jobs[queue]:
        [execution] = flow.deployment.executions(job)
        assert (execution["status"], execution["attempt"]) == ("success", 1), execution
    requests = flow.receiver.below(calls(queue, flow.name))
    assert len({request.path for request in requests}) == len(requests) == JOBS[queue]
    return requests


def completed(flow: Flows, queue: str) -> int:
    jobs: dict[str, int] = flow.deployment.data("GET", f"/api/v1/queues/{queue}")["jobs"]
    return jobs.get("completed", 0)


def assert_several_instances_during(flow: Flows, requests: Sequence[Received]) -> None:
    """The limit is not one process's own: instances of the worker ran beside each other meanwhile."""
    began_at, ended_at = requests[0].arrived_at, max(request.answered_at for request in requests)
    span = Invocation(started_at=began_at, ended_at=ended_at)

    def meanwhile() -> list[Invocation]:
        return [one for one in invocations(flow.deployment, "worker") if one.overlaps(span)]

    # An invocation is told in the log at its end, which comes after that of its jobs.
    wait_for(
        lambda: any_overlap(meanwhile()) or None,
        timeout_seconds=60,
        what=lambda: f"two instances during {span}: {meanwhile()}",
    )


def test_without_a_limit_several_instances_run_many_jobs_at_once(flow: Flows) -> None:
    requests = executed_once(flow, OPEN)

    assert most_at_once(requests) > BATCH
    assert_several_instances_during(flow, requests)


def test_a_queue_never_has_more_than_its_concurrency_under_way_in_all_instances_together(flow: Flows) -> None:
    requests = executed_once(flow, PAIR)

    assert most_at_once(requests) == AT_ONCE
    assert_several_instances_during(flow, requests)


def test_a_queue_keeps_its_rate_in_all_instances_together(flow: Flows) -> None:
    requests = executed_once(flow, PACED)

    arrivals = [request.arrived_at for request in requests]
    for number, arrived_at in enumerate(arrivals):
        assert arrived_at >= flow.limited.due_at + number * SPACING, (number, arrivals)
    most = 1 + (SECOND + LATE_WITHIN) // SPACING
    for start in arrivals:
        assert sum(start <= arrived_at < start + SECOND for arrived_at in arrivals) <= most, arrivals
    assert_several_instances_during(flow, requests)

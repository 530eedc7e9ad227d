"""Limits of named queues while several instances of the worker take from the same lane."""

from datetime import timedelta

import pytest

from tests.e2e.deployment import Json, wait_for
from tests.e2e.flows import Flows
from tests.e2e.invocations import any_overlap, invocations, settlers
from tests.e2e.limits import AT_ONCE, JOBS, OPEN, PACED, PAIR, RATE
from tests.e2e.receiver import Received, most_at_once

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SPACING = timedelta(seconds=1) / RATE


def executed_once(flow: Flows, queue: str) -> list[Json]:
    """Wait until all jobs of ``queue`` are completed; the only execution of each."""
    wait_for(
        lambda: completed(flow, queue) == JOBS[queue] or None,
        timeout_seconds=150,
        what=lambda: (
            f"{JOBS[queue]} jobs: {flow.deployment.data('GET', f'/api/v1/queues/{queue}')}\n"
            + flow.deployment.recent_log()
        ),
    )
    found = []
    for job in flow.limited.jobs[queue]:
        [execution] = flow.deployment.executions(job)
        assert (execution["status"], execution["attempt"]) == ("success", 1), execution
        found.append(execution)
    return found


def completed(flow: Flows, queue: str) -> int:
    jobs: dict[str, int] = flow.deployment.data("GET", f"/api/v1/queues/{queue}")["jobs"]
    return jobs.get("completed", 0)


def called_once(flow: Flows, queue: str) -> list[Received]:
    """What arrived of ``queue``, each job's request once."""
    requests = flow.receiver.below(f"/slow/{queue}/{flow.name}")
    assert len({request.path for request in requests}) == len(requests) == JOBS[queue]
    return requests


def assert_in_several_instances(flow: Flows, executions: list[Json]) -> None:
    """Instances that ran at the same time had a part in it: the limit is not one process's own."""
    found = settlers(invocations(flow.deployment, "worker"), [execution["id"] for execution in executions])
    assert any_overlap(found), [(one.started_at, one.ended_at) for one in found]


def test_without_a_limit_several_instances_run_many_jobs_at_once(flow: Flows) -> None:
    executions = executed_once(flow, OPEN)

    assert most_at_once(called_once(flow, OPEN)) > AT_ONCE + 1
    assert_in_several_instances(flow, executions)


def test_a_queue_never_has_more_than_its_concurrency_under_way_in_all_instances_together(flow: Flows) -> None:
    executions = executed_once(flow, PAIR)

    assert most_at_once(called_once(flow, PAIR)) == AT_ONCE
    assert_in_several_instances(flow, executions)


def test_a_queue_keeps_its_rate_in_all_instances_together(flow: Flows) -> None:
    executions = executed_once(flow, PACED)

    arrivals = [request.arrived_at for request in called_once(flow, PACED)]
    for number, arrived_at in enumerate(arrivals):
        assert arrived_at >= flow.limited.due_at + number * SPACING, (number, arrived_at)
    assert (
        max(len([at for at in arrivals if start <= at < start + timedelta(seconds=1)]) for start in arrivals)
        <= 2 * RATE
    )
    assert_in_several_instances(flow, executions)

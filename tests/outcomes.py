"""What became of each occurrence of a job, as the records say."""

from collections import defaultdict
from datetime import datetime, timedelta

from tests.pages import every
from tests.world import World
from tickwell.domain.child import parent_of
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job
from tickwell.domain.message import JobMessage
from tickwell.domain.schedule import next_due

MILLISECOND = timedelta(milliseconds=1)


def arrive(world: World) -> None:
    """What is deliverable is claimed, or passed by, and nothing that is claimed runs: as by a worker that is busy."""
    for queue in world.lanes.values():
        while deliveries := queue.receive(10, wait_seconds=0):
            messages = [d.message for d in deliveries if isinstance(d.message, JobMessage)]
            world.core.claim_attempts()(messages, now=world.clock.now())
            queue.delete(deliveries)


def ran(world: World, job: Job) -> list[Execution]:
    """The executions of ``job`` and of its children, oldest occurrence first."""
    list_executions = world.core.history.list_executions
    newest_first = every(
        lambda cursor: list_executions(job.tenant_id, job.job_id, limit=100, cursor=cursor, with_children=True)
    )
    return newest_first[::-1]


def outcomes(world: World, job: Job) -> dict[int, str]:
    """How each occurrence ended that has a record, by the seconds from the job's creation to its instant.

    An execution overrides what was recorded as left out. A range must hold as many occurrences as it says.
    """
    found: dict[datetime, str] = {}
    for skip in world.core.history.list_skips(job.tenant_id, job.job_id, limit=100, cursor=None).items:
        due = _between(job, skip.first_due_at, skip.last_due_at)
        assert skip.count == len(due)
        for due_at in due:
            assert due_at not in found, f"{due_at} is left out twice"
            found[due_at] = f"{skip.outcome.value}: {skip.reason}"
    attempts: dict[datetime, list[Execution]] = defaultdict(list)
    for execution in ran(world, job):
        attempts[execution.due_at].append(execution)
    for due_at, executions in attempts.items():
        where = "beside, " if parent_of(executions[-1].job_id) else ""
        found[due_at] = where + executions[-1].status.value
    return {int((due_at - job.created_at).total_seconds()): found[due_at] for due_at in sorted(found)}


def _between(job: Job, first: datetime, last: datetime) -> list[datetime]:
    """The occurrences from ``first`` to ``last``; a job with one occurrence may have had others by being retried."""
    if not job.is_recurring:
        return [first]
    found, due_at = [], next_due(job.schedule, first - MILLISECOND)
    while due_at is not None and due_at <= last:
        found.append(due_at)
        due_at = next_due(job.schedule, due_at)
    return found

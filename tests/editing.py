"""Changing jobs in a world as the API does."""

from typing import Any

from tests.world import ADA, World
from tickwell.application.edit_job import EditJob, JobEdit
from tickwell.application.execute_now import ExecuteNow
from tickwell.domain.account import Principal
from tickwell.domain.job import Job


def edit(world: World, job: Job, principal: Principal = ADA, **changes: Any) -> Job:
    """The job as it is after ``changes``."""
    use_case = EditJob(
        change_job=world.change, directory=world.core.directory, registry=world.registry, blobs=world.blobs
    )
    return use_case(principal, job.job_id, JobEdit(given=frozenset(changes), **changes))


def execute_now(world: World, job: Job, principal: Principal = ADA) -> Job:
    """The child that runs ``job`` once more."""
    core = world.core
    use_case = ExecuteNow(jobs=core.jobs, directory=core.directory, arming=core.arming, clock=core.clock, ids=core.ids)
    return use_case(principal, job.job_id).job

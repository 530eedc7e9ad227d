"""Changing jobs in a world as the API does."""

from typing import Any

from tests.world import ADA, World
from tickwell.application.edit_job import EditJob, JobEdit
from tickwell.domain.account import Principal
from tickwell.domain.job import Job


def edit(world: World, job: Job, principal: Principal = ADA, **changes: Any) -> Job:
    """The job as it is after ``changes``."""
    use_case = EditJob(
        change_job=world.change, directory=world.core.directory, registry=world.registry, blobs=world.blobs
    )
    return use_case(principal, job.job_id, JobEdit(given=frozenset(changes), **changes))

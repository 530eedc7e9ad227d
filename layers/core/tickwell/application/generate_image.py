"""Ask for images (S1): a job of the task ``generate_image``, in the tenant's queue for it where there is one."""

from dataclasses import dataclass, replace
from typing import Final

from tickwell.application.create_job import CreatedJob, CreateJob, NewJob
from tickwell.application.ports import QueueKey
from tickwell.application.within_payload import told_by_own_names
from tickwell.domain.account import Principal

IMAGE_TASK: Final = "generate_image"
IMAGE_QUEUE: Final = "image-generation"


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerateImage:
    """The use case; see ``__call__``."""

    create_job: CreateJob

    def __call__(self, principal: Principal, request: NewJob) -> CreatedJob:
        """As ``CreateJob``; what is wrong with the payload is told by its fields' own names.

        A request that names no queue goes to ``image-generation`` if the tenant has made such a queue.
        """
        if request.queue is None and self._has_queue(principal.tenant_id):
            request = replace(request, queue=IMAGE_QUEUE)
        with told_by_own_names():
            return self.create_job(principal, request)

    def _has_queue(self, tenant_id: str) -> bool:
        return self.create_job.directory.find(QueueKey(tenant_id=tenant_id, name=IMAGE_QUEUE)) is not None

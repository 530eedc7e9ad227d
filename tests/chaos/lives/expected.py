"""What members may do to a job, as the model says."""

from tickwell.application.manage_job import JobAction
from tickwell.domain.job import Job, JobStatus

BECOMES = {
    JobAction.PAUSE: {JobStatus.PAUSED},
    JobAction.RESUME: {JobStatus.ACTIVE, JobStatus.COMPLETED},
    JobAction.CANCEL: {JobStatus.CANCELLED},
    JobAction.RETRY: {JobStatus.ACTIVE},
    JobAction.DELETE: {JobStatus.DELETED},
}


def may(job: Job, action: JobAction) -> bool | None:
    """Whether a member may; None where that goes by the job's schedule as well."""
    match action:
        case JobAction.PAUSE:
            return job.status is JobStatus.ACTIVE and job.is_recurring
        case JobAction.RESUME:
            return job.status is JobStatus.PAUSED
        case JobAction.CANCEL:
            return job.status in {JobStatus.ACTIVE, JobStatus.PAUSED}
        case JobAction.RETRY:
            ended = job.status in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}
            return False if not ended or job.slot is not None else None if job.is_recurring else True
        case JobAction.DELETE:
            return job.status is not JobStatus.DELETED

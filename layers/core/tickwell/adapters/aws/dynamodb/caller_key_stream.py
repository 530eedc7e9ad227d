"""Reads the table's stream for the keys of jobs that have expired, so that none outlives its job for long."""

from collections.abc import Mapping
from typing import Any

from tickwell.adapters.aws.dynamodb.attributes import plain_item
from tickwell.adapters.aws.dynamodb.items import job_from
from tickwell.domain.job import Job


def keyed_jobs_removed(event: Mapping[str, Any]) -> list[Job]:
    """The jobs with keys that the event, which Lambda passes for the stream, says are gone.

    The stream's view must include old images.
    """
    images = [
        record["dynamodb"]["OldImage"]
        for record in event.get("Records", ())
        if record.get("eventName") == "REMOVE" and "OldImage" in record.get("dynamodb", {})
    ]
    jobs = [job_from(plain_item(image), None) for image in images if image.get("kind", {}).get("S") == "job"]
    return [job for job in jobs if job.caller_key is not None]

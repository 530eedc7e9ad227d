"""An attempt whose task has handed its work on: its worker is done with it, and it goes on."""

from dataclasses import dataclass

from tickwell.domain.completion import PendingCompletion
from tickwell.domain.job import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class HandedOn:
    """The job as it was claimed, and what the task returned. ``has_log``: what it logged is kept in a blob."""

    job: Job
    pending: PendingCompletion
    has_log: bool

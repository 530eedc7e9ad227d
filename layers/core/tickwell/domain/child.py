"""Children: one-time jobs that run one occurrence of another job beside it (rule 5).

A child's id begins with that of its parent and goes on with a dot and the occurrence, so that it is derived from both,
and everybody who meets it knows the parent without reading anything. What a child ran is listed under its parent.
"""

import re
from dataclasses import replace
from datetime import datetime

from tickwell.domain.errors import IllegalTransitionError
from tickwell.domain.instant import instant, to_epoch_ms
from tickwell.domain.job import Job, JobStatus, Tally
from tickwell.domain.schedule import OneTime

_CHILD = re.compile(r"(.{36})(\.[0-9a-f]{12,})", re.DOTALL | re.ASCII)


def child_id(parent_id: str, due_at: datetime, mark: str = "") -> str:
    """The id of the child that runs the occurrence ``due_at``.

    ``mark`` (hexadecimal) tells those apart that people ask for: two requests within a millisecond are two executions.
    """
    return f"{parent_id}.{to_epoch_ms(due_at):012x}{mark}"


def parent_of(job_id: str) -> str | None:
    """The id of the parent; None when ``job_id`` is no child's."""
    found = _CHILD.fullmatch(job_id)
    return None if found is None else found[1]


def listed_under(job_id: str) -> str:
    """The job whose history shows what ``job_id`` ran: its parent, or itself."""
    return parent_of(job_id) or job_id


def child_mark(job_id: str) -> str:
    """What a child's id has beyond that of its parent, the dot included; empty when it is no child's."""
    return job_id[len(listed_under(job_id)) :]


def child(job: Job, asked_at: datetime, *, mark: str, now: datetime) -> Job:
    """The job that runs ``job`` once more, as it is, without touching it; a child's sibling for a child.

    Its id tells ``asked_at``, and it is due then, though never later than ``now``: clocks may be set back. Raises
    IllegalTransitionError for a deleted job.
    """
    if job.status is JobStatus.DELETED:
        raise IllegalTransitionError("job", job.status.value, "execute")
    due_at = instant(min(asked_at, now))
    return replace(
        job,
        job_id=child_id(listed_under(job.job_id), asked_at, mark),
        version=1,
        schedule=OneTime(at=due_at, immediate=True),
        policy=replace(job.policy, pause_after_failures=None),
        caller_key=None,
        scope=None,
        status=JobStatus.ACTIVE,
        next_run_at=due_at,
        slot=None,
        tally=Tally(),
        created_at=due_at,
        updated_at=due_at,
        last_executed_at=None,
        paused_at=None,
        failures_in_a_row=0,
        pause_reason=None,
        expires_at=None,
    )

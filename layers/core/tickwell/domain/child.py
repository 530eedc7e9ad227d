"""Children: one-time jobs that run one occurrence of another job beside it (rule 5).

A child's id begins with that of its parent and goes on with a dot and the occurrence, so that it is derived from both,
and everybody who meets it knows the parent without reading anything. What a child ran is listed under its parent.
"""

import re
from dataclasses import replace
from datetime import datetime

from tickwell.domain.errors import IllegalTransitionError
from tickwell.domain.instant import from_epoch_ms, instant, to_epoch_ms
from tickwell.domain.job import Job, JobStatus, Tally
from tickwell.domain.retry import Policy
from tickwell.domain.schedule import OneTime

_CHILD = re.compile(r"(.{36})(\.[0-9a-f]{12,})", re.DOTALL | re.ASCII)
_STAND_IN = re.compile(r".{36}\.([0-9a-f]{12})", re.DOTALL | re.ASCII)


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


def stands_in_for(job_id: str) -> datetime | None:
    """The occurrence of its parent that the child ``job_id`` runs in its place; None for an extra one, or no child."""
    found = _STAND_IN.fullmatch(job_id)
    return None if found is None else from_epoch_ms(int(found[1], 16))


def child(job: Job, asked_at: datetime, *, mark: str, now: datetime) -> Job:
    """The job that runs ``job`` once more, as it is, without touching it; a child's sibling for a child.

    Its id tells ``asked_at``, and it is due then, though never later than ``now``: clocks may be set back. Raises
    IllegalTransitionError for a deleted job.
    """
    if job.status is JobStatus.DELETED:
        raise IllegalTransitionError("job", job.status.value, "execute")
    due_at = instant(min(asked_at, now))
    identity = child_id(listed_under(job.job_id), asked_at, mark)
    return _beside(job, identity, OneTime(at=due_at, immediate=True), created_at=due_at)


def stand_in(job: Job, due_at: datetime, *, now: datetime) -> Job:
    """The job that runs the occurrence ``due_at`` of ``job`` in its place: what its task sees is due then.

    Its id is derived from the two, so that there is one at most. It is late on purpose, and never expires. ``job`` is
    no child.
    """
    policy = replace(job.policy.for_child, expires_after_seconds=None)
    schedule = OneTime(at=instant(due_at))
    return _beside(job, child_id(job.job_id, due_at), schedule, created_at=instant(now), policy=policy)


def _beside(job: Job, identity: str, schedule: OneTime, *, created_at: datetime, policy: Policy | None = None) -> Job:
    """A new job of that id, with all that ``job`` says of how it is run."""
    return replace(
        job,
        job_id=identity,
        version=1,
        schedule=schedule,
        policy=policy or job.policy.for_child,
        caller_key=None,
        scope=None,
        status=JobStatus.ACTIVE,
        next_run_at=schedule.at,
        slot=None,
        pending=(),
        tally=Tally(),
        created_at=created_at,
        updated_at=created_at,
        last_executed_at=None,
        paused_at=None,
        failures_in_a_row=0,
        pause_reason=None,
        expires_at=None,
    )

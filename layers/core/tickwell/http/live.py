"""What those are told who follow a job, or the counts (S5): states as Server-Sent Events.

An event tells a whole state, and its id is a digest of it. So whoever was away is told the present state and has missed
nothing that still matters, no log of events has to be kept, and any host, process or engine can take over from another.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tickwell.application.manage_job import GetJob
from tickwell.application.ports import Clock, Ids
from tickwell.application.statistics import Dashboard, ReadStatistics
from tickwell.domain.account import Principal
from tickwell.domain.job import Job
from tickwell.http.exchange import render
from tickwell.http.job_bodies import job_body
from tickwell.http.statistics_bodies import dashboard_body

EVENT_STREAM: Final = "text/event-stream"
STATS: Final = "stats"
_JOBS: Final = "jobs/"

_SOONEST, _LATEST = timedelta(seconds=3), timedelta(seconds=15)
_PATIENCE: Final = 10
"""What last changed a minute ago is looked at again after a tenth of that."""

_BACK_SOONEST, _BACK_LATEST = timedelta(seconds=1), timedelta(seconds=3)


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What a subject is like. ``event_id`` is another one for every other state.

    ``has_ended``: nothing more is to come. ``again_in``: when a reader who has to ask should ask again.
    """

    event_id: str
    name: str
    data: str
    has_ended: bool
    again_in: timedelta

    @property
    def event(self) -> str:
        """The state as an event: JSON has no line breaks."""
        return f"id: {self.event_id}\nevent: {self.name}\ndata: {self.data}\n\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """The states of subjects: ``stats``, or ``jobs/`` and a job's id."""

    get_job: GetJob
    statistics: ReadStatistics
    clock: Clock
    ids: Ids

    def state(self, principal: Principal, subject: str) -> State:
        """What ``GET /dashboard/stats`` or ``GET /jobs/{id}`` tells. Raises NotFoundError for a job that there is not.

        All members of a tenant see the same.
        """
        now = self.clock.now()
        if subject == STATS:
            dashboard = self.statistics.dashboard(principal)
            return _state(STATS, {**dashboard_body(dashboard)}, again_in=_after_counts(dashboard, now))
        detail = self.get_job(principal, subject.removeprefix(_JOBS))
        body = {**job_body(detail, now)}
        return _state("job", body, again_in=_after_job(detail.job, now), has_ended=detail.job.has_ended)

    def back_in(self) -> timedelta:
        """How long the reader of a stream should wait when it is lost, another time for each.

        A server that stops ends all streams at one instant: their readers are not to meet the next server at one.
        """
        return _BACK_SOONEST + (_BACK_LATEST - _BACK_SOONEST) * self.ids.draw()


def job_subject(job_id: str) -> str:
    """The subject of one job."""
    return f"{_JOBS}{job_id}"


def retry_line(again_in: timedelta) -> str:
    """Tells an ``EventSource`` when to come again."""
    return f"retry: {again_in // timedelta(milliseconds=1)}\n"


def comment(text: str) -> str:
    """What readers leave out, and proxies take for a sign of life."""
    return f": {text}\n\n"


def _state(name: str, body: Mapping[str, Any], *, again_in: timedelta, has_ended: bool = False) -> State:
    data = render(body)
    event_id = hashlib.sha256(data.encode()).hexdigest()[:32]
    return State(event_id=event_id, name=name, data=data, has_ended=has_ended, again_in=again_in)


def _after_job(job: Job, now: datetime) -> timedelta:
    if job.slot is not None and job.slot.is_running():
        return _SOONEST
    changed = max(job.updated_at, job.last_executed_at or job.updated_at)
    return _pause(now, changed=changed, expected=job.next_run_at)


def _after_counts(dashboard: Dashboard, now: datetime) -> timedelta:
    if dashboard.counts.count_jobs(running=True):
        return _SOONEST
    ended = [each.ended.finished_at for each in dashboard.recent]
    due = [job.next_run_at for job in dashboard.upcoming if job.next_run_at is not None]
    return _pause(now, changed=max(ended, default=None), expected=min(due, default=None))


def _pause(now: datetime, *, changed: datetime | None, expected: datetime | None) -> timedelta:
    """Longer the longer nothing has changed, but not past the instant when something is ``expected`` to."""
    pause = _LATEST if changed is None else (now - changed) / _PATIENCE
    if expected is not None:
        pause = min(pause, expected - now)
    return min(max(pause, _SOONEST), _LATEST)

"""Which jobs a caller means."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.domain.job import Job, JobState, JobStatus
from tickwell.domain.queue import effective_queue
from tickwell.domain.schedule import JobType, job_type

ALIASES: dict[str, frozenset[str]] = {
    "pending": frozenset({JobState.DELAYED.value, JobState.WAITING.value}),
}
"""Words that other systems use, and the states that they stand for."""

STATUS_WORDS = frozenset({*(status.value for status in JobStatus), *(state.value for state in JobState), *ALIASES})
"""What ``status`` and ``state`` of a filter may be: a status, a state or an alias."""

_CLOCKS_APART = timedelta(minutes=1)
"""Ids are made by several clocks: in the order of ids, times of creation may be off by this much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFilter:
    """Which jobs are meant; what is None does not matter.

    ``status`` and ``state`` are words of ``STATUS_WORDS``, ``states`` several of them, one of which must fit.
    ``search`` is part of the name, upper and lower case alike. Instants: from ``created_after`` to before
    ``created_before``.
    """

    status: str | None = None
    state: str | None = None
    states: frozenset[str] | None = None
    task: str | None = None
    job_type: JobType | None = None
    tag: str | None = None
    queue: str | None = None
    search: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    def matches(self, job: Job, now: datetime) -> bool:
        """Whether ``job`` is meant, as it stands at ``now``."""
        words = {job.status.value, job.state(now).value}
        return (
            all(not words.isdisjoint(meant) for meant in self.words())
            and self.task in (None, job.task)
            and self.job_type in (None, job_type(job.schedule))
            and (self.tag is None or self.tag in job.tags)
            and self.queue in (None, effective_queue(job.queue, job.lane))
            and (self.search is None or self.search.casefold() in job.name.casefold())
            and (self.created_after is None or job.created_at >= self.created_after)
            and (self.created_before is None or job.created_at < self.created_before)
        )

    def words(self) -> list[frozenset[str]]:
        """For each of ``status``, ``state`` and ``states`` that is given, the words that it stands for."""
        given = [ALIASES.get(word, frozenset({word})) for word in (self.status, self.state) if word is not None]
        return given if self.states is None else [*given, self.states]

    @property
    def is_plain(self) -> bool:
        """Whether nothing matters but status, job type and queue, which jobs are counted by."""
        words = (self.status, self.state)
        others = (self.states, self.task, self.tag, self.search, self.created_after, self.created_before)
        return all(word is None or word in set(JobStatus) for word in words) and all(other is None for other in others)

    def is_beyond(self, job: Job) -> bool:
        """Whether no job can match any more behind ``job`` in a listing, newest first."""
        return self.created_after is not None and job.created_at < self.created_after - _CLOCKS_APART

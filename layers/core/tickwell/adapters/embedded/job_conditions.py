"""What a query of jobs asks, as SQL conditions on rows of the table ``jobs``."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tickwell.adapters.embedded.database import bindable
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import JobState, JobStatus
from tickwell.domain.job_filter import JobFilter
from tickwell.domain.job_listing import JobQuery, PastKept
from tickwell.domain.schedule import JobType

_ACTIVE = f"status = '{JobStatus.ACTIVE.value}' AND slot_due_ms IS NULL"
_WORDS = {status.value: f"status = '{status.value}'" for status in JobStatus} | {
    JobState.RUNNING.value: f"slot_token IS NOT NULL AND status <> '{JobStatus.DELETED.value}'",
    JobState.RETRYING.value: f"status = '{JobStatus.ACTIVE.value}' AND slot_token IS NULL AND slot_due_ms IS NOT NULL",
    JobState.DELAYED.value: f"{_ACTIVE} AND next_run_ms > :now",
    JobState.WAITING.value: f"{_ACTIVE} AND (next_run_ms IS NULL OR next_run_ms <= :now)",
}
"""Each status, and ``Job.state`` where it is not the status: a state of the name of a status is that status."""

_TAGGED = "EXISTS (SELECT 1 FROM json_each(definition, '$.tags') WHERE value = :tag)"
_OF_TENANT = f"tenant_id = :tenant AND status <> '{JobStatus.DELETED.value}'"
_NO_CHILD = "substr(job_id, 37, 1) <> '.'"
_LIVING = "(expires_ms IS NULL OR expires_ms > :now)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """SQL that holds for what a query chooses, with its values.

    ``status`` is the one status that all of it has, if it is known. ``cells`` holds for those rows of ``job_counts``
    that count what is chosen, and for the jobs that are counted in them, expired or not; None where only the jobs
    themselves can tell.
    """

    sql: str
    values: dict[str, Any] = field(default_factory=dict)
    status: str | None = None
    cells: str | None = None


def condition_of(tenant_id: str, query: JobQuery, now: datetime) -> Condition:
    """What ``query`` chooses of a tenant's jobs at ``now``."""
    chosen = query.chosen
    values: dict[str, Any] = {"tenant": bindable(tenant_id), "now": to_epoch_ms(now)}
    parts = [_OF_TENANT]
    statuses = [words for words in chosen.words() if len(words) == 1 and words <= set(JobStatus)]
    parts += [_in_words(words) for words in chosen.words()]
    for sql, name, value in _fields(chosen):
        parts.append(sql)
        values[name] = value
    cells = " AND ".join(parts) if chosen.is_plain and not query.past_kept else None
    parts += [_NO_CHILD, _LIVING]
    for number, past in enumerate(query.past_kept):
        parts.append(_not_past(past, number, values))
    return Condition(
        sql=" AND ".join(parts),
        values=values,
        status=next((word for words in statuses for word in words), None),
        cells=cells,
    )


def _in_words(words: frozenset[str]) -> str:
    """Whether a job's status or state is one of ``words``."""
    return "(" + " OR ".join(f"({_WORDS.get(word, 'FALSE')})" for word in sorted(words)) + ")"


def _fields(chosen: JobFilter) -> Iterator[tuple[str, str, Any]]:
    """Condition, name and value of what is compared with one field each."""
    if chosen.job_type is not None:
        yield "recurring = :recurring", "recurring", chosen.job_type is JobType.RECURRING
    if chosen.queue is not None:
        yield "queue = :queue", "queue", bindable(chosen.queue)
    if chosen.task is not None:
        yield "json_extract(definition, '$.task') = :task", "task", bindable(chosen.task)
    if chosen.tag is not None:
        yield _TAGGED, "tag", bindable(chosen.tag)
    if chosen.search is not None:
        yield "instr(casefold(name), :search) > 0", "search", bindable(chosen.search.casefold())
    if chosen.created_after is not None:
        yield "created_ms >= :created_after", "created_after", to_epoch_ms(chosen.created_after)
    if chosen.created_before is not None:
        yield "created_ms < :created_before", "created_before", to_epoch_ms(chosen.created_before)


def _not_past(past: PastKept, number: int, values: dict[str, Any]) -> str:
    queue, before = f"past_queue_{number}", f"past_before_{number}"
    values[queue], values[before] = past.queue, to_epoch_ms(past.ended_before)
    which = "=" if past.completed else "<>"
    return (
        f"NOT (recurring = 0 AND expires_ms IS NOT NULL AND slot_due_ms IS NULL AND queue = :{queue}"
        f" AND status {which} '{JobStatus.COMPLETED.value}' AND updated_ms < :{before})"
    )

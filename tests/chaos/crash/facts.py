"""What is known of a store's content, by which the rest of it is explained."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.chaos.crash.ground import Row
from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.documents import due_item_from
from tickwell.application.arming import first_attempt, slot_message
from tickwell.domain.due import DueItem
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.message import JobMessage

LONGEST_DELAY_MS: Final = 15 * 60 * 1000


@dataclass(kw_only=True)
class Facts:
    """What explains things. ``ahead`` counts what is explained only by having an end of its own."""

    jobs: Mapping[JobKey, Job]
    now_ms: int
    rows: Sequence[Row]
    ahead: Counter[str] = field(default_factory=Counter)

    def job(self, values: Mapping[str, Any]) -> Job | None:
        """The job that a row of SQLite names."""
        return self.jobs.get(JobKey(tenant_id=values["tenant_id"], job_id=values["job_id"]))

    def left(self, kind: str, *, ends: bool) -> bool:
        """It was written ahead of a record that never came; explained if it ``ends`` by itself."""
        self.ahead[kind] += ends
        return ends

    def awaits(self, message: JobMessage) -> bool:
        """Whether the job of ``message`` still waits for just that attempt."""
        job = self.jobs.get(message.key)
        return job is not None and any(awaited.identity == message.identity for awaited in awaited_by(job))


def awaited_by(job: Job) -> list[JobMessage]:
    """The attempts that are still to come."""
    if job.status is not JobStatus.ACTIVE:
        return []
    found = [] if job.next_run_at is None else [first_attempt(job, job.next_run_at)]
    if job.slot is not None and job.slot.token is None:
        found.append(slot_message(job, job.slot, job.slot.due_at))
    return found


def due_items(rows: Sequence[Row]) -> list[DueItem]:
    """All due items, of either engine."""
    found = [due_item_from(row.values["look_ms"], row.values["document"]) for row in rows if row.kind == "due_items"]
    for row in rows:
        if row.kind == "due":
            position = keys.parse_due_key(key_of(row.values))[1]
            found.append(due_item_from(to_epoch_ms(position.look_at), str(row.values["doc"])))
    return found


def key_of(values: Mapping[str, Any]) -> keys.Key:
    return keys.Key(str(values["pk"]), str(values["sk"]))

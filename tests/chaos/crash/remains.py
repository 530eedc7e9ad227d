"""Everything that stands in the stores and queues, and what explains it.

Whatever is not explained is an orphan: a permit that nobody gives back, a place in a waiting list that nobody takes, a
key without its job. Tables and items of a kind that nobody explains here are a fault as well, so that new ones are not
forgotten. What is written ahead of its record (due items, bodies, details, blobs) may be left by a crash: it must have
an end by itself, and is counted, not blamed.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.chaos.crash.explanations import EXPLANATIONS
from tests.chaos.crash.facts import Facts, awaited_by, due_items, key_of
from tests.chaos.crash.ground import Row
from tests.chaos.crash.verdicts import Lost, Orphan
from tickwell.adapters.aws.dynamodb import keys
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, JobKey

if TYPE_CHECKING:
    from tests.chaos.crash.lab import Lab


def require_explained(lab: "Lab", jobs: Sequence[Job]) -> Facts:
    """Raises Orphan for what nothing explains, and Lost for an attempt to come that has no due item."""
    rows = lab.rows()
    now = lab.world.clock.now()
    known = {job.key: job for job in jobs}
    known |= {key: lab.world.core.jobs.get(key.tenant_id, key.job_id) for key in _jobs_in(rows) - known.keys()}
    facts = Facts(jobs=known, now_ms=to_epoch_ms(now), rows=rows)
    for row in rows:
        explains = EXPLANATIONS.get(row.kind)
        Orphan.unless(explains is not None, f"nobody says what explains a row of {row.kind}")
        assert explains is not None
        Orphan.unless(explains(facts, row.values), f"{row.kind}: {dict(row.values)}")
    due = {(item.message.identity, item.message.version) for item in due_items(rows)}
    for job in jobs:
        for message in awaited_by(job):
            told = f"{job.name}, attempt {message.attempt} of {message.due_at:%H:%M:%S}, has no due item"
            Lost.unless(any(identity == message.identity for identity, _ in due), told)
    blobs = _blobs(lab, rows)
    if blobs:
        facts.ahead["blobs"] += blobs
    lab.ahead.update(facts.ahead)
    return facts


def _jobs_in(rows: Sequence[Row]) -> set[JobKey]:
    """All that stand: those that were deleted, which no listing shows, as well."""
    stand = [row.values for row in rows if row.kind == "jobs"]
    listed = {JobKey(tenant_id=values["tenant_id"], job_id=values["job_id"]) for values in stand}
    return listed | {keys.parse_job_key(key_of(row.values)) for row in rows if row.kind == "job"}


def _blobs(lab: "Lab", rows: Sequence[Row]) -> int:
    """How many blobs nothing names. They stay, as all blobs do: see operations.md."""
    named = json.dumps([{name: str(value) for name, value in row.values.items()} for row in rows])
    folder = lab.folder / "blobs"
    names = (path.relative_to(folder).as_posix().removesuffix("~") for path in folder.rglob("*~"))
    return sum(name not in named for name in names)

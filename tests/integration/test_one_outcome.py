"""Whatever is done to a job, in whatever order: each occurrence that is over has one outcome, and nobody is forgotten.

Random histories under each pair of policies, judged after every step.
"""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.store_engines import embedded_stores
from tests.doubles import FakeClock
from tests.editing import edit
from tests.outcomes import arrive, ran
from tests.world import ADA, World, new_world, task
from tickwell.application.create_job import Every
from tickwell.application.task import TaskContext
from tickwell.domain.child import child_id
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.pending import MOST_PENDING
from tickwell.domain.retry import Misfire, Overlap, RetryPolicy, RetryStrategy
from tickwell.domain.schedule import next_due

STEPS = 40
SEEDS = range(3)
MINUTE = timedelta(minutes=1)
TOGETHER = [
    (overlap, misfire)
    for overlap in Overlap
    for misfire in (Misfire.RUN_ONCE, Misfire.RUN_ALL, Misfire.SKIP)
    if (overlap, misfire) != (Overlap.CANCEL_OTHER, Misfire.RUN_ALL)
]


class History:
    """One job each minute, and what happens to it."""

    def __init__(self, folder: Path, overlap: Overlap, misfire: Misfire, seed: int) -> None:
        self.draw = random.Random(f"{overlap} {misfire} {seed}")
        made = embedded_stores(":memory:", FakeClock())
        self.world: World = new_world(folder, made.stores, tasks=[task("probe", self._run)])
        self.close: Callable[[], None] = made.database.close
        self.started: Counter[tuple[datetime, int]] = Counter()
        retry = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=self.draw.choice([5, 70, 200]))
        self.job: Job = self.world.create(
            task="probe",
            schedule=Every(seconds=60),
            overlap=overlap,
            misfire=misfire,
            max_retries=2,
            retry=retry,
            timeout_seconds=30,
            expires_after_seconds=self.draw.choice([None, None, 45, 300]),
            pause_after_failures=self.draw.choice([None, None, 2]),
        )

    def _run(self, _payload: Any, context: TaskContext) -> str:
        self.started[context.due_at, context.attempt] += 1
        if self.draw.random() < 0.4:
            raise ValueError("by itself")
        return "done"

    def step(self) -> str:
        """One thing that may happen; its name."""
        step = self.draw.choice([self.work] * 6 + [self.busy, self.outage, self.lose, self.die, self.sync] + self.edits)
        step()
        return step.__name__

    @property
    def edits(self) -> list[Callable[[], None]]:
        return [self.pause, self.resume, self.rename]

    def work(self) -> None:
        self.world.clock.advance(self.draw.choice([1, 20, 60]))
        self.world.work()

    def busy(self) -> None:
        """A worker claims and is never heard of again, what is not claimed it passes by."""
        self.world.clock.advance(self.draw.choice([20, 60]))
        arrive(self.world)

    def outage(self) -> None:
        self.world.clock.advance(self.draw.choice([90, 400, 7000]))

    def lose(self) -> None:
        self.world.clock.advance(60)
        self.world.lose_messages()

    def die(self) -> None:
        self.world.die()

    def sync(self) -> None:
        self.world.clock.advance(31)
        self.world.sync()

    def pause(self) -> None:
        if self.standing.status is JobStatus.ACTIVE:
            self.world.change.pause(ADA, self.job.job_id)

    def resume(self) -> None:
        if self.standing.status is JobStatus.PAUSED:
            self.world.change.resume(ADA, self.job.job_id)

    def rename(self) -> None:
        edit(self.world, self.job, name=f"name {self.draw.random()}")

    @property
    def standing(self) -> Job:
        return self.world.job(self.job)

    def judge(self, told: str) -> None:
        """Each occurrence that is over has one outcome, and what waits or is armed has none yet."""
        job = self.standing
        over = self._over(job)
        executed = Counter(e.due_at for e in ran(self.world, job) if e.attempt == 1)
        begun = {e.due_at for e in self.world.executions(job)} | (set() if job.slot is None else {job.slot.due_at})
        places = Counter([*begun, *self._children(over), *self._skipped(), *(one.due_at for one in job.pending)])
        assert job.slot is not None or not job.pending, f"{told}: somebody waits for a free slot"
        assert len(job.pending) <= MOST_PENDING, told
        for due_at in over:
            assert places[due_at] == 1, f"{told}: the occurrence of {due_at:%H:%M} has {places[due_at]} outcomes"
        assert max(executed.values(), default=1) == 1, f"{told}: two executions of one occurrence"
        assert max(self.started.values(), default=1) == 1, f"{told}: an attempt started twice"

    def _over(self, job: Job) -> list[datetime]:
        """The occurrences that are not to come: before the one that is armed, or the pause has accounted for."""
        end = job.next_run_at
        if end is None:
            end = (job.paused_at or job.updated_at) + timedelta(milliseconds=1)
        found, due_at = [], next_due(job.schedule, job.created_at)
        while due_at is not None and due_at < end:
            found.append(due_at)
            due_at = next_due(job.schedule, due_at)
        return found

    def _skipped(self) -> list[datetime]:
        found = []
        skips = self.world.core.history.list_skips(ADA.tenant_id, self.job.job_id, limit=100, cursor=None)
        assert skips.next_cursor is None
        for skip in skips.items:
            due_at: datetime | None = skip.first_due_at
            while due_at is not None and due_at <= skip.last_due_at:
                found.append(due_at)
                due_at = next_due(self.job.schedule, due_at)
        return found

    def _children(self, over: list[datetime]) -> list[datetime]:
        """The occurrences that have a child, whose execution is listed once it has ended."""
        keys = [JobKey(tenant_id=ADA.tenant_id, job_id=child_id(self.job.job_id, due_at)) for due_at in over]
        return [job.created_at for job in self.world.core.jobs.get_many(keys).values()]


@pytest.mark.parametrize(("overlap", "misfire"), TOGETHER, ids=str)
def test_each_occurrence_has_one_outcome_whatever_happens(tmp_path: Path, overlap: Overlap, misfire: Misfire) -> None:
    for seed in SEEDS:
        history = History(tmp_path, overlap, misfire, seed)
        told = [f"seed {seed}"]
        try:
            for _ in range(STEPS):
                told.append(history.step())
                history.judge(" ".join(told))
        finally:
            history.world.close()
            history.close()

"""The small model: what reached the stores, in order, and what no single write may do.

It knows the rules of correctness from design.md and not the code that keeps them: which moves of a job each kind of
write may make, that a record stands for ever, that nothing is passed by without an outcome.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.chaos.lives.ended import Ended
from tests.doubles import FakeClock
from tickwell.domain.child import child_id, parent_of
from tickwell.domain.counts import ExecutionCell
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.due import DueItem, DuePosition
from tickwell.domain.execution import Execution, ExecutionStatus, Skip
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.queue import effective_queue
from tickwell.domain.retry import GiveUp, Overlap, RetryAt
from tickwell.domain.schedule import next_due
from tickwell.domain.slot import Slot

MILLISECOND = timedelta(milliseconds=1)
A, P, C = JobStatus.ACTIVE, JobStatus.PAUSED, JobStatus.COMPLETED
F, X, D = JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.DELETED

MOVES: Mapping[str, Collection[tuple[JobStatus | None, JobStatus]]] = {
    "create": {(None, A)},
    "create_many": {(None, A)},
    "claim_many": {(A, A)},
    "skip": {(A, A), (A, C)},
    "pass_on": {(A, A), (A, C), (P, P)},
    "finish_many": {(A, A), (A, C), (A, F), (A, P), (P, P), (X, X), (D, D)},
    "sign": {(status, status) for status in JobStatus},
    "let_go_many": {(status, status) for status in JobStatus},
    "note_probe": {(status, status) for status in JobStatus},
    "replace": {
        *((A, after) for after in (A, P, C, X, D)),
        *((P, after) for after in (P, A, C, X, D)),
        *((ended, after) for ended in (C, F, X) for after in (ended, A, D)),
    },
}
"""What each write may make of a job's status; (A, F) and the like are written by finishing alone."""

Attempt = tuple[JobKey, datetime, int]


def bare(job: Job) -> Job:
    """``job`` as listings give it: without payload and description."""
    return replace(job, payload=None, payload_blob=None, description=None)


@dataclass
class Ledger:
    """All that was seen; ``faults`` says in sentences what was not as it must be."""

    clock: FakeClock
    jobs: dict[JobKey, Job] = field(default_factory=dict)
    records: dict[str, Execution] = field(default_factory=dict)
    by_occurrence: dict[tuple[JobKey, datetime], list[Execution]] = field(default_factory=dict)
    skips: dict[JobKey, list[Skip]] = field(default_factory=dict)
    letters: dict[str, DeadLetter] = field(default_factory=dict)
    claims: dict[Attempt, str] = field(default_factory=dict)
    finished: list[Ended] = field(default_factory=list)
    due: dict[Attempt, list[DueItem]] = field(default_factory=dict)
    checked_to: dict[int, DuePosition] = field(default_factory=dict)
    parked: set[tuple[Attempt, int, bool]] = field(default_factory=set)
    ends: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    cut_off: set[tuple[JobKey, datetime]] = field(default_factory=set)
    accounted: dict[JobKey, datetime] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    writes: int = 0

    def fault(self, what: str) -> None:
        """Something is not as it must be."""
        self.faults.append(f"{self.clock.now():%d %H:%M:%S} {what}")

    # Jobs

    def job_written(self, call: str, before: Job | None, after: Job | None) -> None:
        """A write of ``call`` has made ``after`` of ``before``; either may not be there."""
        self.writes += 1
        if after is None:
            if before is not None and (before.expires_at is None or before.expires_at > self.clock.now()):
                self.fault(f"{call}: job {before.job_id} is gone")
            return
        self.jobs[after.key] = after
        if before is None and call in {"create", "create_many"}:
            self._started(after)
        elif before is None:
            self.fault(f"{call}: made job {after.job_id} of nothing")
        elif before != after:
            self._moved(call, before, after)

    def _started(self, job: Job) -> None:
        if (job.status, job.version, job.slot) != (A, 1, None) or job.next_run_at is None:
            self.fault(f"create: job {job.job_id} begins as {job.status}, version {job.version}, {job.next_run_at}")

    def _moved(self, call: str, before: Job, after: Job) -> None:
        told = f"{call}: job {after.job_id}"
        if (before.status, after.status) not in MOVES[call]:
            self.fault(f"{told} went from {before.status} to {after.status}")
        pauses_itself = call == "finish_many" and before.status is not after.status is P
        if after.version != before.version + (call == "replace" or pauses_itself):
            self.fault(f"{told} went from version {before.version} to {after.version}")
        if call == "finish_many":
            self._finished(told, before, after)
        elif after.tally != before.tally:
            self.fault(f"{told} was counted")
        self._slot_moved(call, told, before.slot, after)
        if call == "claim_many":
            self._claimed(told, before, after)
        self._retry_moved(told, before.slot, after)
        self._dropped(told, before, after)
        if before.is_recurring:
            self._passed(call, told, before, after)

    def _finished(self, told: str, before: Job, after: Job) -> None:
        if before.slot is None or before.slot.token is None:
            self.fault(f"{told} was finished, and nobody held it")
            return
        record = self.record(after.key, before.slot)
        if record is None:
            self.fault(f"{told} was finished before attempt {before.slot.attempt} was recorded")
            return
        if after.tally.executions != before.tally.executions + 1:
            self.fault(f"{told} was counted {after.tally.executions - before.tally.executions} times")
        cell = ExecutionCell(queue=effective_queue(after.queue, after.lane), lane=after.lane)
        claimed_at = before.last_executed_at or record.started_at
        self.finished.append(Ended(cell=cell, record=record, claimed_at=claimed_at))

    def _slot_moved(self, call: str, told: str, slot: Slot | None, after: Job) -> None:
        held = slot is not None and slot.is_running()
        if not held or slot is None or call == "finish_many":
            return
        if after.slot is None or after.slot.token != slot.token:
            self.fault(f"{told} took attempt {slot.attempt} of {slot.due_at:%H:%M:%S} from its worker")

    def _retry_moved(self, told: str, slot: Slot | None, after: Job) -> None:
        """A retry that was promised keeps the slot, unless its job has ended or a newer occurrence may replace it."""
        if slot is None or (after.slot is not None and after.slot.due_at == slot.due_at):
            return
        records = self.by_occurrence.get((after.key, slot.due_at), ())
        if not records or not isinstance(max(records, key=lambda record: record.attempt).decision, RetryAt):
            return
        replaced = after.slot is not None and after.slot.due_at > slot.due_at
        if after.status in {X, D} or (replaced and after.policy.overlap is Overlap.CANCEL_OTHER):
            self.cut_off.add((after.key, slot.due_at))
        else:
            self.fault(f"{told} gave up a retry of {slot.due_at:%H:%M:%S}")

    def _claimed(self, told: str, before: Job, after: Job) -> None:
        slot = after.slot
        if slot is None or slot.token is None:
            self.fault(f"{told} was claimed, and nobody has it")
            return
        attempt = (after.key, slot.due_at, slot.attempt)
        if attempt in self.claims:
            self.fault(f"{told}: attempt {slot.attempt} of {slot.due_at:%H:%M:%S} was claimed twice")
        self.claims[attempt] = slot.token
        waited = before.slot is not None and (before.slot.due_at, before.slot.attempt) == (slot.due_at, slot.attempt)
        if not waited and (before.next_run_at != slot.due_at or slot.attempt != 1):
            self.fault(f"{told}: {slot.due_at:%H:%M:%S} was claimed, and {before.next_run_at} was armed")

    def _passed(self, call: str, told: str, before: Job, after: Job) -> None:
        """Each occurrence that the job leaves behind has an outcome, or something that will come to one."""
        now = self.clock.now()
        due: list[datetime] = []
        if before.next_run_at is not None and after.next_run_at != before.next_run_at:
            same = after.schedule == before.schedule and after.next_run_at is not None
            until = now if not same or after.next_run_at is None else min(now, after.next_run_at - MILLISECOND)
            due = list(between(before, before.next_run_at - MILLISECOND, until))
        elif before.status is P and call == "replace":
            due = list(between(before, self.accounted.get(before.key, now), now))
        if after.status is P and (call == "replace" or before.status is not P):
            self.accounted[after.key] = now
        for due_at in due:
            if not self.is_accounted(after, due_at):
                self.fault(f"{told} passed {due_at:%H:%M:%S} by without a word")
        is_over = next(between(after, max(now, before.next_run_at or now), None), None) is None
        if after.status is A and after.next_run_at is None and not is_over:
            self.fault(f"{told} is active, and its next occurrence is not armed")

    def _dropped(self, told: str, before: Job, after: Job) -> None:
        """What waited in the slot or for it does so still, has begun, or is recorded as left out."""
        slot = before.slot
        waiting = [pending.due_at for pending in before.pending]
        if slot is not None and not slot.is_running():
            waiting.append(slot.due_at)
        for due_at in waiting:
            if not self.is_accounted(after, due_at):
                self.fault(f"{told} dropped {due_at:%H:%M:%S}, which waited")

    def is_accounted(self, job: Job, due_at: datetime) -> bool:
        """Whether ``due_at`` is recorded, begun, waiting, or in the hands of a child."""
        in_slot = job.slot is not None and job.slot.due_at == due_at
        stand_in = JobKey(tenant_id=job.tenant_id, job_id=child_id(job.job_id, due_at)[:200])
        return (
            in_slot
            or due_at in {pending.due_at for pending in job.pending}
            or stand_in in self.jobs
            or bool(self.by_occurrence.get((job.key, due_at)))
            or any(skip.first_due_at <= due_at <= skip.last_due_at for skip in self.skips.get(job.key, ()))
        )

    # History

    def record(self, key: JobKey, slot: Slot) -> Execution | None:
        """The record of the attempt in ``slot``."""
        found = self.by_occurrence.get((key, slot.due_at), ())
        return next((record for record in found if record.attempt == slot.attempt), None)

    def recorded(self, stands: Execution) -> None:
        """``stands`` is what the store says of an attempt: what it said first, until that has expired."""
        known = self.records.get(stands.execution_id)
        if known is not None and self.is_kept(known.expires_at):
            if _said(known) != _said(stands):
                self.fault(f"record {stands.execution_id} said {known.status}, and says {stands.status}")
            return
        self.records[stands.execution_id] = stands
        of_it = self.by_occurrence.setdefault((stands.job_key, stands.due_at), [])
        of_it[:] = [*(each for each in of_it if each.attempt != stands.attempt), stands]
        if (stands.status is ExecutionStatus.SUCCESS) > (self.ends.get(stands.execution_id) == "returned"):
            self.fault(f"record {stands.execution_id} says success, and its task did not return")
        self._one_outcome(stands)

    def _one_outcome(self, record: Execution) -> None:
        of_it = self.by_occurrence[record.job_key, record.due_at]
        final = [each.attempt for each in of_it if not isinstance(each.decision, RetryAt)]
        if len(final) > 1 or (final and final[0] < max(each.attempt for each in of_it)):
            self.fault(f"occurrence {record.due_at:%H:%M:%S} of {record.job_id} went on after attempt {final}")
        if sorted(each.attempt for each in of_it) != list(range(1, len(of_it) + 1)):
            self.fault(f"occurrence {record.due_at:%H:%M:%S} of {record.job_id} has a hole in its attempts")
        parent = parent_of(record.job_id)
        if parent is None or child_id(parent, record.due_at) != record.job_id:
            return
        if (JobKey(tenant_id=record.tenant_id, job_id=parent), record.due_at) in self.by_occurrence:
            self.fault(f"occurrence {record.due_at:%H:%M:%S} of {parent} was run twice, by its job and by a child")

    def skipped(self, skip: Skip) -> None:
        """Occurrences were recorded as left out."""
        key = JobKey(tenant_id=skip.tenant_id, job_id=skip.job_id)
        self.skips.setdefault(key, []).append(skip)

    def given_up(self, letters: Sequence[DeadLetter]) -> None:
        """Dead letters were put: what follows from a record comes after it."""
        for letter in letters:
            self.letters.setdefault(letter.dead_letter_id, letter)
            if letter.job_id is None or letter.due_at is None or letter.body is not None:
                continue
            of_it = self.by_occurrence.get(
                (JobKey(tenant_id=letter.tenant_id, job_id=letter.job_id), letter.due_at), ()
            )
            if not any(isinstance(record.decision, GiveUp) for record in of_it):
                self.fault(f"dead letter {letter.dead_letter_id} was put before anything was given up")

    # Due items and waiting lists

    def armed(self, items: Sequence[DueItem]) -> None:
        """Due items were put."""
        for item in items:
            self.due.setdefault(item.message.identity, []).append(item)

    def ahead(self, attempt: Attempt) -> Iterator[DueItem]:
        """The due items of ``attempt`` that the safety sync has still to look at."""
        for item in self.due.get(attempt, ()):
            checked_to = self.checked_to.get(item.shard)
            if checked_to is None or item.position > checked_to:
                yield item

    # What is left

    def is_kept(self, expires_at: datetime | None) -> bool:
        """Whether what expires then is still told."""
        return expires_at is None or expires_at > self.clock.now()

    def kept_jobs(self) -> list[Job]:
        """All jobs that have not expired, by id."""
        return sorted((job for job in self.jobs.values() if self.is_kept(job.expires_at)), key=lambda job: job.job_id)

    def in_flight(self, job: Job) -> int:
        """1 where an attempt is recorded and its job not finished yet."""
        running = job.slot is not None and job.slot.is_running()
        return int(running and job.slot is not None and self.record(job.key, job.slot) is not None)


def between(job: Job, after: datetime, until: datetime | None) -> Iterator[datetime]:
    """The occurrences of a recurring job's schedule later than ``after``, up to ``until``."""
    due_at = next_due(job.schedule, after)
    while due_at is not None and (until is None or due_at <= until):
        yield due_at
        due_at = next_due(job.schedule, due_at)


def _said(record: Execution) -> tuple[object, ...]:
    return record.status, record.decision, record.token, record.started_at, record.finished_at

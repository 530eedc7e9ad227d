"""Rule 3: the execution record first, then the job; and what follows from the record, so that anybody can finish it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tickwell.application.admission import AdmitAttempts
from tickwell.application.arming import Arming, attempt_message, first_attempt, slot_message
from tickwell.application.ended_jobs import EndedJobs
from tickwell.application.give_up import GivenUp, WriteDeadLetters
from tickwell.application.leave_out import LeaveOut
from tickwell.application.ports import Clock, History, JobStore
from tickwell.domain.accounting import left_out_by_pausing_itself
from tickwell.domain.arrival import EXPIRED, LeftOut
from tickwell.domain.errors import UnavailableError
from tickwell.domain.execution import Execution
from tickwell.domain.handover import Succession, succession
from tickwell.domain.job import ENDS_ATTEMPT, Job, JobKey
from tickwell.domain.message import JobMessage
from tickwell.domain.occurrence import only
from tickwell.domain.retry import Cancelled, Decision, GiveUp, Misfire, Overlap, RetryAt
from tickwell.domain.trace import trace_id_of

_FINISH_TRIES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """An ended attempt: the job as it was claimed, and the record that is to stand.

    ``has_payload`` False: the job may have been read without its payload.
    """

    job: Job
    execution: Execution
    has_payload: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """The record that stands. ``finished`` False: somebody else had finished it already. ``trace_id``: the job's."""

    execution: Execution
    finished: bool
    trace_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Settle:
    """The use case; see ``__call__``."""

    jobs: JobStore
    history: History
    arming: Arming
    admit_attempts: AdmitAttempts
    ended_jobs: EndedJobs
    write_dead_letters: WriteDeadLetters
    leave_out: LeaveOut
    clock: Clock

    def __call__(self, attempts: Sequence[Attempt]) -> Sequence[Settled]:
        """Record the attempts, write what must outlive a crash, finish the jobs, send the retries.

        May be repeated, and may race with another worker: the record that was put first decides, and both obey it.
        What failed for good after its job was cancelled or deleted is not given up: nobody waits for it any more. A
        cancellation that comes after the record came after the attempt's end. When the occurrence is over, the oldest
        of those that wait for the slot takes it.
        Order (rules 1, 3, 9): record, dead letter, due item of the retry or of who takes the slot, job, message; all at
        once where the engine can, which is less to wait for.
        Permits come last: whoever waits for one may start.
        """
        if not attempts:
            return ()
        attempts = self._as_wanted(attempts)
        with self.arming.together():
            pairs, finished = self._write(attempts)
        self._disarm([pair for pair, done in zip(pairs, finished, strict=True) if done])
        messages = [_message(pair) for pair in pairs]
        self._leave_queues(pairs, messages)
        self.arming.forget([message for message, done in zip(messages, finished, strict=True) if done])
        return [
            Settled(execution=pair.execution, finished=done, trace_id=trace_id_of(pair.job.traceparent))
            for pair, done in zip(pairs, finished, strict=True)
        ]

    def _write(self, attempts: Sequence[Attempt]) -> tuple[Sequence[Attempt], Sequence[bool]]:
        """Record, give up and finish; the attempts with the records that stand, and whether that finished them."""
        standing = self.history.record_many([attempt.execution for attempt in attempts])
        # The record may be that of an earlier attempt of the same number; the slot holds the token of this one.
        pairs = [_standing(attempt, record) for attempt, record in zip(attempts, standing, strict=True)]
        self._write_dead_letters(pairs)
        return pairs, self._finish(pairs)

    def _finish(self, pairs: Sequence[Attempt]) -> list[bool]:
        """Finish the jobs; those that others have come to wait for meanwhile once more, by what is known then."""
        finished = dict.fromkeys(range(len(pairs)), False)
        left = list(finished)
        known = self._read([pair for pair in pairs if may_be_waited_for(pair.job) or _may_pause(pair)])
        for _ in range(_FINISH_TRIES):
            jobs = [known.get(pairs[number].job.key, pairs[number].job) for number in left]
            done = self._finish_as_known([pairs[number] for number in left], jobs)
            finished |= dict(zip(left, done, strict=True))
            refused = [number for number in left if not finished[number]]
            known = self._read([pairs[number] for number in refused])
            left = [n for n in refused if _holds(known.get(pairs[n].job.key), pairs[n].execution)]
            if not left:
                return list(finished.values())
        raise UnavailableError("store", "the job changes too often")

    def _finish_as_known(self, pairs: Sequence[Attempt], jobs: Sequence[Job]) -> Sequence[bool]:
        """Due items, jobs, messages, in this order; ``jobs`` tell who waits for the slots."""
        now = self.clock.now()
        successions = [
            succession(job, now) if _hands_over(job, pair.execution) else None
            for job, pair in zip(jobs, pairs, strict=True)
        ]
        self._record_left_out(pairs, jobs, successions, now)
        messages = [_message_afterwards(pair, following) for pair, following in zip(pairs, successions, strict=True)]
        items = self.arming.prepare([message for message in messages if message is not None], now=now)
        self.arming.require_fresh(prepared_at=now)
        handovers = {
            pair.execution.token: following.handover
            for pair, following in zip(pairs, successions, strict=True)
            if following is not None
        }
        finished = self.jobs.finish_many([pair.execution for pair in pairs], now=now, handovers=handovers)
        # Also where somebody else had finished it: whoever that was may have died before sending. Duplicates lose.
        self.arming.launch(items, now=self.clock.now())
        return finished

    def _read(self, pairs: Sequence[Attempt]) -> Mapping[JobKey, Job]:
        return self.jobs.get_many([pair.job.key for pair in pairs]) if pairs else {}

    def _record_left_out(
        self, pairs: Sequence[Attempt], jobs: Sequence[Job], successions: Sequence[Succession | None], now: datetime
    ) -> None:
        """Those that waited until they expired are skipped; so is what is due when a failure pauses its job."""
        for pair, job, following in zip(pairs, jobs, successions, strict=True):
            expired = () if following is None else following.expired
            self.leave_out(job, [LeftOut(gap=only(due_at), reason=EXPIRED) for due_at in expired], now=now)
            if _may_pause(pair):
                self.leave_out(job, left_out_by_pausing_itself(job, now), now=now)

    def _as_wanted(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """``attempts``, with decisions taken back of those that nobody wanted any more; one read for all.

        That is a decision to give up where the job was ended meanwhile, and one to retry where a newer occurrence takes
        the place of this one.
        """
        asked = [a.job.key for a in attempts if _may_be_unwanted(a)]
        if not asked:
            return attempts
        known = self.jobs.get_many(asked)
        return [
            replace(a, execution=replace(a.execution, decision=Cancelled()))
            if _is_unwanted(a.execution.decision, known.get(a.job.key))
            else a
            for a in attempts
        ]

    def _disarm(self, pairs: Sequence[Attempt]) -> None:
        """Spare the far timers of jobs that have just paused themselves."""
        for pair in pairs:
            job = pair.job
            if isinstance(pair.execution.decision, GiveUp) and job.next_failure_pauses and job.next_run_at is not None:
                self.arming.disarm(first_attempt(job, job.next_run_at))

    def _leave_queues(self, pairs: Sequence[Attempt], messages: Sequence[JobMessage]) -> None:
        """Count the jobs that have ended where a number of them is kept, and give the permits back."""
        self.ended_jobs.note([(pair.job, pair.execution) for pair in pairs])
        self.admit_attempts.leave(messages)

    def _write_dead_letters(self, pairs: Sequence[Attempt]) -> None:
        self.write_dead_letters(
            [
                GivenUp(
                    job=pair.job,
                    execution=pair.execution,
                    decision=pair.execution.decision,
                    has_payload=pair.has_payload,
                )
                for pair in pairs
                if isinstance(pair.execution.decision, GiveUp)
            ]
        )


def _standing(attempt: Attempt, record: Execution) -> Attempt:
    """``attempt`` with the record that stands, under its own token."""
    if record is attempt.execution:
        return attempt
    return replace(attempt, execution=replace(record, token=attempt.execution.token))


def may_be_waited_for(job: Job) -> bool:
    """Whether other occurrences may have come to wait for the slot of ``job``, as far as its policy tells."""
    return job.policy.overlap in _MAKES_WAIT or job.policy.misfire is Misfire.RUN_ALL or bool(job.pending)


_MAKES_WAIT = frozenset({Overlap.QUEUE_ONE, Overlap.QUEUE_ALL, Overlap.CANCEL_OTHER})


def _may_pause(attempt: Attempt) -> bool:
    """Whether the attempt may be the failure that pauses its job (X23)."""
    gives_up = isinstance(attempt.execution.decision, GiveUp)
    return gives_up and attempt.job.policy.pause_after_failures is not None


def _may_be_unwanted(attempt: Attempt) -> bool:
    decision = attempt.execution.decision
    supersedes = attempt.job.policy.overlap is Overlap.CANCEL_OTHER
    return isinstance(decision, GiveUp) or (supersedes and isinstance(decision, RetryAt))


def _is_unwanted(decision: Decision, job: Job | None) -> bool:
    if job is None:
        return False
    match decision:
        case GiveUp():
            return job.status in ENDS_ATTEMPT
        case RetryAt():
            return job.is_superseded
        case _:
            return False


def _hands_over(job: Job, execution: Execution) -> bool:
    """Whether the slot goes to who waits for it; a retry keeps it, unless a newer occurrence takes its place."""
    if isinstance(execution.decision, RetryAt):
        return job.policy.overlap is Overlap.CANCEL_OTHER
    return bool(job.pending)


def _holds(job: Job | None, execution: Execution) -> bool:
    """Whether the attempt still holds the slot of ``job``, as it was read."""
    return job is not None and job.slot is not None and job.slot.token == execution.token


def _message_afterwards(pair: Attempt, following: Succession | None) -> JobMessage | None:
    """The message for whoever has the slot then: the head of those that wait, or the retry."""
    slot = None if following is None else following.handover.slot
    if slot is None or following is None:
        return _retry_message(pair.job, pair.execution)
    return slot_message(pair.job, slot, following.start_at)


def _message(pair: Attempt) -> JobMessage:
    """The message that the attempt was made by; when a retry was to start nobody remembers."""
    execution = pair.execution
    if execution.attempt == 1:
        return first_attempt(pair.job, execution.due_at)
    return attempt_message(pair.job, due_at=execution.due_at, attempt=execution.attempt, run_at=execution.due_at)


def _retry_message(job: Job, execution: Execution) -> JobMessage | None:
    decision = execution.decision
    if not isinstance(decision, RetryAt):
        return None
    return attempt_message(job, due_at=execution.due_at, attempt=decision.attempt, run_at=decision.at)

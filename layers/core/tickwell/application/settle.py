"""Rule 3: the execution record first, then the job; and what follows from the record, so that anybody can finish it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tickwell.application.admission import AdmitAttempts
from tickwell.application.arming import Arming, attempt_message, first_attempt
from tickwell.application.ended_jobs import EndedJobs
from tickwell.application.give_up import GivenUp, WriteDeadLetters
from tickwell.application.ports import Clock, History, JobStore
from tickwell.domain.execution import Execution
from tickwell.domain.job import ENDS_ATTEMPT, Job
from tickwell.domain.message import JobMessage
from tickwell.domain.retry import Cancelled, GiveUp, RetryAt


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
    """The record that stands. ``finished`` False: somebody else had finished it already."""

    execution: Execution
    finished: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Settle:
    """The use case; see ``__call__``."""

    jobs: JobStore
    history: History
    arming: Arming
    admit_attempts: AdmitAttempts
    ended_jobs: EndedJobs
    write_dead_letters: WriteDeadLetters
    clock: Clock

    def __call__(self, attempts: Sequence[Attempt]) -> Sequence[Settled]:
        """Record the attempts, write what must outlive a crash, finish the jobs, send the retries.

        May be repeated, and may race with another worker: the record that was put first decides, and both obey it.
        What failed for good after its job was cancelled or deleted is not given up: nobody waits for it any more. A
        cancellation that comes after the record came after the attempt's end.
        Order (rules 1, 3, 9): record, dead letter, the retry's due item, job, the retry's message. Permits come last:
        whoever waits for one may start.
        """
        if not attempts:
            return ()
        attempts = self._as_wanted(attempts)
        standing = list(self.history.record_many([attempt.execution for attempt in attempts]))
        # The record may be that of an earlier attempt of the same number; the slot holds the token of this one.
        standing = [replace(e, token=a.execution.token) for a, e in zip(attempts, standing, strict=True)]
        pairs = [replace(a, execution=e) for a, e in zip(attempts, standing, strict=True)]
        self._write_dead_letters(pairs)
        now = self.clock.now()
        retries = [_retry_message(pair.job, pair.execution) for pair in pairs]
        items = self.arming.prepare([message for message in retries if message is not None], now=now)
        self.arming.require_fresh(prepared_at=now)
        finished = self.jobs.finish_many(standing, now=now)
        # Also where somebody else had finished it: whoever that was may have died before sending. Duplicates lose.
        self.arming.launch(items, now=self.clock.now())
        self._disarm([pair for pair, done in zip(pairs, finished, strict=True) if done])
        self._leave_queues(pairs)
        return [Settled(execution=e, finished=done) for e, done in zip(standing, finished, strict=True)]

    def _as_wanted(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """``attempts``, with a decision to give up taken back where the job was ended meanwhile; one read for all."""
        given_up = [a.job.key for a in attempts if isinstance(a.execution.decision, GiveUp)]
        if not given_up:
            return attempts
        known = self.jobs.get_many(given_up)
        ended = {key for key, job in known.items() if job.status in ENDS_ATTEMPT}
        return [
            replace(a, execution=replace(a.execution, decision=Cancelled()))
            if a.job.key in ended and isinstance(a.execution.decision, GiveUp)
            else a
            for a in attempts
        ]

    def _disarm(self, pairs: Sequence[Attempt]) -> None:
        """Spare the far timers of jobs that have just paused themselves."""
        for pair in pairs:
            job = pair.job
            if isinstance(pair.execution.decision, GiveUp) and job.next_failure_pauses and job.next_run_at is not None:
                self.arming.disarm(first_attempt(job, job.next_run_at))

    def _leave_queues(self, pairs: Sequence[Attempt]) -> None:
        """Count the jobs that have ended where a number of them is kept, and give the permits back."""
        self.ended_jobs.note([(pair.job, pair.execution) for pair in pairs])
        self.admit_attempts.give_back([_message(pair) for pair in pairs])

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


def _message(pair: Attempt) -> JobMessage:
    """The message that the attempt was made by."""
    execution = pair.execution
    return attempt_message(pair.job, due_at=execution.due_at, attempt=execution.attempt, run_at=execution.due_at)


def _retry_message(job: Job, execution: Execution) -> JobMessage | None:
    decision = execution.decision
    if not isinstance(decision, RetryAt):
        return None
    return attempt_message(job, due_at=execution.due_at, attempt=decision.attempt, run_at=decision.at)

"""What is due and not claimed: it waits for the slot, runs in a child, or is left out (X3, X4, X11)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tickwell.application.arming import Arming, first_attempt, slot_message
from tickwell.application.leave_out import LeaveOut
from tickwell.application.ports import JobStore, PendingChange
from tickwell.domain.arrival import EXPIRED, MISSED, Arrival, LeftOut, Move
from tickwell.domain.child import child
from tickwell.domain.due import DueItem
from tickwell.domain.errors import ConflictError, IllegalTransitionError, NotFoundError
from tickwell.domain.execution import SkipOutcome
from tickwell.domain.handover import succession
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.occurrence import only
from tickwell.domain.retry import Misfire, Overlap

_TOO_LATE = frozenset({EXPIRED, MISSED})


@dataclass(slots=True)
class Findings:
    """What the messages of a batch come to besides claims."""

    abandoned: dict[JobKey, Job] = field(default_factory=dict)
    again: list[JobMessage] = field(default_factory=list)
    over: list[JobMessage] = field(default_factory=list)
    rightful: list[JobMessage] = field(default_factory=list)
    skipped: int = 0
    missed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one message comes to. ``job``: as read, where it had to be.

    ``arrival``: what becomes of an occurrence that is armed. ``gives_up``: why the attempt is not made, without which
    nothing follows: the job has one occurrence, or this one waits in the slot. ``due``: due items, written already.
    """

    message: JobMessage
    job: Job | None = None
    arrival: Arrival | None = None
    gives_up: str | None = None
    due: list[DueItem] = field(default_factory=list)

    @property
    def claims(self) -> bool:
        """Whether the message is to be claimed."""
        return self.gives_up is None and (self.arrival is None or self.arrival.move in (Move.CLAIM, Move.TAKE_OVER))

    @property
    def missed(self) -> int:
        """How many occurrences it leaves out because they are too late; too many to count are one."""
        left_out = () if self.arrival is None else self.arrival.left_out
        return (self.gives_up in _TOO_LATE) + sum(one.gap.count or 1 for one in left_out if one.reason in _TOO_LATE)

    def is_move(self, move: Move) -> bool:
        """Whether that is what becomes of the occurrence."""
        return self.arrival is not None and self.arrival.move is move


def lateness(job: Job, message: JobMessage, now: datetime) -> str | None:
    """Why the attempt of ``message`` is not made at ``now``, which is later than it was meant to start; None: it is."""
    policy = job.policy
    if policy.is_expired(message.due_at, now):
        return EXPIRED
    if policy.misfire is Misfire.SKIP and not message.queued and now - message.run_at > policy.misfire_grace:
        return MISSED
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class PassBy:
    """The use case; see ``__call__``. ``retention`` is how long a job that ends is kept."""

    jobs: JobStore
    arming: Arming
    leave_out: LeaveOut
    retention: timedelta

    def __call__(self, steps: Sequence[Step], now: datetime, found: Findings) -> None:
        """Carry out ``steps``, whose due items and records were written at ``now``, and note them in ``found``.

        What the job does not allow any more is judged again. Raises UnavailableError; may be repeated then.
        """
        following: list[DueItem] = []
        superseding: list[JobKey] = []
        for step in steps:
            if self._is_done(step, now, following):
                if step.job is not None and step.is_move(Move.WAIT) and step.job.policy.overlap is Overlap.CANCEL_OTHER:
                    superseding.append(step.job.key)
                found.skipped += 1
                found.missed += step.missed
                found.over.append(step.message)
                following += step.due
            else:
                found.again.append(step.message)
        self.arming.launch(following, now=now)
        # Work outside does not learn from a worker that a newer occurrence is to take its place.
        known = self.jobs.get_many(superseding) if superseding else {}
        found.abandoned |= {key: job for key, job in known.items() if job.is_kept_in_vain}

    def _is_done(self, step: Step, now: datetime, following: list[DueItem]) -> bool:
        """Carry out one step; what has to be sent besides its own due items is added to ``following``."""
        job, plan = step.job, step.arrival
        if job is None:
            raise ValueError("a step without its job can only be claimed")
        if plan is None:
            reason = step.gives_up or EXPIRED
            ends = self._passes_on if step.message.queued else self._ends
            return ends(job, step.message, reason, now, following)
        if plan.move is Move.BESIDE:
            return self._beside(job, step.message, plan, now, following)
        self.arming.require_fresh(prepared_at=now)
        waiting = PendingChange(read=job.pending, written=plan.pending) if plan.move is Move.WAIT else None
        return self.jobs.skip(
            step.message,
            next_run_at=plan.next_run_at,
            now=now,
            if_busy=plan.move is not Move.LEAVE,
            waiting=waiting,
            expires_at=now + self.retention,
        )

    def _beside(self, job: Job, message: JobMessage, plan: Arrival, now: datetime, following: list[DueItem]) -> bool:
        """A child runs the occurrence: due item, child, then the parent's next occurrence (rule 5)."""
        try:
            parent = self.jobs.get(job.tenant_id, job.job_id)
            made = child(parent, message.due_at, mark="", now=now)
        except (NotFoundError, IllegalTransitionError):
            return False
        items = self.arming.prepare([first_attempt(made, made.created_at)], now=now)
        self.arming.require_fresh(prepared_at=now)
        with suppress(ConflictError):  # an earlier try made it, of the job as it was then
            self.jobs.create(made)
        expires_at = now + self.retention
        if self.jobs.skip(message, next_run_at=plan.next_run_at, now=now, if_busy=False, expires_at=expires_at):
            following += items
            return True
        self._withdraw(made, message, now)
        return False

    def _withdraw(self, made: Job, message: JobMessage, now: datetime) -> None:
        """The parent was changed, or claimed, in between: the child, which nobody has sent yet, is not to run.

        Unless another worker got the same message, made the same child, and was faster.
        """
        with suppress(NotFoundError, IllegalTransitionError):
            parent = self.jobs.get(message.tenant_id, message.job_id)
            is_claimed = parent.slot is not None and parent.slot.due_at == message.due_at
            if parent.version != message.version or parent.status is not JobStatus.ACTIVE or is_claimed:
                unwanted = self.jobs.get(made.tenant_id, made.job_id)
                self.jobs.replace(unwanted.cancel(now, expires_at=now + self.retention), read=unwanted)

    def _passes_on(self, job: Job, message: JobMessage, reason: str, now: datetime, following: list[DueItem]) -> bool:
        """The occurrence that waits in the slot is not begun any more: whoever waits for the slot takes it."""
        follows = succession(job, now)
        gone = [LeftOut(gap=only(due_at), reason=EXPIRED) for due_at in follows.expired]
        self.leave_out(job, [LeftOut(gap=only(message.due_at), reason=reason), *gone], now=now)
        slot = follows.handover.slot
        messages = [] if slot is None else [slot_message(job, slot, follows.start_at)]
        items = self.arming.prepare(messages, now=now)
        self.arming.require_fresh(prepared_at=now)
        if not self.jobs.pass_on(job, follows.handover, now=now, expires_at=now + self.retention):
            return False
        following += items
        return True

    def _ends(self, job: Job, message: JobMessage, reason: str, now: datetime, _following: list[DueItem]) -> bool:
        """The only occurrence of a one-time job is not begun any more: the job is cancelled."""
        left_out = LeftOut(gap=only(message.due_at), reason=reason, outcome=SkipOutcome.CANCELLED)
        self.leave_out(job, [left_out], now=now)
        try:
            read = self.jobs.get(job.tenant_id, job.job_id)
            ended = read.cancel(now, expires_at=now + self.retention)
        except (NotFoundError, IllegalTransitionError):
            return False
        return read.version == job.version and read.slot is None and self.jobs.replace(ended, read=read)

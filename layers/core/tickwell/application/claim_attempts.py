"""From messages to attempts: the claim, and the re-arming of recurring jobs in the same write (rules 2 and 5)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tickwell.application.arming import (
    DIRECT_HORIZON,
    Arming,
    first_attempt,
    probe_message,
    rightful_message,
    slot_message,
)
from tickwell.application.leave_out import LeaveOut
from tickwell.application.pass_by import Findings, PassBy, Step, lateness
from tickwell.application.ports import Claim, Claimed, ClaimResult, Ids, JobStore
from tickwell.domain.arrival import Move, arrival
from tickwell.domain.child import child_id
from tickwell.domain.due import DueItem
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import Job, JobKey
from tickwell.domain.message import JobMessage
from tickwell.domain.occurrence import Standing, standing
from tickwell.domain.retry import Overlap

_log = logging.getLogger("tickwell")

_CLAIM_TRIES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimedBatch:
    """``claimed``: attempts that are ours now. ``abandoned``: jobs whose worker must be presumed dead.

    ``skipped`` counts occurrences that were passed by: left out, or waiting, or run by a child. ``probes`` counts those
    that found nothing amiss. ``again``: messages that must be delivered once more, because the store failed or the job
    changed meanwhile. ``over``: messages whose attempts are not to be made, skipped ones among them. ``rightful``: what
    starts the attempts of other messages, which do not do so any more. All others were duplicates of attempts under
    way. ``missed`` counts occurrences that were left out because they were too late.
    """

    claimed: tuple[Job, ...]
    abandoned: tuple[Job, ...]
    skipped: int
    probes: int
    again: tuple[JobMessage, ...]
    over: tuple[JobMessage, ...] = ()
    rightful: tuple[JobMessage, ...] = ()
    missed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimAttempts:
    """The use case; see ``__call__``."""

    jobs: JobStore
    arming: Arming
    ids: Ids
    leave_out: LeaveOut
    pass_by: PassBy

    def __call__(self, messages: Sequence[JobMessage], *, now: datetime) -> ClaimedBatch:
        """Claim what is still to be done among ``messages``. Raises UnavailableError; may be repeated then."""
        to_read = [m.key for m in messages if _must_read(m, now)]
        known = self.jobs.get_many(to_read) if to_read else {}
        found = Findings()
        probes = self._probe([m for m in messages if m.probe], known, now, found)
        claimed: list[Job] = []
        for number, group in enumerate(_rounds(messages)):
            if number:
                known = self.jobs.get_many([m.key for m in group if _must_read(m, now)])
            claimed += self._round(group, known, now, found)
        return ClaimedBatch(
            claimed=tuple(claimed),
            abandoned=tuple(found.abandoned.values()),
            skipped=found.skipped,
            probes=probes,
            again=tuple(found.again),
            over=tuple(found.over),
            rightful=tuple(found.rightful),
            missed=found.missed,
        )

    def _round(
        self, messages: Sequence[JobMessage], known: Mapping[JobKey, Job], now: datetime, found: Findings
    ) -> list[Job]:
        """Claim, or pass by, what ``messages`` speak of: one of each job, as it is ``known``."""
        steps = [step for m in messages if (step := self._step(m, known, now, found)) is not None]
        self._prepare(steps, now)
        self.pass_by([step for step in steps if not step.claims], now, found)
        return self._claim([step for step in steps if step.claims], now, found)

    def _probe(self, probes: Sequence[JobMessage], known: Mapping[JobKey, Job], now: datetime, found: Findings) -> int:
        """Look after attempts under way, and once more at their leases' new ends; how many were not abandoned.

        Only the newest probe of an attempt is followed by another: the chain of one that was delivered twice ends.
        """
        quiet = 0
        followed: set[JobKey] = set()
        for message in probes:
            job = known.get(message.key)
            judged = Standing.RESOLVED if job is None else standing(message, job, now)
            if job is not None and judged is Standing.ABANDONED:
                found.abandoned[job.key] = job
            elif job is None or judged is not Standing.RUNNING or job.key in followed or not _is_newest(message, job):
                quiet += 1
            elif self._follow(job, now):
                followed.add(job.key)
                quiet += 1
            else:
                found.again.append(message)
        return quiet

    def _follow(self, job: Job, now: datetime) -> bool:
        """Send the next probe, and note it afterwards: a crash between doubles the chain, and does not break it."""
        following = probe_message(job)
        if following is None or not self.arming.probe([job], now=now):
            return False
        try:
            self.jobs.note_probe(job, at=following.run_at)
        except UnavailableError as error:
            extra = {"action": "probe.unnoted", "job_id": job.job_id, "service": error.service}
            _log.warning("a probe could not be noted; should it come twice, so does the next one", extra=extra)
        return True

    def _step(self, message: JobMessage, known: Mapping[JobKey, Job], now: datetime, found: Findings) -> Step | None:
        if not _must_read(message, now):
            return Step(message=message)
        job = known.get(message.key)
        judged = self._judge(message, job, now, found)
        if job is None or judged not in (Standing.WAITING, Standing.BLOCKED):
            return None
        if message.queued or not message.recurring:
            return self._late_step(message, job, now)
        blocked = judged is Standing.BLOCKED
        has_child = not blocked and job.policy.overlap is Overlap.ALLOW and self._has_child(job, message.due_at)
        return Step(message=message, job=job, arrival=arrival(job, message, now, blocked=blocked, has_child=has_child))

    def _late_step(self, message: JobMessage, job: Job, now: datetime) -> Step:
        """An attempt that comes later than its message allows without a look at the job."""
        reason = lateness(job, message, now)
        return Step(message=message, job=None if reason is None else job, gives_up=reason)

    def _has_child(self, job: Job, due_at: datetime) -> bool:
        """Whether a child runs the occurrence: somebody made it, and died before the next occurrence was armed."""
        key = JobKey(tenant_id=job.tenant_id, job_id=child_id(job.job_id, due_at))
        return key in self.jobs.get_many([key])

    def _judge(self, message: JobMessage, job: Job | None, now: datetime, found: Findings) -> Standing:
        """How ``message`` stands to ``job``; notes what is abandoned, over, or another message's to start."""
        judged = Standing.RESOLVED if job is None else standing(message, job, now)
        if judged is Standing.ABANDONED and job is not None:
            found.abandoned[job.key] = job
        elif judged is Standing.RESOLVED:
            rightful = None if job is None else rightful_message(message, job)
            if rightful is None:
                found.over.append(message)
            else:
                found.rightful.append(rightful)
        return judged

    def _prepare(self, steps: Sequence[Step], now: datetime) -> None:
        """Before any job is written: the due items of the next occurrences, and the record of what is left out."""
        arming = [
            (step, first_attempt(step.job, step.arrival.next_run_at))
            for step in steps
            if step.job is not None and step.arrival is not None and step.arrival.next_run_at is not None
        ]
        for (step, _), item in zip(arming, self.arming.prepare([m for _, m in arming], now=now), strict=True):
            step.due.append(item)
        for step in steps:
            if step.job is not None and step.arrival is not None:
                self.leave_out(step.job, step.arrival.left_out, now=now)

    def _claim(self, steps: Sequence[Step], now: datetime, found: Findings) -> list[Job]:
        if not steps:
            return []
        self.arming.require_fresh(prepared_at=now)
        claims = [_claim_of(step, self.ids.token(), now) for step in steps]
        claimed: list[Job] = []
        following: list[DueItem] = []
        for step, result in zip(steps, self._claim_many(claims), strict=True):
            if result is None:
                found.again.append(step.message)
            elif isinstance(result, Claimed):
                claimed.append(result.job)
                found.missed += step.missed
                following += step.due
                self._spare_retry(step, now)
            elif step.is_move(Move.TAKE_OVER):
                found.again.append(step.message)  # the retry began, or somebody else came: it is judged anew
            else:
                self._judge(step.message, result.job, now, found)
        self.arming.launch(following, now=now)
        if probed := [job for job in claimed if job.policy.is_probed]:
            self.arming.probe(probed, now=now)
        return claimed

    def _spare_retry(self, step: Step, now: datetime) -> None:
        """Spare the far timer of the retry whose slot was taken over; when it was to start is not known."""
        if step.is_move(Move.TAKE_OVER) and step.job is not None and step.job.slot is not None:
            self.arming.disarm(slot_message(step.job, step.job.slot, now + DIRECT_HORIZON))

    def _claim_many(self, claims: Sequence[Claim]) -> Sequence[ClaimResult | None]:
        """Claim; if the store failed, once more, one by one, with the same tokens; None for what failed again.

        What was won must be known to be won: otherwise it would wait for its lease and count as lost.
        """
        try:
            return self.jobs.claim_many(claims)
        except UnavailableError:
            return [self._claim_one(claim) for claim in claims]

    def _claim_one(self, claim: Claim) -> ClaimResult | None:
        for _ in range(_CLAIM_TRIES):
            try:
                self.arming.require_fresh(prepared_at=claim.now)
                return self.jobs.claim_many([claim])[0]
            except UnavailableError:
                continue
        return None


def _rounds(messages: Sequence[JobMessage]) -> list[list[JobMessage]]:
    """The messages that are no probes, in groups with one of each job: what one does to it, the next one must see.

    An occurrence that is armed comes before what waits in the slot: it meets the slot as it was when it became due.
    """
    rounds: list[list[JobMessage]] = []
    seen: dict[JobKey, int] = {}
    for message in sorted((m for m in messages if not m.probe), key=lambda m: m.attempt > 1 or m.queued):
        key = message.key
        number = seen.get(key, 0)
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(message)
        seen[key] = number + 1
    return rounds


def _is_newest(probe: JobMessage, job: Job) -> bool:
    """Whether no probe is known that looks later after the attempt that ``job`` is running."""
    return job.slot is None or job.slot.probe_at is None or probe.run_at >= job.slot.probe_at


def _must_read(message: JobMessage, now: datetime) -> bool:
    """Whether the job must be read before the claim: its schedule says what the claim arms, or it may be too late."""
    if message.start_by is not None and now > message.start_by:
        return True
    return message.probe or (message.recurring and message.attempt == 1 and not message.queued)


def _claim_of(step: Step, token: str, now: datetime) -> Claim:
    plan = step.arrival
    if plan is None:
        return Claim(message=step.message, token=token, now=now)
    takes_over = step.job if plan.move is Move.TAKE_OVER else None
    return Claim(
        message=step.message,
        token=token,
        now=now,
        next_run_at=plan.next_run_at,
        pending=plan.pending,
        over=None if takes_over is None else takes_over.slot,
        over_pending=() if takes_over is None else takes_over.pending,
    )

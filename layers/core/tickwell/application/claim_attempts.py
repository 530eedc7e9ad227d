"""From messages to attempts: the claim, and the re-arming of recurring jobs in the same write (rules 2 and 5)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tickwell.application.arming import Arming, first_attempt, probe_message
from tickwell.application.ports import Claim, Claimed, ClaimResult, History, Ids, JobStore
from tickwell.domain.due import DueItem
from tickwell.domain.errors import UnavailableError
from tickwell.domain.execution import Skip
from tickwell.domain.job import Job, JobKey
from tickwell.domain.message import JobMessage
from tickwell.domain.occurrence import Gap, Rearm, Standing, rearm, standing

_log = logging.getLogger("tickwell")

_CLAIM_TRIES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimedBatch:
    """``claimed``: attempts that are ours now. ``abandoned``: jobs whose worker must be presumed dead.

    ``skipped`` counts occurrences that met a busy slot, ``probes`` the probes that found nothing amiss. ``again``:
    messages that must be delivered once more, because the store failed or the job changed meanwhile. ``over``: messages
    whose attempts are not to be made, skipped ones among them. All others were duplicates of attempts under way.
    ``missed`` counts occurrences that were left out because they were too late.
    """

    claimed: tuple[Job, ...]
    abandoned: tuple[Job, ...]
    skipped: int
    probes: int
    again: tuple[JobMessage, ...]
    over: tuple[JobMessage, ...] = ()
    missed: int = 0


@dataclass(slots=True)
class _Findings:
    """What the messages of a batch come to besides claims."""

    abandoned: dict[JobKey, Job] = field(default_factory=dict)
    again: list[JobMessage] = field(default_factory=list)
    over: list[JobMessage] = field(default_factory=list)
    skipped: int = 0
    missed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """What one message comes to: its claim or skip, and how the recurring job goes on."""

    message: JobMessage
    job: Job | None = None
    rearm: Rearm | None = None
    blocked: bool = False
    due: list[DueItem] = field(default_factory=list)

    @property
    def next_run_at(self) -> datetime | None:
        return None if self.rearm is None else self.rearm.next_run_at

    @property
    def missed(self) -> int:
        """How many occurrences the re-arming leaves out; of uncountably many only that there are some."""
        gap = None if self.rearm is None else self.rearm.gap
        return 0 if gap is None else gap.count or 1


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimAttempts:
    """The use case; see ``__call__``."""

    jobs: JobStore
    history: History
    arming: Arming
    ids: Ids
    retention: timedelta

    def __call__(self, messages: Sequence[JobMessage], *, now: datetime) -> ClaimedBatch:
        """Claim what is still to be done among ``messages``. Raises UnavailableError; may be repeated then."""
        to_read = [m.key for m in messages if _must_read(m)]
        known = self.jobs.get_many(to_read) if to_read else {}
        found = _Findings()
        probes = self._probe([m for m in messages if m.probe], known, now, found)
        claiming = [m for m in messages if not m.probe]
        steps = [step for m in claiming if (step := self._step(m, known, now, found)) is not None]
        self._prepare(steps, now)
        self._skip([step for step in steps if step.blocked], now, found)
        claimed = self._claim([step for step in steps if not step.blocked], now, found)
        return ClaimedBatch(
            claimed=tuple(claimed),
            abandoned=tuple(found.abandoned.values()),
            skipped=found.skipped,
            probes=probes,
            again=tuple(found.again),
            over=tuple(found.over),
            missed=found.missed,
        )

    def _probe(self, probes: Sequence[JobMessage], known: Mapping[JobKey, Job], now: datetime, found: _Findings) -> int:
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

    def _step(self, message: JobMessage, known: Mapping[JobKey, Job], now: datetime, found: _Findings) -> _Step | None:
        if not _must_read(message):
            return _Step(message=message)
        job = known.get(message.key)
        judged = self._judge(message, job, now, found)
        if job is None or judged not in (Standing.WAITING, Standing.BLOCKED):
            return None
        going_on = rearm(job.schedule, message.due_at, now)
        return _Step(message=message, job=job, rearm=going_on, blocked=judged is Standing.BLOCKED)

    def _judge(self, message: JobMessage, job: Job | None, now: datetime, found: _Findings) -> Standing:
        """How ``message`` stands to ``job``; notes what is abandoned or over."""
        judged = Standing.RESOLVED if job is None else standing(message, job, now)
        if judged is Standing.ABANDONED and job is not None:
            found.abandoned[job.key] = job
        elif judged is Standing.RESOLVED:
            found.over.append(message)
        return judged

    def _prepare(self, steps: Sequence[_Step], now: datetime) -> None:
        """Before any job is written: the due items of the next occurrences, and the record of what is left out."""
        arming = [
            (step, first_attempt(step.job, step.rearm.next_run_at))
            for step in steps
            if step.job is not None and step.rearm is not None and step.rearm.next_run_at is not None
        ]
        for (step, _), item in zip(arming, self.arming.prepare([m for _, m in arming], now=now), strict=True):
            step.due.append(item)
        for step in steps:
            if step.blocked:
                only = Gap(first_due_at=step.message.due_at, last_due_at=step.message.due_at, count=1)
                self.history.put_skip(
                    self._skip_record(step.message, only, "the previous occurrence was not over", now)
                )
            if step.rearm is not None and step.rearm.gap is not None:
                self.history.put_skip(self._skip_record(step.message, step.rearm.gap, "missed", now))

    def _skip(self, steps: Sequence[_Step], now: datetime, found: _Findings) -> None:
        following: list[DueItem] = []
        for step in steps:
            self.arming.require_fresh(prepared_at=now)
            if self.jobs.skip(step.message, next_run_at=step.next_run_at, now=now):
                found.skipped += 1
                found.missed += step.missed
                found.over.append(step.message)
                following += step.due
            else:
                found.again.append(step.message)
        self.arming.launch(following, now=now)

    def _claim(self, steps: Sequence[_Step], now: datetime, found: _Findings) -> list[Job]:
        if not steps:
            return []
        self.arming.require_fresh(prepared_at=now)
        claims = [
            Claim(message=step.message, token=self.ids.token(), now=now, next_run_at=step.next_run_at) for step in steps
        ]
        claimed: list[Job] = []
        following: list[DueItem] = []
        for step, result in zip(steps, self._claim_many(claims), strict=True):
            if result is None:
                found.again.append(step.message)
            elif isinstance(result, Claimed):
                claimed.append(result.job)
                found.missed += step.missed
                following += step.due
            else:
                self._judge(step.message, result.job, now, found)
        self.arming.launch(following, now=now)
        if probed := [job for job in claimed if job.policy.is_probed]:
            self.arming.probe(probed, now=now)
        return claimed

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

    def _skip_record(self, message: JobMessage, gap: Gap, reason: str, now: datetime) -> Skip:
        return Skip(
            tenant_id=message.tenant_id,
            job_id=message.job_id,
            first_due_at=gap.first_due_at,
            last_due_at=gap.last_due_at,
            count=gap.count,
            reason=reason,
            expires_at=now + self.retention,
        )


def _is_newest(probe: JobMessage, job: Job) -> bool:
    """Whether no probe is known that looks later after the attempt that ``job`` is running."""
    return job.slot is None or job.slot.probe_at is None or probe.run_at >= job.slot.probe_at


def _must_read(message: JobMessage) -> bool:
    """Whether the job must be read before the claim, for its schedule says what the claim arms; or instead of one."""
    return message.probe or (message.recurring and message.attempt == 1)

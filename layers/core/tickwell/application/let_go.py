"""A worker lets go of attempts whose work goes on outside (X10): their leases become that work's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tickwell.application.admission import KEPT_FOR, AdmitAttempts
from tickwell.application.arming import Arming
from tickwell.application.handed_on import HandedOn
from tickwell.application.outside_record import RecordOutside
from tickwell.application.ports import Clock, JobStore, Signed
from tickwell.application.settle import Attempt, Settle, Settled
from tickwell.domain.completion import Outside
from tickwell.domain.job import Job
from tickwell.domain.slot import TAKEOVER_DELAY


@dataclass(frozen=True, kw_only=True, slots=True)
class LetGo:
    """The use case; see ``__call__``."""

    jobs: JobStore
    arming: Arming
    admit_attempts: AdmitAttempts
    record: RecordOutside
    settle: Settle
    clock: Clock

    def __call__(self, handed_on: Sequence[HandedOn]) -> Sequence[Settled]:
        """Write into the slots that work outside holds them; those attempts that had to be settled instead.

        One conditional write each, in one request where the engine can. An attempt whose token is gone has been ended
        already, by whoever got its completion token or took it over: its worker obeys. One that is not wanted any more
        is settled as cancelled, by whoever writes last: a cancellation that comes after this write sees it. Raises
        UnavailableError; may be repeated.
        Order: permits, due items, jobs, probes. A crash between leaves a permit that lives as long as the attempt.
        """
        now = self.clock.now()
        pairs = [(one.job, self._prepared(one, now)) for one in handed_on]
        answers = self.jobs.let_go_many(pairs)
        let_go = [answer.job for answer in answers if isinstance(answer, Signed)]
        reach = now + self.arming.direct_horizon
        self.arming.probe([job for job in let_go if _is_probed(job, reach)], now=now)
        attempts = [
            Attempt(job=job, execution=self.record.abandoned(job, job.slot, now), has_payload=False)
            for job in let_go
            if job.slot is not None and job.is_kept_in_vain
        ]
        return self.settle(attempts)

    def _prepared(self, one: HandedOn, now: datetime) -> Outside:
        """What is to be written of it; before that its permit is kept, and somebody looks after it in time.

        The safety sync looks at the end of the lease that the worker had. Where that is too late for the end of the new
        one, or to keep the permit, it has to look sooner; within the reach of a lane a probe does.
        """
        job, slot = one.job, one.job.slot
        if slot is None or slot.lease_until is None:
            raise ValueError("only a claimed job can be let go of")
        outside = Outside(since=now, timeout_seconds=one.pending.timeout_seconds, has_log=one.has_log)
        until = outside.until(now)
        if self.admit_attempts.keep(job, slot, until=until, now=now):
            until = min(until, now + KEPT_FOR)
        if now + self.arming.direct_horizon < _looked_at(until) and until < slot.lease_until:
            self.arming.look_after(job, slot, at=_looked_at(until))
        return outside


def _is_probed(job: Job, reach: datetime) -> bool:
    slot = job.slot
    return slot is not None and slot.lease_until is not None and _looked_at(slot.lease_until) <= reach


def _looked_at(lease_until: datetime) -> datetime:
    """When an attempt may be taken over whose lease ends then."""
    return lease_until + TAKEOVER_DELAY

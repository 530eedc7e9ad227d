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
from tickwell.domain.job import TAKEOVER_DELAY, Job, Slot


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

        One conditional write each. An attempt whose token is gone has been ended already, by whoever got its completion
        token or took it over: its worker obeys. One that is not wanted any more is settled as cancelled, by whoever
        writes last: a cancellation that comes after this write sees it. Raises UnavailableError; may be repeated.
        Order: permits, due items, jobs, probes. A crash between leaves a permit that lives as long as the attempt.
        """
        unwanted = [job for one in handed_on if (job := self._let_go(one)) is not None and job.is_kept_in_vain]
        now = self.clock.now()
        attempts = [
            Attempt(job=job, execution=self.record.abandoned(job, job.slot, now), has_payload=False)
            for job in unwanted
            if job.slot is not None
        ]
        return self.settle(attempts)

    def _let_go(self, one: HandedOn) -> Job | None:
        """The job as it stands then; None where the attempt has been ended already."""
        job, now = one.job, self.clock.now()
        slot = job.slot
        if slot is None:
            raise ValueError("only a claimed job can be let go of")
        outside = Outside(since=now, timeout_seconds=one.pending.timeout_seconds, has_log=one.has_log)
        until = outside.until(now)
        is_limited = self.admit_attempts.keep(job, slot, until=until, now=now)
        self._see_to_its_end(job, slot, min(until, now + KEPT_FOR) if is_limited else until, now)
        answer = self.jobs.let_go(job, outside=outside)
        if not isinstance(answer, Signed):
            return None
        if until + TAKEOVER_DELAY - now <= self.arming.direct_horizon:
            self.arming.probe([answer.job], now=now)
        return answer.job

    def _see_to_its_end(self, job: Job, slot: Slot, look_at: datetime, now: datetime) -> None:
        """Have the safety sync look at ``look_at``, where it would do so later: at the end of the worker's lease.

        Within the reach of a lane a probe looks.
        """
        is_probed = look_at + TAKEOVER_DELAY - now <= self.arming.direct_horizon
        if not is_probed and slot.lease_until is not None and look_at < slot.lease_until:
            self.arming.look_after(job, slot, at=look_at)

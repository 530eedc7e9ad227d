"""The safety sync (rule 6): enqueues what falls due soon, and finds what was due and did not happen.

Each shard of due items has a stored watermark under a lease. The *sweep* walks ahead of now and sends what nobody has
sent yet; the *check* walks behind now, looks at each due item once, carries forward what is unresolved, and only then
repairs. Its cost depends on what falls due, never on what waits.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tickwell.application.admission import KEPT_FOR, MOST_AT_ONCE, AdmitAttempts
from tickwell.application.arming import Arming
from tickwell.application.losses import Losses
from tickwell.application.ports import Clock, DueItems, Ids, JobStore, QueueKey
from tickwell.application.recover import Recover
from tickwell.application.waiting_lists import let_all_go
from tickwell.domain.due import (
    DUE_ITEM_LIFE,
    DUE_SHARDS,
    SWEEP_MARGIN,
    SYNC_GRACE,
    DueItem,
    DuePage,
    DuePosition,
    Watermark,
)
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import Job
from tickwell.domain.occurrence import Standing, standing
from tickwell.domain.slot import TAKEOVER_DELAY, Slot

LEASE = timedelta(minutes=5)
"""How long one run may hold a shard; longer than the function may run."""

FIRST_LOOK_BACK = timedelta(hours=1)
"""Where a shard's watermark begins when it has none."""

_PAGE = 100
_SHARE_OF_TIME = 4
"""The waiting lists may take a quarter of a run's time: the due items of all shards come after them."""

_CLOCKS_DIFFER = timedelta(minutes=1)
"""A watermark that is further ahead was written on a clock that was wrong; what was written since is behind it."""


@dataclass(slots=True)
class SyncReport:
    """What one run did.

    ``swept``: messages sent ahead of time. ``checked``: due items looked at. ``resent``: messages that had been
    lost. ``recovered``: attempts taken over from dead workers. ``carried``: items to be looked at again. ``let_go``:
    attempts that left the waiting list of a queue. ``behind``: shards not finished in time. ``unavailable``: shards
    that a failing service kept from finishing.
    """

    swept: int = 0
    checked: int = 0
    resent: int = 0
    recovered: int = 0
    carried: int = 0
    let_go: int = 0
    behind: int = 0
    unavailable: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    """One run: until when it goes on, what it has done, what it knows of the lanes; shards not finished in time."""

    deadline: datetime
    report: SyncReport
    losses: Losses
    behind: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Findings:
    """What a page of due items calls for."""

    carry: list[DueItem] = field(default_factory=list)
    unsent: list[DueItem] = field(default_factory=list)
    waiting: list[DueItem] = field(default_factory=list)
    outside: list[tuple[DueItem, Job, Slot]] = field(default_factory=list)
    abandoned: list[Job] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class SafetySync:
    """The use case; see ``__call__``.

    ``sweeps`` False: what has a timer of its own is left to that; only what was armed without one, or before such
    timers were switched on, is sent ahead.
    """

    jobs: JobStore
    due_items: DueItems
    arming: Arming
    admit_attempts: AdmitAttempts
    recover: Recover
    clock: Clock
    ids: Ids
    sweeps: bool = True

    def __call__(self, *, deadline: datetime) -> SyncReport:
        """Work through all shards that nobody else holds, until ``deadline``.

        May run beside itself, and be repeated.
        """
        report = SyncReport()
        losses = Losses(lanes=self.arming.lanes, jobs=self.jobs, queues=self.admit_attempts.queues)
        run = _Run(deadline=deadline, report=report, losses=losses)
        faults: list[Exception] = []
        for shard in self._shards():
            if self.clock.now() >= deadline:
                run.behind.add(shard)
                continue
            try:
                self._shard(shard, run)
            except UnavailableError:
                report.unavailable += 1
            except Exception as fault:  # noqa: BLE001 - raised below: one bad item must not stop the other shards
                faults.append(fault)
        report.behind = len(run.behind)
        try:
            self._send_overtaken(run)
        except UnavailableError:  # they were carried forward: the next check finds them again
            report.unavailable += 1
        if faults:
            raise faults[0]
        return report

    def _send_overtaken(self, run: _Run) -> None:
        """Send what had seemed to wait its turn, until another shard showed that its turn is over."""
        now = self.clock.now()
        lost = run.losses.overtaken_after_all(now)
        self.arming.send([item.message for item in lost], now=now)
        run.report.resent += len(lost)

    def _shard(self, shard: int, run: _Run) -> None:
        now = self.clock.now()
        token = self.ids.token()
        start = DuePosition(look_at=now - FIRST_LOOK_BACK)
        watermark = self.due_items.acquire(
            shard,
            token=token,
            now=now,
            lease_until=now + LEASE,
            first=Watermark(swept_to=start, checked_to=start),
        )
        if watermark is None:
            return
        horizon = now + self.arming.direct_horizon
        # What is past by now is for the check, which knows whether it happened.
        unswept = _believable(watermark.swept_to, horizon, start)
        swept_to = max(unswept, DuePosition.end_of(now - SYNC_GRACE))
        # What is older than that has expired.
        checked_to = max(_believable(watermark.checked_to, now, start), DuePosition(look_at=now - DUE_ITEM_LIFE))
        try:
            for page in self._pages(shard, swept_to, horizon - SWEEP_MARGIN, run):
                self._send_unsent(page.items, run.report)
                swept_to = page.reached
            for page in self._pages(shard, checked_to, now - SYNC_GRACE, run):
                self._repair(page.items, unswept, run)
                checked_to = page.reached
            if shard == 0:
                until = now + (run.deadline - now) / _SHARE_OF_TIME
                let_all_go(self.admit_attempts.queues, lambda key: self._let_go(key, run), self.clock, until=until)
        finally:
            self.due_items.save(shard, token=token, watermark=Watermark(swept_to=swept_to, checked_to=checked_to))

    def _pages(self, shard: int, position: DuePosition, until: datetime, run: _Run) -> Iterator[DuePage]:
        """The due items behind ``position`` up to ``until``; at the deadline the rest is left to the next run."""
        while position.look_at < until:
            if self.clock.now() >= run.deadline:
                run.behind.add(shard)
                return
            page = self.due_items.page(shard, after=position, until=until, limit=_PAGE)
            yield page
            if page.complete:
                return
            position = page.reached

    def _send_unsent(self, items: Sequence[DueItem], report: SyncReport) -> None:
        """Send what falls due within the direct horizon and was too far away for its writer to send."""
        unsent = [item.message for item in items if self._is_to_sweep(item)]
        self.arming.send(unsent, now=self.clock.now())
        report.swept += len(unsent)

    def _is_to_sweep(self, item: DueItem) -> bool:
        return not item.sent and (self.sweeps or not item.timed)

    def _repair(self, items: Sequence[DueItem], unswept: DuePosition, run: _Run) -> None:
        """Look at what was due; repair what did not happen. Behind ``unswept`` no sweep has come."""
        if not items:
            return
        now = self.clock.now()
        jobs = self.jobs.get_many([item.message.key for item in items])
        findings = _Findings()
        for item in items:
            job = jobs.get(item.message.key)
            if job is not None:
                _judge(item, job, now, findings, run.losses)
        self._keep_permits(findings, now)
        self._set_apart_unsent(findings, unswept, now)
        unexplained = self._not_explained_by_limits(findings, now)
        self.due_items.put(findings.carry)
        lost = [*findings.unsent, *run.losses.among(unexplained, now, unsent=findings.unsent)]
        self.arming.send([item.message for item in lost], now=now)
        recovered = self.recover(list({job.key: job for job in findings.abandoned}.values()))
        report = run.report
        report.checked += len(items)
        report.carried += len(findings.carry)
        report.resent += len(lost)
        report.recovered += sum(settled.finished for settled in recovered)

    def _keep_permits(self, findings: _Findings, now: datetime) -> None:
        """What goes on outside keeps the permit of its queue, and is looked at again before that is void."""
        for item, job, slot in findings.outside:
            look_at = _end_of(slot, now)
            if self.admit_attempts.keep(job, slot, until=look_at, now=now):
                look_at = min(look_at, now + KEPT_FOR)
            findings.carry.append(item.carried_to(look_at))

    def _set_apart_unsent(self, findings: _Findings, unswept: DuePosition, now: datetime) -> None:
        """What was the sweep's to send, and it did not come so far, as in an outage: no backlog, no limit keeps it."""
        waiting, findings.waiting = findings.waiting, []
        for item in waiting:
            is_unsent = self._is_to_sweep(item) and item.position > unswept
            (findings.unsent if is_unsent else findings.waiting).append(item)
        findings.carry += [item.carried_to(item.next_check(now)) for item in findings.unsent]

    def _not_explained_by_limits(self, findings: _Findings, now: datetime) -> list[DueItem]:
        """Those that wait for no limit of their queue. All are carried, except those whose waiting list keeps them."""
        explained = self.admit_attempts.explained([item.message for item in findings.waiting], now=now)
        unexplained = []
        for item in findings.waiting:
            look_again_at = explained.get(item.message, now)
            if look_again_at is not None:
                findings.carry.append(item.carried_to(max(item.next_check(now), look_again_at)))
            if item.message not in explained:
                unexplained.append(item)
        return unexplained

    def _shards(self) -> Collection[int]:
        """The shards to visit. The first one stands for the waiting lists as well."""
        now = self.clock.now()
        sweep_until = now + self.arming.direct_horizon - SWEEP_MARGIN
        try:
            within = set(self.due_items.within_reach(sweep_until=sweep_until, check_until=now - SYNC_GRACE))
            if 0 not in within and self.admit_attempts.queues.with_waiting(limit=1, after=None):
                within.add(0)
        except UnavailableError:  # each visit will say so, and the report count them
            return range(DUE_SHARDS)
        # On a store so slow that a run never comes to the end of them, each has its turn.
        shards = sorted(within)
        first = now.minute % max(1, len(shards))
        return shards[first:] + shards[:first]

    def _let_go(self, key: QueueKey, run: _Run) -> int:
        gone = self.admit_attempts.let_go(key, most=MOST_AT_ONCE)
        run.report.let_go += gone
        return gone


def _believable(position: DuePosition, latest: datetime, otherwise: DuePosition) -> DuePosition:
    """``position``, unless it is further ahead than any right clock can have brought it."""
    return position if position.look_at <= latest + _CLOCKS_DIFFER else otherwise


def _judge(item: DueItem, job: Job, now: datetime, findings: _Findings, losses: Losses) -> None:
    match standing(item.message, job, now):
        case Standing.RESOLVED | Standing.RUNNING if job.is_kept_in_vain:
            # Whoever ended its job, or superseded it, died before the attempt outside was ended.
            findings.abandoned.append(job)
            findings.carry.append(item.carried_to(item.next_check(now)))
        case Standing.RESOLVED:
            losses.note(item.message, job)
        case Standing.ABANDONED:
            # Carried as well: should this run die before it has settled the attempt, the next one finds it again.
            findings.abandoned.append(job)
            findings.carry.append(item.carried_to(item.next_check(now)))
            losses.note(item.message, job)
        case Standing.RUNNING:
            assert job.slot is not None  # noqa: S101 - RUNNING implies it
            if job.slot.outside is None:
                findings.carry.append(item.carried_to(_end_of(job.slot, now)))
            else:
                findings.outside.append((item, job, job.slot))
            losses.note(item.message, job)
        case Standing.WAITING | Standing.BLOCKED:
            findings.waiting.append(item)


def _end_of(slot: Slot, now: datetime) -> datetime:
    """When to look again at the attempt that holds ``slot``: when it may be taken over, should it not live then."""
    assert slot.lease_until is not None  # noqa: S101 - it is running
    return max(slot.lease_until + TAKEOVER_DELAY, now)

"""Everything of the local server that is not HTTP: what Lambda's event sources do on AWS."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from tickwell.application.execute_batch import ExecuteBatch, JobQueue
from tickwell.application.ports import Notifications
from tickwell.bootstrap.embedded.system import HEARTBEAT_INTERVAL, EmbeddedSystem
from tickwell.domain.lane import Lane
from tickwell.domain.notification import Channel
from tickwell.local.lane_worker import RETURN_SECONDS, LaneWorker, Leave
from tickwell.local.precedence import Precedence
from tickwell.local.ticker import Ticker
from tickwell.outcome_log import log_dead_letters, log_notified, log_sync

_BATCH = 10
_OUTCOMES_BATCH = 100
_IDLE_SECONDS = 1.0
_WEBHOOK_THREADS = 4
_EXPIRY_SECONDS = 60.0
_SYNC_TIME = timedelta(minutes=4)
_HEAVY_PLACES = 1
_HEARTBEAT_SECONDS = HEARTBEAT_INTERVAL.total_seconds()
_LAST_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticks:
    """The periodic work, one method per thread; each says whether it found something to do."""

    system: EmbeddedSystem

    def safety_sync(self) -> bool:
        """Sweep and repair; see ``tickwell.application.safety_sync``."""
        report = self.system.safety_sync(deadline=self.system.clock.now() + _SYNC_TIME)
        log_sync(report)
        self.system.alert_operator(report)
        return False

    def erasure(self) -> bool:
        """Delete what is left of tenants that were deleted."""
        self.system.erase_tenants(deadline=self.system.clock.now() + _SYNC_TIME)
        return False

    def outcomes(self) -> bool:
        """Follow what the store recorded (rule 9)."""
        events = self.system.outcome_feed.read(_OUTCOMES_BATCH)
        self.system.follow_outcomes([event for _, event in events])
        self.system.outcome_feed.acknowledge([event_id for event_id, _ in events])
        return len(events) == _OUTCOMES_BATCH

    def mail(self) -> bool:
        """Send notifications by e-mail."""
        return self._notify(self.system.notifications[Channel.EMAIL])

    def webhooks(self) -> bool:
        """Send notifications to webhooks."""
        return self._notify(self.system.notifications[Channel.WEBHOOK])

    def _notify(self, queue: Notifications) -> bool:
        deliveries = queue.receive(_BATCH, wait_seconds=_IDLE_SECONDS)
        if not deliveries:
            return True
        report = self.system.notify(queue, deliveries)
        log_notified(report)
        queue.delete([d for d in deliveries if d.message_id not in report.again])
        return True

    def dead_letters(self) -> bool:
        """Consume the lanes' dead letter queue."""
        queue = self.system.lane_dead_letters
        deliveries = queue.receive(_BATCH, wait_seconds=_IDLE_SECONDS)
        if deliveries:
            log_dead_letters(self.system.consume_dead_letters(deliveries))
            queue.delete(deliveries)
        return True

    def expiry(self) -> bool:
        """Delete what has expired, as TTL does on the other engine."""
        return self.system.expiry.sweep() > 0


def lane_workers(
    lanes: Mapping[Lane, JobQueue], execute: ExecuteBatch, *, concurrency: int, grace_seconds: float
) -> list[LaneWorker]:
    """A worker for each lane, ``concurrency`` places in each but the heavy one; they know of each other."""
    precedence = Precedence()
    return [
        LaneWorker(
            lane,
            queue,
            execute,
            concurrency=_HEAVY_PLACES if lane is Lane.HEAVY else concurrency,
            grace_seconds=grace_seconds,
            precedence=precedence,
        )
        for lane, queue in lanes.items()
    ]


class Background:
    """The threads of one process; start once, stop once. What runs gets ``grace_seconds`` to end."""

    def __init__(
        self, system: EmbeddedSystem, *, concurrency: int, sync_interval_seconds: float, grace_seconds: float
    ) -> None:
        ticks = Ticks(system=system)
        self._heartbeat = system.heartbeat
        self._grace_seconds = grace_seconds
        self._workers = lane_workers(system.lanes, system.execute, concurrency=concurrency, grace_seconds=grace_seconds)
        self._tickers = [
            Ticker("safety-sync", ticks.safety_sync, interval_seconds=sync_interval_seconds),
            Ticker("outcomes", ticks.outcomes, interval_seconds=_IDLE_SECONDS),
            Ticker("mail", ticks.mail, interval_seconds=0.0),
            *(Ticker(f"webhooks-{n}", ticks.webhooks, interval_seconds=0.0) for n in range(_WEBHOOK_THREADS)),
            Ticker("dead-letters", ticks.dead_letters, interval_seconds=0.0),
            Ticker("erasure", ticks.erasure, interval_seconds=_EXPIRY_SECONDS),
            Ticker("expiry", ticks.expiry, interval_seconds=_EXPIRY_SECONDS),
            Ticker("heartbeat", self._beat, interval_seconds=_HEARTBEAT_SECONDS),
        ]

    def _beat(self) -> bool:
        """Tell that this process is there, and what it is busy with."""
        self._heartbeat.beat(tuple(Lane), sum(worker.running for worker in self._workers))
        return False

    def start(self) -> None:
        """Start all threads."""
        for worker in self._workers:
            worker.start()
        for ticker in self._tickers:
            ticker.start()

    def close(self) -> None:
        """Take no more work, and return at once. Safe in a signal's handler."""
        for worker in self._workers:
            worker.stop()
        for ticker in self._tickers:
            ticker.stop()

    def stop(self) -> Leave:
        """Take no more work, and wait for what runs, within a bound; how the workers left."""
        self.close()
        bound_seconds = self._grace_seconds + RETURN_SECONDS + _LAST_SECONDS
        leave = sum((worker.leave(bound_seconds) for worker in self._workers), Leave())
        for ticker in self._tickers:
            ticker.join(_LAST_SECONDS)
        self._heartbeat.end()
        return leave

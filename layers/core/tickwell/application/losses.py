"""Is a message lost, or does it wait its turn? A backlog is not a loss, and must not be multiplied (rule 6)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tickwell.application.ports import Depth, JobStore, Lanes, QueueStore
from tickwell.domain.due import DueItem
from tickwell.domain.job import Job
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.occurrence import Standing, standing

BELIEVED_CHECKS = 3
"""How often a lane that cannot tell how old its messages are is believed: until 35 minutes after the due instant.

Longer than a lane keeps a message invisible (930 s), so that what is under way has come back by then.
"""

ON_SUSPICION = 20
"""Messages that a run may send to a lane although they may be there already: no backlog grows noticeably by them."""

OVERTAKEN_BY = timedelta(minutes=1)
"""Who was due so much later and has been served already had no message before it: a queue is in order about so well."""


_MOST_REMEMBERED = 1000
_NOT_BEGUN = frozenset({Standing.WAITING, Standing.BLOCKED})


class _Verdict(StrEnum):
    LOST = "lost"  # it is certain
    SUSPECT = "suspect"  # it may be lost, or still come
    EXPLAINED = "explained"  # it may well wait its turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Losses:
    """What one run of the safety sync finds out about the lanes.

    ``served``: for each tenant and lane the latest start time that was met. By tenant, because a fair queue lets
    others pass a tenant that floods it; it is known of due items that outlive their attempts, as where lanes are blind.
    ``sent``: what this run has sent again, which is no backlog. ``suspected``: how many of these on suspicion.
    ``explained``: what it took for waiting, before it had seen all shards.
    """

    lanes: Lanes
    jobs: JobStore
    queues: QueueStore
    served: dict[tuple[str, Lane], datetime] = field(default_factory=dict)
    sent: Counter[Lane] = field(default_factory=Counter)
    suspected: Counter[Lane] = field(default_factory=Counter)
    explained: list[DueItem] = field(default_factory=list)

    def note(self, message: JobMessage, job: Job) -> None:
        """Remember that the attempt of ``message`` does not wait any more, if that is because it was begun."""
        if job.last_executed_at is not None and job.last_executed_at >= message.run_at:
            place = (message.tenant_id, message.lane)
            self.served[place] = max(self.served.get(place, message.run_at), message.run_at)

    def among(self, items: Sequence[DueItem], now: datetime, *, unsent: Sequence[DueItem] = ()) -> list[DueItem]:
        """Those of ``items``, all of which still wait, whose messages the caller sends again, with those ``unsent``.

        Who left a waiting list while the lanes were looked at is in a lane by now, so these are looked at once more.
        """
        missed = self._missed(items, now, remember=True)
        if missed:
            missed = self._missed(self._not_parked(missed), now)
        lost = self._still_waiting(self._within_bounds(missed), now)
        self.sent.update(item.message.lane for item in (*lost, *unsent))
        return lost

    def overtaken_after_all(self, now: datetime) -> list[DueItem]:
        """Those that were taken for waiting, and are lost by what was found out later; the caller sends them again."""
        overtaken = [item for item in self.explained if self._is_overtaken(item.message)]
        return self._still_waiting(self._not_parked(overtaken), now)

    def _missed(self, items: Sequence[DueItem], now: datetime, *, remember: bool = False) -> dict[DueItem, _Verdict]:
        """Those that are lost or suspected to be, by the lanes as they are; ``remember`` those that are neither."""
        depths: dict[Lane, Depth] = {}
        missed: dict[DueItem, _Verdict] = {}
        for item in items:
            lane = item.message.lane
            if lane not in depths:
                depths[lane] = self._depth(lane)
            verdict = self._judge(item, depths[lane], now)
            if verdict is not _Verdict.EXPLAINED:
                missed[item] = verdict
            elif remember and depths[lane].oldest_at is None and len(self.explained) < _MOST_REMEMBERED:
                self.explained.append(item)
        return missed

    def _within_bounds(self, missed: Mapping[DueItem, _Verdict]) -> list[DueItem]:
        """All that is lost, and of what is suspected as much as a run may send."""
        chosen = []
        for item, verdict in missed.items():
            lane = item.message.lane
            if verdict is _Verdict.SUSPECT:
                if self.suspected[lane] >= ON_SUSPICION:
                    continue
                self.suspected[lane] += 1
            chosen.append(item)
        return chosen

    def _not_parked(self, items: Collection[DueItem]) -> list[DueItem]:
        """Those that stand on no waiting list: also where no limit is any more, or a worker parked them just now."""
        parked = self.queues.parked([item.message for item in items]) if items else ()
        return [item for item in items if item.message not in parked]

    def _still_waiting(self, items: Sequence[DueItem], now: datetime) -> list[DueItem]:
        """Those that have not been begun since their jobs were read: a lane moved on before it was looked at."""
        jobs = self.jobs.get_many([item.message.key for item in items]) if items else {}
        found = [(item, jobs.get(item.message.key)) for item in items]
        return [item for item, job in found if job is not None and standing(item.message, job, now) in _NOT_BEGUN]

    def _depth(self, lane: Lane) -> Depth:
        """How full the lane is without what this run has sent to it: whether anything waits is all that matters."""
        depth = self.lanes[lane].depth(most=self.sent[lane] + 1)
        return replace(depth, waiting=max(depth.waiting - self.sent[lane], 0))

    def _judge(self, item: DueItem, depth: Depth, now: datetime) -> _Verdict:
        if depth.waiting == depth.in_flight == 0:
            return _Verdict.LOST
        if depth.oldest_at is None and self._is_overtaken(item.message):
            return _Verdict.LOST
        if depth.waiting == 0 or (depth.oldest_at is not None and depth.oldest_at > item.message.run_at):
            # What a worker holds comes back, at the latest when it has been invisible for long enough. What left a
            # waiting list, or was sent again, is younger in its lane than its job.
            return _Verdict.SUSPECT if item.checks < BELIEVED_CHECKS else _Verdict.LOST
        is_believed = depth.oldest_at is not None or item.checks < BELIEVED_CHECKS
        return _Verdict.EXPLAINED if is_believed and item.backlog_may_explain(now) else _Verdict.SUSPECT

    def _is_overtaken(self, message: JobMessage) -> bool:
        served = self.served.get((message.tenant_id, message.lane))
        return served is not None and served > message.run_at + OVERTAKEN_BY

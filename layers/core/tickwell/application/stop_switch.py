"""The stop switch: what the operator does with it, and what workers go by (X26).

A stop is a pause of all queues. Messages are parked on their waiting lists as they arrive, each once, and the safety
sync lets them go after the end: nothing is received again and again meanwhile, and nothing is lost (rule 10). What
runs goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tickwell.application.ports import Clock, QueueKey, StopSwitch
from tickwell.application.queue_directory import QueueDirectory
from tickwell.application.remembered import Remembered
from tickwell.domain.errors import NotFoundError
from tickwell.domain.instant import instant
from tickwell.domain.queue import Queue
from tickwell.domain.stop import Stop, require_reason

_MOST_SHOWN = 1000


class QueuesInForce:
    """The queues as workers must take them: paused while their tenant, or everybody, is stopped.

    Two small reads for each tenant and process every five seconds at most, one of which is shared by all tenants.
    """

    def __init__(self, directory: QueueDirectory, switch: StopSwitch, clock: Clock) -> None:
        self._directory = directory
        self._stops: Remembered[str | None, Stop | None] = Remembered(switch.find, clock)

    def find(self, key: QueueKey, *, fresh: bool = False) -> Queue | None:
        """As ``QueueDirectory.find``; a deleted queue is one that is paused and limits nothing."""
        queue = self._directory.find(key, fresh=fresh)
        stop = self._stops.get(None, fresh=fresh) or self._stops.get(key.tenant_id, fresh=fresh)
        if stop is None:
            return queue
        if queue is None:
            queue = Queue(tenant_id=key.tenant_id, name=key.name, created_at=stop.since, updated_at=stop.since)
        return replace(queue, paused_at=queue.paused_at or stop.since)


@dataclass(frozen=True, kw_only=True, slots=True)
class OperateStopSwitch:
    """What the operator may do; None as the tenant means everybody."""

    switch: StopSwitch
    clock: Clock

    def stop(self, tenant_id: str | None, *, reason: str) -> Stop:
        """Stop; who is stopped already stays so, for the first reason.

        Raises NotFoundError for an unknown tenant, InvalidInputError("reason").
        """
        wanted = Stop(tenant_id=tenant_id, since=instant(self.clock.now()), reason=require_reason(reason))
        if tenant_id is not None and not self.switch.tenant_exists(tenant_id):
            raise NotFoundError("tenant", tenant_id)
        standing = self.switch.find(tenant_id)
        if standing is not None:
            return standing
        self.switch.put(wanted)
        return wanted

    def resume(self, tenant_id: str | None) -> Stop | None:
        """Let go on; the stop that was in force. A tenant's own stop outlives the end of a stop of everybody."""
        standing = self.switch.find(tenant_id)
        self.switch.lift(tenant_id)
        return standing

    def stops(self) -> Sequence[Stop]:
        """Who is stopped."""
        return self.switch.stops(limit=_MOST_SHOWN)

"""Where a job goes: its queue, and the lane that it travels in."""

from dataclasses import dataclass
from typing import Any

from tickwell.application.ports import QueueKey
from tickwell.application.queue_directory import QueueDirectory
from tickwell.application.task import Task
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.lane import Lane, lane_for_priority
from tickwell.domain.queue import DEFAULT_QUEUE, Queue, default_queues, effective_queue


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A queue with its settings, and a lane."""

    queue: Queue
    lane: Lane

    @property
    def name(self) -> str | None:
        """The queue as a job names it: None for a default one, which follows from the lane."""
        return None if self.queue.is_default else self.queue.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Placing:
    """The use case; see ``__call__``."""

    directory: QueueDirectory

    def __call__(self, tenant_id: str, task: Task[Any], *, queue: str | None, priority: str | int | None) -> Place:
        """A named queue, else the task's own one, or a default one by priority; ``DEFAULT_QUEUE`` asks for the last.

        Heavy tasks have a lane of their own, whatever the priority.

        Raises InvalidInputError for a queue or priority that is not known, and where the two contradict each other.
        """
        if queue is None and task.queue is not None:
            self._require_own_queue(tenant_id, task, task.queue)
            queue = task.queue
        found = self._queue(tenant_id, queue, priority, is_heavy=task.heavy)
        chosen = found.lane if priority is None else lane_for_priority(priority)
        return Place(queue=found, lane=Lane.HEAVY if task.heavy else chosen)

    def _require_own_queue(self, tenant_id: str, task: Task[Any], name: str) -> None:
        """The caller did not name it, and is told where it comes from."""
        if self.directory.find(QueueKey(tenant_id=tenant_id, name=name)) is None:
            reason = (
                f"is required: the task {task.name} runs in the queue {name}, which is not known; "
                "POST /api/v1/queues creates it"
            )
            raise InvalidInputError("queue", reason)

    def _queue(self, tenant_id: str, given: str | None, priority: str | int | None, *, is_heavy: bool) -> Queue:
        if given in (None, DEFAULT_QUEUE):
            lane = Lane.MEDIUM if priority is None else lane_for_priority(priority)
            name = effective_queue(None, lane)
        else:
            name = str(given)
        queue = self.directory.find(QueueKey(tenant_id=tenant_id, name=name))
        if queue is None:
            raise InvalidInputError("queue", "is not known; POST /api/v1/queues creates one")
        if queue.is_default and priority is not None and lane_for_priority(priority) is not queue.lane:
            raise InvalidInputError("priority", f"does not go with the queue {queue.name}")
        return self._heavy_queue(tenant_id) if is_heavy and queue.is_default else queue

    def _heavy_queue(self, tenant_id: str) -> Queue:
        name = effective_queue(None, Lane.HEAVY)
        queue = self.directory.find(QueueKey(tenant_id=tenant_id, name=name))
        return queue or default_queues(tenant_id)[name]

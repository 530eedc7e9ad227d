"""Create, read, change, pause, resume and delete named queues (S6, S9, B2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tickwell.application.admission import AdmitAttempts
from tickwell.application.health import HealthLevel, backlog_level
from tickwell.application.ports import Clock, JobStore, Lanes, QueueKey, QueueStore
from tickwell.application.queue_directory import QueueDirectory
from tickwell.domain.account import Principal
from tickwell.domain.admission import Gate
from tickwell.domain.errors import ConflictError, NotFoundError, QueueInUseError
from tickwell.domain.job import JobStatus
from tickwell.domain.queue import MOST_QUEUES, Queue, default_queues

_TRIES = 5
_MOST_COUNTED = 10_000
_FIRST_LET_GO = 200
_UNFINISHED = (JobStatus.ACTIVE, JobStatus.PAUSED)


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueState:
    """A queue as it is now.

    ``waiting`` is its own waiting list, counted up to 10,000, or for a default queue without limits the depth of its
    lane, which other tenants share. ``running`` counts permits; None where none are needed. ``jobs`` counts the queue's
    jobs by status; None where nobody asked.
    """

    queue: Queue
    waiting: int
    running: int | None
    next_start_at: datetime | None
    jobs: Mapping[JobStatus, int] | None = None

    @property
    def health(self) -> HealthLevel:
        """The level by what waits."""
        return backlog_level(self.waiting)


@dataclass(frozen=True, kw_only=True, slots=True)
class ManageQueues:
    """The use cases, one method each. What is not this tenant's does not exist."""

    queues: QueueStore
    directory: QueueDirectory
    admit_attempts: AdmitAttempts
    jobs: JobStore
    lanes: Lanes
    clock: Clock

    def create(self, queue: Queue) -> Queue:
        """Raises ConflictError for a name that is taken, and when the tenant has ``MOST_QUEUES``."""
        if queue.is_default:
            raise ConflictError(f"the queue {queue.name} exists from the start")
        if len(self.queues.list_queues(queue.tenant_id)) >= MOST_QUEUES:
            raise ConflictError(f"a tenant has at most {MOST_QUEUES} queues")
        if self.queues.find(_key(queue)) is not None:
            raise ConflictError(f"a queue {queue.name} exists")
        self.admit_attempts.adapt(_key(queue), None, queue)
        if not self.queues.put(queue, read=None):
            raise ConflictError(f"a queue {queue.name} exists")
        return queue

    def list_queues(self, principal: Principal) -> Sequence[QueueState]:
        """The default queues and all others, by name, without counting jobs."""
        found = {queue.name: queue for queue in self.queues.list_queues(principal.tenant_id)}
        known = {**default_queues(principal.tenant_id), **found}
        return self._states([known[name] for name in sorted(known)])

    def get(self, principal: Principal, name: str) -> QueueState:
        """With its jobs counted, which on AWS reads all jobs of the tenant. Raises NotFoundError."""
        queue = self._read(principal, name)
        (state,) = self._states([queue])
        jobs = self.jobs.count_by_status(principal.tenant_id, queue.name)
        return QueueState(
            queue=queue,
            waiting=state.waiting,
            running=state.running,
            next_start_at=state.next_start_at,
            jobs=jobs,
        )

    def change(self, principal: Principal, name: str, edit: Callable[[Queue, datetime], Queue]) -> Queue:
        """Write what ``edit`` makes of the queue, and let go whom the change allows to start.

        ``edit`` may be called more than once. Raises NotFoundError, ConflictError and whatever ``edit`` raises.
        """
        for _ in range(_TRIES):
            read = self._read(principal, name)
            changed = edit(read, self.clock.now())
            self.admit_attempts.adapt(_key(changed), read, changed)
            if self.queues.put(changed, read=None if read.version == 0 else read):
                self.admit_attempts.let_go(_key(changed), most=_FIRST_LET_GO)
                return changed
        raise ConflictError("the queue is being changed by somebody else; please try again")

    def delete(self, principal: Principal, name: str) -> None:
        """Raises NotFoundError, ConflictError for a default queue, QueueInUseError while jobs are unfinished in it."""
        queue = self._read(principal, name)
        if queue.is_default:
            raise ConflictError(f"the queue {name} exists from the start and cannot be deleted")
        counts = self.jobs.count_by_status(principal.tenant_id, name)
        unfinished = sum(counts.get(status, 0) for status in _UNFINISHED)
        if unfinished:
            raise QueueInUseError(name, unfinished)
        if not self.queues.delete(queue):
            raise ConflictError("the queue is being changed by somebody else; please try again")
        self.directory.find(_key(queue), fresh=True)

    def _read(self, principal: Principal, name: str) -> Queue:
        queue = self.directory.find(QueueKey(tenant_id=principal.tenant_id, name=name), fresh=True)
        if queue is None:
            raise NotFoundError("queue", name)
        return queue

    def _states(self, queues: Sequence[Queue]) -> Sequence[QueueState]:
        """Read together: a tenant may have a hundred."""
        now = self.clock.now()
        waiting = self.queues.count_waiting([_key(queue) for queue in queues], most=_MOST_COUNTED)
        gates = self.queues.gates([_key(queue) for queue in queues if queue.is_limited])
        return [self._state(queue, waiting[_key(queue)], gates.get(_key(queue)), now) for queue in queues]

    def _state(self, queue: Queue, waiting: int, gate: Gate | None, now: datetime) -> QueueState:
        """``gate``: of a queue that is limited, None for all others."""
        if gate is None:
            shared = self.lanes[queue.lane].depth().waiting if queue.is_default and queue.paused_at is None else 0
            return QueueState(queue=queue, waiting=waiting + shared, running=None, next_start_at=None)
        current = gate.at(now)
        return QueueState(
            queue=queue,
            waiting=waiting,
            running=None if queue.concurrency is None else len(current.permits),
            next_start_at=current.free_at if current.free_at > now else None,
        )


def _key(queue: Queue) -> QueueKey:
    return QueueKey(tenant_id=queue.tenant_id, name=queue.name)

"""One life: a system whose ports may break at any call, and what can happen to it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.crash.wire import Crash, Kind
from tests.chaos.lives.chance import new_job
from tests.chaos.lives.engines import Engine
from tests.chaos.lives.fate import NARROW, Break, Fate
from tests.chaos.lives.ledger import Ledger
from tests.world import ADA, World
from tickwell.application.create_job import Immediately, ScheduleRequest
from tickwell.application.define_job import KeyedJob
from tickwell.application.execute_batch import JobDelivery, JobQueue
from tickwell.application.handed_on import HandedOn
from tickwell.application.ports import Outgoing
from tickwell.application.settle import Attempt
from tickwell.bootstrap.core import LONGEST_ON_LAMBDA
from tickwell.domain.errors import TickwellError
from tickwell.domain.execution import Execution, Failure
from tickwell.domain.job import KEEPS_RETRY, Job, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.progress import progress
from tickwell.domain.queue import Queue


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """An attempt whose task has ended in the hands of a worker that has not said so yet."""

    attempt: Attempt | HandedOn
    queue: JobQueue
    delivery: JobDelivery


@dataclass
class Life:
    """See the module. ``sent`` are all messages that were ever sent, ``broken`` the steps in which something broke."""

    engine: Engine
    ledger: Ledger
    world: World
    wire: Fate
    sent: list[Outgoing[JobMessage]]
    held: list[Held] = field(default_factory=list)
    steps: int = 0
    broken: int = 0

    @property
    def now(self) -> datetime:
        """By the one clock."""
        return self.world.clock.now()

    def jobs(self) -> list[Job]:
        """All that can still be read, oldest first."""
        return self.ledger.kept_jobs()

    def keyed(self) -> list[Job]:
        """Those that have a key of their caller's."""
        return [job for job in self.jobs() if job.caller_key is not None and job.status is not JobStatus.DELETED]

    def do(self, deed: Callable[[], Any], breaks: Break | None = None) -> TickwellError | None:
        """Do something, during which something may break; what it was refused with, if it was and nothing broke."""
        self.steps += 1
        wire = self.wire
        wire.made.clear()
        wire.kind, wire.at = Kind.CRASH, None if breaks is None else breaks.at
        wire.meanwhile = None
        if breaks is not None and breaks.kind is not None:
            wire.kind = breaks.kind
        elif breaks is not None:
            wire.meanwhile = lambda: self._meet(breaks)
        wire.armed = True
        refused: TickwellError | None = None
        try:
            deed()
        except Crash:
            """The process is gone; the next one knows what the store knows."""
        except TickwellError as error:
            refused = error
        finally:
            wire.revive()
        if breaks is not None and breaks.at < len(wire.made):
            self.broken += 1
            return None
        return refused

    def _meet(self, breaks: Break) -> None:
        """What somebody else does in the middle of a step; what it is refused is its own affair."""
        jobs = self.jobs()
        with suppress(TickwellError):
            match breaks.deed:
                case "work":
                    self.work((), 10)
                case "twin":
                    for newest in (0, 2, 4, 6):
                        self.repeat(newest)
                    self.work((), 10)
                case "begin":
                    self.begin()
                case "put":
                    self.put("k", Immediately(), queue=NARROW)
                case "sync":
                    self.world.sync()
                case "complete":
                    for identity in sorted(self.ledger.tokens)[-2:]:
                        with suppress(TickwellError):
                            self.tell(identity, "complete")
                case action if jobs:
                    getattr(self.world.change, action)(ADA, jobs[breaks.number % len(jobs)].job_id)

    def put(self, key: str, schedule: ScheduleRequest, **fields: Any) -> None:
        """The job that has ``key`` is to be such a one."""
        self.world.define_job(ADA, KeyedJob(key=key, job=new_job(f"under {key}", schedule=schedule, **fields)))

    # Workers

    def work(self, order: Sequence[int], most: int) -> None:
        """Each lane gives up to ``most`` messages, in an order of its own, and a worker deals with them."""
        for queue in self.world.lanes.values():
            deliveries = _shuffled(queue.receive(most, wait_seconds=0), order)
            if deliveries:
                report = asyncio.run(self.world.execute(queue, deliveries))
                queue.delete([d for d in deliveries if d.message_id not in report.again])

    def go_on(self, times: int, seconds: float) -> None:
        """Time passes in so many steps, with workers at each and one run of the safety sync."""
        for number in range(times):
            self.world.clock.advance(seconds)
            self.work((), 10)
            if number == 1:
                self.world.sync()

    def begin(self) -> None:
        """A worker begins what it gets, its tasks end, and it says nothing of it for a while."""
        for queue in self.world.lanes.values():
            for delivery in queue.receive(4, wait_seconds=0):
                if not isinstance(delivery.message, JobMessage) or delivery.message.run_at > self.now:
                    continue
                admitted = self.world.core.admit_attempts()([delivery.message], now=self.now)
                claimed = self.world.core.claim_attempts()(admitted.ready, now=self.now).claimed
                for job in claimed:
                    ended = asyncio.run(self.world.execute.run_attempt(job))
                    attempt = Attempt(job=job, execution=ended) if isinstance(ended, Execution) else ended
                    self.held.append(Held(attempt=attempt, queue=queue, delivery=delivery))

    def end(self, number: int) -> None:
        """The slow worker says at last how its attempt ended."""
        held = self.held.pop(number)
        claimed_at = held.attempt.job.last_executed_at
        if claimed_at is None or self.now - claimed_at > LONGEST_ON_LAMBDA:
            return  # no worker lives so long
        if isinstance(held.attempt, HandedOn):
            self.world.core.let_go()([held.attempt])
        else:
            self.world.core.settle()([held.attempt])
        held.queue.delete([held.delivery])

    def tell(self, identity: str, what: str) -> None:
        """Whoever got the token of an attempt says how it goes on outside."""
        token, outside = self.ledger.tokens[identity], self.world.core.end_outside()
        match what:
            case "live":
                outside.heartbeat(identity, token, progress(50, "so far", at=self.now))
            case "complete":
                if self.ledger.ends[identity] == "pending":
                    self.ledger.ends[identity] = "returned"
                outside.complete(identity, token, "done")
            case _:
                failure = Failure(code="FAILED", message="outside")
                outside.fail(identity, token, failure, retryable=what != "fail for good")

    def drop(self) -> None:
        """The lanes lose what is deliverable."""
        self.world.lose_messages()

    def put_off(self, seconds: int) -> None:
        """What is deliverable comes later than it should."""
        for queue in self.world.lanes.values():
            for delivery in queue.receive(10, wait_seconds=0):
                queue.release(delivery, delay_seconds=seconds)

    def repeat(self, number: int) -> None:
        """A message that was sent at some time comes once more: one of an attempt that runs, if there is any."""
        running = {job.key for job in self.jobs() if job.slot is not None and job.slot.is_running()}
        choice = [each for each in self.sent if each.message.key in running and number % 2] or self.sent
        if choice:
            again = choice[-1 - number % len(choice)]
            self.world.lanes[again.message.lane].send([replace(again, delay_seconds=0)])

    def sleep_over(self) -> None:
        """Workers sleep beyond their leases, and others take over what they had."""
        self.world.clock.advance(100)
        self.world.sync()
        self.begin()

    def consume(self) -> None:
        """What the lanes gave up."""
        while deliveries := self.world.lane_dead_letters.receive(10, wait_seconds=0):
            self.world.core.consume_dead_letters()(deliveries)
            self.world.lane_dead_letters.delete(deliveries)

    def expire(self) -> None:
        """What is over goes."""
        self.engine.expire()
        ledger = self.ledger
        ledger.jobs = {job.key: job for job in ledger.kept_jobs()}
        ledger.letters = {i: letter for i, letter in ledger.letters.items() if ledger.is_kept(letter.expires_at)}

    # Time

    def settle_down(self, most: timedelta) -> None:
        """Nothing breaks any more: time passes until every job goes on, and then until all have come to their end."""
        self.held.clear()
        self._pass_time(self.now + most, lambda: all(self._goes_on(job) for job in self.jobs()))
        for job in self.jobs():
            if job.is_recurring and job.status in KEEPS_RETRY:
                self.world.change.cancel(ADA, job.job_id)
        self._pass_time(self.now + most, lambda: all(self._is_over(job) for job in self.jobs()))

    def _pass_time(self, end: datetime, is_reached: Callable[[], bool]) -> None:
        number = 0
        while self.now < end:
            self.consume()
            self.world.sync()
            self.world.work()
            if is_reached():
                return
            self.world.clock.advance(60 if number < 30 else 600)
            number += 1

    def _goes_on(self, job: Job) -> bool:
        """Whether a recurring job that is active is not late."""
        late = job.next_run_at is not None and job.next_run_at < self.now - timedelta(seconds=60)
        return not (late and job.is_recurring and job.status is JobStatus.ACTIVE)

    def _is_over(self, job: Job) -> bool:
        return job.slot is None and not job.pending and job.status is not JobStatus.ACTIVE


def _shuffled(deliveries: Sequence[JobDelivery], order: Sequence[int]) -> list[JobDelivery]:
    """``deliveries``, each time the one taken out that the next number of ``order`` says."""
    left = list(deliveries)
    chosen = [left.pop(number % len(left)) for number in order[: len(left)]]
    return [*chosen, *left]


def resume_everything(life: Life) -> None:
    """Queues and jobs that people have paused go on."""
    for state in life.world.queues.list_queues(ADA):
        if state.queue.paused_at is not None:
            life.world.queues.change(ADA, state.queue.name, Queue.resumed)
    for job in life.jobs():
        if job.status is JobStatus.PAUSED:
            with suppress(TickwellError):
                life.world.change.resume(ADA, job.job_id)

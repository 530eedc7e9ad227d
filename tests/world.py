"""The whole system in one process, on the stores of any engine and on a clock that is moved by hand."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.contract.store_engines import Stores
from tests.doubles import FakeClock
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.embedded.outbox import OutboxMailer
from tickwell.adapters.embedded.queues import EmbeddedQueue
from tickwell.adapters.sweep_timer import SweepFarTimer
from tickwell.application.arming import Arming
from tickwell.application.create_job import CreateJob, NewJob
from tickwell.application.execute_batch import BatchReport, ExecuteBatch, JobQueue
from tickwell.application.manage_job import ChangeJob
from tickwell.application.ports import AccountStore
from tickwell.application.read_history import ReadHistory
from tickwell.application.safety_sync import SyncReport
from tickwell.application.task import Task, TaskContext, TaskRegistry
from tickwell.bootstrap.core import Core, Notifying, Outbound
from tickwell.domain.account import Principal, Role
from tickwell.domain.due import DUE_SHARDS, DuePosition, Watermark
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job
from tickwell.domain.lane import Lane
from tickwell.messages import decode_job_message, encode_job_message
from tickwell.tasks.echo import ECHO
from tickwell.tasks.send_email import SEND_EMAIL

ADA = Principal(tenant_id="tenant-ada", user_id="user-ada", role=Role.OWNER)
RETENTION = timedelta(days=30)
SYNC_INTERVAL = timedelta(minutes=5)
SENDER = "jobs@tickwell.example"

Body = Callable[[Any, TaskContext], Any]


def task(name: str, body: Body) -> Task[Any]:
    """A task whose work is ``body``; it takes any payload."""

    async def run(payload: Any, context: TaskContext) -> Any:
        answer = body(payload, context)
        return await answer if asyncio.iscoroutine(answer) else answer

    return Task(name=name, summary="of a test", parse=lambda payload: payload, payload_schema=dict, run=run)


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Use cases on real adapters; the clock only moves when a test says so."""

    clock: FakeClock
    core: Core
    lanes: dict[Lane, JobQueue]
    lane_dead_letters: JobQueue
    registry: TaskRegistry
    blobs: FileBlobs
    outbox: OutboxMailer
    accounts: AccountStore
    notifying: Notifying
    execute: ExecuteBatch
    close: Callable[[], None]

    def create(self, principal: Principal = ADA, **fields: Any) -> Job:
        """Accept a job as the API does."""
        use_case = CreateJob(
            jobs=self.core.jobs,
            arming=self.core.arming,
            registry=self.registry,
            blobs=self.blobs,
            clock=self.clock,
            ids=self.core.ids,
        )
        return use_case(principal, NewJob(**{"name": "a job", **fields})).job

    @property
    def change(self) -> ChangeJob:
        """Pause, resume, delete."""
        return ChangeJob(jobs=self.core.jobs, arming=self.core.arming, clock=self.clock, retention=RETENTION)

    @property
    def read(self) -> ReadHistory:
        """Executions, logs, dead letters."""
        return ReadHistory(
            jobs=self.core.jobs, history=self.core.history, blobs=self.blobs, notifications=self.notifying.records
        )

    def job(self, job: Job) -> Job:
        """The job as it stands."""
        return self.core.jobs.get(job.tenant_id, job.job_id)

    def executions(self, job: Job) -> list[Execution]:
        """All executions of ``job``, oldest first."""
        page = self.core.history.list_executions(job.tenant_id, job.job_id, limit=100, cursor=None)
        return list(reversed(page.items))

    def work(self) -> list[BatchReport]:
        """Let the workers deal with everything that is deliverable now."""
        reports = []
        for queue in self.lanes.values():
            while deliveries := queue.receive(10, wait_seconds=0):
                report = asyncio.run(self.execute(queue, deliveries))
                queue.delete([d for d in deliveries if d.message_id not in report.again])
                reports.append(report)
        return reports

    def lose_messages(self) -> int:
        """Throw away everything that is deliverable now, as a lane that loses messages would."""
        lost = 0
        for queue in self.lanes.values():
            while deliveries := queue.receive(10, wait_seconds=0):
                queue.delete(deliveries)
                lost += len(deliveries)
        return lost

    def sync(self) -> SyncReport:
        """One run of the safety sync."""
        return self.core.safety_sync(sweeps=True)(deadline=self.clock.now() + timedelta(minutes=4))

    def live(self, span: timedelta, *, step: timedelta = timedelta(seconds=15)) -> SyncReport:
        """Let ``span`` pass in steps, with workers at every step; the safety sync's reports, added up.

        It runs every five minutes, as seldom as in any deployment, because every call costs an emulator dearly.
        """
        total = SyncReport()
        end, next_sync = self.clock.now() + span, self.clock.now()
        while self.clock.now() < end:
            if self.clock.now() >= next_sync:
                _add(total, self.sync())
                next_sync += SYNC_INTERVAL
            self.work()
            self.clock.advance(min(step, end - self.clock.now()))
        _add(total, self.sync())
        self.work()
        return total


def _let_sync_have_run(stores: Stores) -> None:
    """The safety sync has come as far as now, as in a system that has been up for a while."""
    now = stores.clock.now()
    here = Watermark(swept_to=DuePosition(look_at=now), checked_to=DuePosition(look_at=now))
    for shard in range(DUE_SHARDS):
        stores.due_items.acquire(shard, token="earlier", now=now, lease_until=now, first=here)
        stores.due_items.save(shard, token="earlier", watermark=here)


def _add(total: SyncReport, report: SyncReport) -> None:
    for name in ("swept", "checked", "resent", "recovered", "carried", "behind", "unavailable"):
        setattr(total, name, getattr(total, name) + getattr(report, name))


def new_world(folder: Path, stores: Stores, *, tasks: Sequence[Task[Any]] = ()) -> World:
    """An empty system on ``stores``, with the built-in tasks that need no network, and ``tasks``.

    The lanes are the embedded engine's whatever the stores are, because no emulator of SQS lets its time be moved.
    """
    clock = stores.clock
    database = Database(":memory:")

    def queue(name: str, dead_letter: str | None) -> JobQueue:
        return EmbeddedQueue(
            database, name, dead_letter, encode_job_message, decode_job_message, clock, visibility_seconds=930
        )

    lanes = {lane: queue(f"lane-{lane.value}", "lane-dlq") for lane in Lane}
    core = Core(
        jobs=stores.jobs,
        history=stores.history,
        arming=Arming(due_items=stores.due_items, lanes=lanes, far_timer=SweepFarTimer(), clock=clock),
        clock=clock,
        ids=stores.ids,
        retention=RETENTION,
    )
    _let_sync_have_run(stores)
    registry = TaskRegistry([ECHO, SEND_EMAIL, *tasks])
    blobs = FileBlobs(folder / "blobs")
    outbox = OutboxMailer(folder / "outbox", clock)
    outbound = Outbound(mailer=outbox, sender_address=SENDER, allow_private_hosts=())
    return World(
        clock=clock,
        core=core,
        lanes=lanes,
        lane_dead_letters=queue("lane-dlq", None),
        registry=registry,
        blobs=blobs,
        outbox=outbox,
        accounts=stores.accounts,
        notifying=stores.notifying,
        execute=core.execute(registry=registry, blobs=blobs, outbound=outbound, longest_attempt=timedelta(seconds=870)),
        close=database.close,
    )

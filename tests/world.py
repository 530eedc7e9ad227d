"""The whole system in one process, on the stores of any engine and on a clock that is moved by hand."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tests.doubles import FakeClock
from tests.far_timers import SchedulerService
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.embedded.outbox import OutboxMailer
from tickwell.adapters.sweep_timer import SweepFarTimer
from tickwell.application.bulk import BulkDeadLetters, BulkJobs
from tickwell.application.create_job import CreateJob, NewJob
from tickwell.application.create_jobs import CreateJobs
from tickwell.application.dead_letters import DeleteDeadLetter, RetryDeadLetter
from tickwell.application.define_job import DefineJob
from tickwell.application.dispatch import Dispatch
from tickwell.application.end_outside import EndOutside
from tickwell.application.execute_batch import BatchReport, ExecuteBatch, JobQueue
from tickwell.application.export_tenant import ExportTenant
from tickwell.application.list_jobs import ListJobs
from tickwell.application.manage_job import ChangeJob
from tickwell.application.manage_queues import ManageQueues
from tickwell.application.notify import Notified, Notify
from tickwell.application.ports import (
    AccountStore,
    ApiKeyStore,
    HookStore,
    MemberStore,
    Notifications,
    RateLimiter,
    Submissions,
)
from tickwell.application.quotas import Quotas
from tickwell.application.read_history import ReadHistory
from tickwell.application.safety_sync import SyncReport
from tickwell.application.task import Task, TaskContext, TaskRegistry
from tickwell.application.worker_stop import WorkerStop
from tickwell.bootstrap.core import Core
from tickwell.bootstrap.measuring import Measuring
from tickwell.bootstrap.outbound import Notifying
from tickwell.domain.account import Principal, Role
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.queue import Queue

ADA = Principal(tenant_id="tenant-ada", user_id="user-ada", role=Role.OWNER)
RETENTION = timedelta(days=30)
SYNC_INTERVAL = timedelta(minutes=5)
SENDER = "jobs@tickwell.example"
WATCH_SELDOM = 3600.0

Body = Callable[[Any, TaskContext], Any]
Watch = Callable[[str, Any], Any]
"""May put something around a port, whose name it is given."""


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
    api_keys: ApiKeyStore
    hooks: HookStore
    notifying: Notifying
    measuring: Measuring
    export_tenant: ExportTenant
    members: MemberStore
    mails: Notifications
    notify: Notify
    rates: RateLimiter
    submissions: Submissions
    quotas: Quotas
    execute: ExecuteBatch
    scheduler: SchedulerService
    watch: Watch
    close: Callable[[], None]

    @property
    def create_job(self) -> CreateJob:
        """Accept a job as the API does."""
        return CreateJob(
            jobs=self.core.jobs,
            directory=self.core.directory,
            arming=self.core.arming,
            registry=self.registry,
            blobs=self.blobs,
            clock=self.clock,
            ids=self.core.ids,
            quotas=self.quotas,
        )

    def create(self, principal: Principal = ADA, **fields: Any) -> Job:
        """Accept a job as the API does."""
        return self.create_job(principal, NewJob(**{"name": "a job", **fields})).job

    @property
    def define_job(self) -> DefineJob:
        """Make jobs under keys what they are to be."""
        return DefineJob(create_job=self.create_job, change_job=self.change, caller_keys=self.core.caller_keys)

    def deliver_mails(self) -> Notified:
        """Write and send what waits, as the notifier does."""
        deliveries = self.mails.receive(10, wait_seconds=0)
        report = self.notify(self.mails, deliveries)
        self.mails.delete([delivery for delivery in deliveries if delivery.message_id not in report.again])
        return report

    @property
    def change(self) -> ChangeJob:
        """Pause, resume, cancel, retry, delete."""
        return self.core.change_job()

    @property
    def outside(self) -> EndOutside:
        """Say how attempts end that go on elsewhere."""
        return self.core.end_outside()

    @property
    def queues(self) -> ManageQueues:
        """Create, change, pause and delete named queues."""
        return self.core.manage_queues()

    def queue(self, name: str = "images", **fields: Any) -> Queue:
        """A new queue."""
        now = self.clock.now()
        return self.queues.create(Queue(tenant_id=ADA.tenant_id, name=name, created_at=now, updated_at=now, **fields))

    @property
    def create_many(self) -> CreateJobs:
        """Accept many jobs as the API does."""
        return CreateJobs(create_job=self.create_job)

    @property
    def bulk_jobs(self) -> BulkJobs:
        """Change jobs by filter, one by one."""
        return BulkJobs(jobs=self.core.jobs, change_job=self.change, clock=self.clock, side_by_side=1)

    @property
    def retry_letter(self) -> RetryDeadLetter:
        """Make a new job of a dead letter."""
        return self.core.retry_dead_letter(self.registry, self.quotas)

    @property
    def bulk_letters(self) -> BulkDeadLetters:
        """Retry or delete dead letters by filter, one by one."""
        return BulkDeadLetters(
            history=self.core.history,
            retry_dead_letter=self.retry_letter,
            delete_dead_letter=DeleteDeadLetter(history=self.core.history, blobs=self.blobs),
            clock=self.clock,
            side_by_side=1,
        )

    @property
    def read(self) -> ReadHistory:
        """Executions, logs, dead letters."""
        return ReadHistory(
            jobs=self.core.jobs, history=self.core.history, blobs=self.blobs, notifications=self.notifying.records
        )

    def listed(self) -> list[Job]:
        """The tenant's jobs as its users see them, newest first."""
        use_case = ListJobs(listing=self.core.listing, directory=self.core.directory, clock=self.clock)
        return list(use_case(ADA, limit=100).items)

    def job(self, job: Job) -> Job:
        """The job as it stands."""
        return self.core.jobs.get(job.tenant_id, job.job_id)

    def executions(self, job: Job) -> list[Execution]:
        """All executions of ``job``, oldest first."""
        page = self.core.history.list_executions(job.tenant_id, job.job_id, limit=100, cursor=None)
        return list(reversed(page.items))

    def work(self, stop: WorkerStop | None = None) -> list[BatchReport]:
        """Let the workers deal with everything that is deliverable now, or until they are told to ``stop``."""
        reports = []
        stop = stop or WorkerStop()
        self.dispatch()
        for queue in self.lanes.values():
            while not stop.is_requested() and (deliveries := queue.receive(10, wait_seconds=0)):
                report = asyncio.run(self.execute(queue, deliveries, stop=stop))
                queue.delete([d for d in deliveries if d.message_id not in report.again])
                reports.append(report)
        return reports

    def die(self) -> list[Job]:
        """Workers claim everything that is deliverable now and are never heard of again; their messages are lost."""
        claimed: list[Job] = []
        for queue in self.lanes.values():
            while deliveries := queue.receive(10, wait_seconds=0):
                messages = [d.message for d in deliveries if isinstance(d.message, JobMessage)]
                claimed += self.core.claim_attempts()(messages, now=self.clock.now()).claimed
                queue.delete(deliveries)
        return claimed

    def lose_messages(self) -> int:
        """Throw away everything that is deliverable now, as a lane that loses messages would."""
        lost = 0
        for queue in self.lanes.values():
            while deliveries := queue.receive(10, wait_seconds=0):
                queue.delete(deliveries)
                lost += len(deliveries)
        return lost

    def dispatch(self) -> None:
        """Let EventBridge Scheduler fire what is due there, and the dispatcher take it to the lanes."""
        self.scheduler.fire()
        queue = self.scheduler.dispatch_queue
        while deliveries := queue.receive(10, wait_seconds=0):
            Dispatch(lanes=self.lanes, clock=self.clock)(queue, deliveries)
            queue.delete(deliveries)

    def with_far_timer(self, kind: str) -> "World":
        """The same system, deployed anew with another far timer."""
        scheduler = kind == "scheduler"
        far_timer = self.watch("far timer", self.scheduler.far_timer()) if scheduler else SweepFarTimer()
        core = replace(self.core, arming=replace(self.core.arming, far_timer=far_timer))
        again = replace(
            self.execute,
            admit_attempts=core.admit_attempts(),
            claim_attempts=core.claim_attempts(),
            settle=core.settle(),
            let_go=core.let_go(),
            recover=core.recover(),
        )
        return replace(self, core=core, execute=again)

    def sync(self) -> SyncReport:
        """One run of the safety sync."""
        sweeps = isinstance(self.core.arming.far_timer, SweepFarTimer)
        return self.core.safety_sync(sweeps=sweeps)(deadline=self.clock.now() + timedelta(minutes=4))

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


def _add(total: SyncReport, report: SyncReport) -> None:
    for name in ("swept", "checked", "resent", "recovered", "carried", "let_go", "behind", "unavailable"):
        setattr(total, name, getattr(total, name) + getattr(report, name))

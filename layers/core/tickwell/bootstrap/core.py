"""The use cases, put on whatever adapters they are given."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tickwell.application.admission import AdmitAttempts
from tickwell.application.arming import Arming
from tickwell.application.attempt_record import RecordAttempt
from tickwell.application.claim_attempts import ClaimAttempts
from tickwell.application.ended_jobs import EndedJobs
from tickwell.application.give_up import WriteDeadLetters
from tickwell.application.leave_out import LeaveOut
from tickwell.application.outside_record import RecordOutside
from tickwell.application.pass_by import PassBy
from tickwell.application.ports import (
    AuditLog,
    BlobStore,
    CallerKeys,
    Clock,
    Erasure,
    History,
    Ids,
    JobListing,
    JobStore,
    QueueStore,
    StopSwitch,
    TenantSecrets,
)
from tickwell.application.queue_directory import QueueDirectory
from tickwell.application.recover import Recover
from tickwell.application.settle import Settle
from tickwell.application.stop_switch import QueuesInForce
from tickwell.domain.job import Job, JobStatus

if TYPE_CHECKING:
    from tickwell.application.consume_dead_letters import ConsumeDeadLetters
    from tickwell.application.dead_letters import RetryDeadLetter
    from tickwell.application.delete_tenant import EraseTenants
    from tickwell.application.end_outside import EndOutside
    from tickwell.application.execute_batch import ExecuteBatch
    from tickwell.application.let_go import LetGo
    from tickwell.application.manage_job import ChangeJob
    from tickwell.application.manage_queues import ManageQueues
    from tickwell.application.quotas import Quotas
    from tickwell.application.safety_sync import SafetySync
    from tickwell.application.task import TaskRegistry
    from tickwell.application.task_processes import TaskProcesses
    from tickwell.bootstrap.outbound import Outbound

AUDIT_RETENTION = timedelta(days=365)
LONGEST_ON_LAMBDA = timedelta(seconds=870)


@dataclass(frozen=True, kw_only=True, slots=True)
class Core:
    """What every use case that touches jobs stands on.

    ``jobs_at_once``: so many new ones are written together; None for the use case's own number.
    ``secrets_fresh_for``: how long a worker goes by what it has read of a tenant's secrets.
    """

    jobs: JobStore
    listing: JobListing
    caller_keys: CallerKeys
    history: History
    queues: QueueStore
    directory: QueueDirectory
    stop_switch: StopSwitch
    audit_log: AuditLog
    erasure: Erasure
    tenant_secrets: TenantSecrets
    arming: Arming
    blobs: BlobStore
    clock: Clock
    ids: Ids
    retention: timedelta
    longest_attempt: timedelta = LONGEST_ON_LAMBDA
    audit_retention: timedelta = AUDIT_RETENTION
    jobs_at_once: int | None = None
    secrets_fresh_for: timedelta = timedelta(seconds=60)

    def admit_attempts(self) -> AdmitAttempts:
        """Rule 10 in one place."""
        return AdmitAttempts(
            queues=self.queues,
            in_force=QueuesInForce(self.directory, self.stop_switch, self.clock),
            jobs=self.jobs,
            arming=self.arming,
            clock=self.clock,
            longest_attempt=self.longest_attempt,
        )

    def retention_of(self, job: Job, status: JobStatus) -> timedelta:
        """How long a job that ends as ``status`` is kept: as its queue says, or else as the deployment does."""
        seconds = self.directory.kept(job, status).seconds
        return self.retention if seconds is None else timedelta(seconds=seconds)

    def ended_jobs(self) -> EndedJobs:
        """What queues that keep a number of jobs go by."""
        return EndedJobs(history=self.history, queues=self.queues, directory=self.directory)

    def settle(self) -> Settle:
        """Rule 3 in one place."""
        return Settle(
            jobs=self.jobs,
            history=self.history,
            arming=self.arming,
            admit_attempts=self.admit_attempts(),
            ended_jobs=self.ended_jobs(),
            write_dead_letters=WriteDeadLetters(jobs=self.jobs, history=self.history, blobs=self.blobs),
            leave_out=self.leave_out(),
            clock=self.clock,
        )

    def recover(self) -> Recover:
        """Takes over from dead workers."""
        return Recover(
            settle=self.settle(),
            record_outside=self.record_outside(),
            clock=self.clock,
            retention=self.retention_of,
        )

    def record_attempt(self) -> RecordAttempt:
        """What follows from how an attempt ended."""
        return RecordAttempt(ids=self.ids, retention=self.retention_of)

    def record_outside(self) -> RecordOutside:
        """How attempts end that work outside holds."""
        return RecordOutside(record=self.record_attempt(), blobs=self.blobs)

    def let_go(self) -> "LetGo":
        """What a worker does whose task has handed its work on."""
        from tickwell.application.let_go import LetGo

        return LetGo(
            jobs=self.jobs,
            arming=self.arming,
            admit_attempts=self.admit_attempts(),
            record=self.record_outside(),
            settle=self.settle(),
            clock=self.clock,
        )

    def end_outside(self) -> "EndOutside":
        """What whoever has a completion token may do."""
        from tickwell.application.end_outside import EndOutside

        return EndOutside(
            jobs=self.jobs,
            history=self.history,
            admit_attempts=self.admit_attempts(),
            record=self.record_outside(),
            settle=self.settle(),
            recover=self.recover(),
            clock=self.clock,
        )

    def claim_attempts(self) -> ClaimAttempts:
        """Rules 2 and 5 in one place."""
        leave_out = self.leave_out()
        pass_by = PassBy(jobs=self.jobs, arming=self.arming, leave_out=leave_out, retention=self.retention)
        return ClaimAttempts(jobs=self.jobs, arming=self.arming, ids=self.ids, leave_out=leave_out, pass_by=pass_by)

    def leave_out(self) -> LeaveOut:
        """Records what will not run."""
        return LeaveOut(history=self.history, retention=self.retention)

    def change_job(self) -> "ChangeJob":
        """Changes of jobs that race with claims."""
        from tickwell.application.manage_job import ChangeJob

        return ChangeJob(
            jobs=self.jobs,
            arming=self.arming,
            ended_jobs=self.ended_jobs(),
            leave_out=self.leave_out(),
            caller_keys=self.caller_keys,
            recover=self.recover(),
            clock=self.clock,
            retention=self.retention,
        )

    def safety_sync(self, *, sweeps: bool) -> "SafetySync":
        """Rule 6."""
        from tickwell.application.safety_sync import SafetySync

        return SafetySync(
            jobs=self.jobs,
            due_items=self.arming.due_items,
            arming=self.arming,
            admit_attempts=self.admit_attempts(),
            recover=self.recover(),
            clock=self.clock,
            ids=self.ids,
            sweeps=sweeps,
        )

    def erase_tenants(self) -> "EraseTenants":
        """What is left of tenants that were deleted."""
        from tickwell.application.delete_tenant import EraseTenants

        return EraseTenants(
            erasure=self.erasure, blobs=self.blobs, tenant_secrets=self.tenant_secrets, clock=self.clock
        )

    def consume_dead_letters(self) -> "ConsumeDeadLetters":
        """What the lanes gave up."""
        from tickwell.application.consume_dead_letters import ConsumeDeadLetters

        return ConsumeDeadLetters(
            claim_attempts=self.claim_attempts(),
            recover=self.recover(),
            history=self.history,
            clock=self.clock,
            retention=self.retention,
        )

    def retry_dead_letter(self, registry: "TaskRegistry", quotas: "Quotas") -> "RetryDeadLetter":
        """From a dead letter to a new job."""
        from tickwell.application.dead_letters import RetryDeadLetter

        return RetryDeadLetter(
            jobs=self.jobs,
            history=self.history,
            arming=self.arming,
            registry=registry,
            blobs=self.blobs,
            clock=self.clock,
            ids=self.ids,
            quotas=quotas,
        )

    def execute(
        self,
        *,
        registry: "TaskRegistry",
        blobs: BlobStore,
        outbound: "Outbound",
        watch_seconds: float,
        processes: "TaskProcesses | None" = None,
        secrets: tuple[str, ...] = (),
    ) -> "ExecuteBatch":
        """The worker's use case. ``secrets`` are masked in what is recorded of attempts."""
        from tickwell.application.execute_batch import ExecuteBatch
        from tickwell.application.masking import Masker
        from tickwell.application.remembered_secrets import RememberedSecrets
        from tickwell.application.run_attempt import RunAttempt
        from tickwell.application.task_processes import NoProcesses
        from tickwell.application.watch import Watch

        secrets_of_tenants = RememberedSecrets(self.tenant_secrets, self.clock, fresh_for=self.secrets_fresh_for)
        return ExecuteBatch(
            admit_attempts=self.admit_attempts(),
            claim_attempts=self.claim_attempts(),
            run_attempt=RunAttempt(
                registry=registry,
                jobs=self.jobs,
                contexts=outbound.context_factory(blobs, self.clock, secrets_of_tenants),
                blobs=blobs,
                clock=self.clock,
                record=self.record_attempt(),
                longest_attempt=self.longest_attempt,
                processes=processes or NoProcesses(),
                mask=Masker(secrets),
            ),
            settle=self.settle(),
            let_go=self.let_go(),
            recover=self.recover(),
            watch=Watch(jobs=self.jobs, clock=self.clock, seconds=watch_seconds),
            clock=self.clock,
        )

    def manage_queues(self) -> "ManageQueues":
        """What tenants decide about their queues."""
        from tickwell.application.manage_queues import ManageQueues

        return ManageQueues(
            queues=self.queues,
            directory=self.directory,
            admit_attempts=self.admit_attempts(),
            jobs=self.jobs,
            lanes=self.arming.lanes,
            clock=self.clock,
        )

"""A world: the use cases put together on the stores of any engine, as bootstrap does it for each engine."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.contract.store_engines import Stores
from tests.doubles import FakeClock
from tests.far_timers import SchedulerService
from tests.world import RETENTION, SENDER, WATCH_SELDOM, Watch, World
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.embedded.outbox import OutboxMailer
from tickwell.adapters.embedded.queues import EmbeddedQueue
from tickwell.adapters.embedded.tenant_secrets import FileTenantSecrets
from tickwell.adapters.host import ProcessHost
from tickwell.adapters.sweep_timer import SweepFarTimer
from tickwell.application.arming import Arming
from tickwell.application.execute_batch import JobQueue
from tickwell.application.ports import BlobStore, Notifications, TenantSecrets
from tickwell.application.queue_directory import QueueDirectory
from tickwell.application.quotas import Quotas
from tickwell.application.task import Task, TaskRegistry
from tickwell.application.task_processes import TaskProcesses
from tickwell.bootstrap.core import Core
from tickwell.bootstrap.measuring import Measuring
from tickwell.bootstrap.outbound import Outbound
from tickwell.domain.due import DUE_SHARDS, DuePosition, Watermark
from tickwell.domain.lane import Lane
from tickwell.domain.quota import DEFAULT_LIMITS
from tickwell.messages import decode_job_message, decode_notification, encode_job_message, encode_notification
from tickwell.tasks.cleanup_files import CLEANUP_FILES
from tickwell.tasks.echo import ECHO
from tickwell.tasks.generate_image import GENERATE_IMAGE
from tickwell.tasks.send_email import SEND_EMAIL


def new_world(
    folder: Path,
    stores: Stores,
    *,
    tasks: Sequence[Task[Any]] = (),
    lanes_path: str = ":memory:",
    processes: TaskProcesses | None = None,
    secrets: tuple[str, ...] = (),
    watch_seconds: float = WATCH_SELDOM,
    far_timer: str = "sweep",
    watch: Watch = lambda _name, port: port,
    lanes_of: Database | None = None,
    scheduler: SchedulerService | None = None,
) -> World:
    """A system on ``stores``, with the built-in tasks that need no network, and ``tasks``.

    Its watch looks at what runs so seldom that it does not come into the way, unless a test wants that.

    The lanes are the embedded engine's whatever the stores are, because no emulator of SQS lets its time be moved.
    ``far_timer`` is ``sweep`` or ``scheduler``. ``watch`` may wrap every port that is not among ``stores``.
    ``lanes_of`` and ``scheduler`` are those of an earlier process, if this one takes over from it.
    """
    clock = stores.clock
    queues = _Queues(lanes_of or Database(lanes_path), clock)
    lanes = {lane: watch(f"lane {lane}", queues.of_jobs(f"lane-{lane.value}", "lane-dlq")) for lane in Lane}
    blobs = watch("blobs", FileBlobs(folder / "blobs", clock))
    secrets_store = watch("tenant secrets", FileTenantSecrets(folder / "tenant-secrets", clock))
    core = _core(stores, lanes, blobs, secrets_store)
    if lanes_of is None:
        _let_sync_have_run(stores)
    registry = TaskRegistry([CLEANUP_FILES, ECHO, GENERATE_IMAGE, SEND_EMAIL, *tasks])
    outbox = watch("mailer", OutboxMailer(folder / "outbox", clock))
    outbound = Outbound(mailer=outbox, sender_address=SENDER, allow_private_hosts=())
    outbound = replace(outbound, http=watch("http", outbound.http_client()))
    made = World(
        clock=clock,
        core=core,
        lanes=lanes,
        lane_dead_letters=watch("lane dead letters", queues.of_jobs("lane-dlq", None)),
        registry=registry,
        blobs=blobs,
        outbox=outbox,
        accounts=stores.accounts,
        api_keys=stores.api_keys,
        hooks=stores.hooks,
        members=stores.members,
        mails=watch("mails", queues.of_notifications()),
        notify=stores.notifying.notify(
            jobs=stores.jobs,
            history=stores.history,
            accounts=stores.accounts,
            members=stores.members,
            outbound=outbound,
            clock=clock,
            ids=stores.ids,
        ),
        notifying=stores.notifying,
        export_tenant=stores.export_tenant(blobs, core.tenant_secrets),
        measuring=Measuring(counts=stores.counts, workers=stores.workers, host=ProcessHost(512)),
        rates=stores.rates,
        submissions=stores.submissions,
        quotas=Quotas(stores.quotas, DEFAULT_LIMITS, clock),
        execute=replace(
            core.execute(
                registry=registry,
                blobs=blobs,
                outbound=outbound,
                processes=processes,
                secrets=secrets,
                watch_seconds=watch_seconds,
            ),
            pause=_passing(clock),
        ),
        scheduler=scheduler or SchedulerService(clock, watch("dispatch", queues.of_jobs("dispatch", "lane-dlq"))),
        watch=watch,
        close=queues.database.close,
    )
    return made if far_timer == "sweep" else made.with_far_timer(far_timer)


def _core(stores: Stores, lanes: dict[Lane, JobQueue], blobs: BlobStore, tenant_secrets: TenantSecrets) -> Core:
    return Core(
        jobs=stores.jobs,
        listing=stores.listing,
        caller_keys=stores.caller_keys,
        history=stores.history,
        queues=stores.queues,
        directory=QueueDirectory(stores.queues, stores.clock),
        stop_switch=stores.stop_switch,
        audit_log=stores.audit,
        erasure=stores.erasure,
        tenant_secrets=tenant_secrets,
        arming=Arming(due_items=stores.due_items, lanes=lanes, far_timer=SweepFarTimer(), clock=stores.clock),
        blobs=blobs,
        clock=stores.clock,
        ids=stores.ids,
        retention=RETENTION,
    )


class _Queues:
    """Queues of messages, in one database."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self._clock = database, clock

    def of_jobs(self, name: str, dead_letter: str | None) -> JobQueue:
        codec = encode_job_message, decode_job_message
        return EmbeddedQueue(self.database, name, dead_letter, *codec, self._clock, visibility_seconds=930)

    def of_notifications(self) -> Notifications:
        codec = encode_notification, decode_notification
        return EmbeddedQueue(self.database, "notifications", None, *codec, self._clock, visibility_seconds=90)


def _let_sync_have_run(stores: Stores) -> None:
    """The safety sync has come as far as now, as in a system that has been up for a while."""
    now = stores.clock.now()
    here = Watermark(swept_to=DuePosition(look_at=now), checked_to=DuePosition(look_at=now))
    for shard in range(DUE_SHARDS):
        stores.due_items.acquire(shard, token="earlier", now=now, lease_until=now, first=here)
        stores.due_items.save(shard, token="earlier", watermark=here)


def _passing(clock: FakeClock) -> Callable[[float], Awaitable[None]]:
    """A pause that lasts as long as it should, on a clock that is moved."""

    async def pause(seconds: float) -> None:
        clock.advance(seconds)

    return pause

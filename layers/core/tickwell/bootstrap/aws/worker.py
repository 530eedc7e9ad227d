"""functions/worker."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from tickwell.adapters.aws.dynamodb.workers import DynamoWorkerLog
from tickwell.adapters.aws.ses import SesMailer
from tickwell.adapters.aws.sqs import deliveries_from_event
from tickwell.adapters.processes.pool import ChildSettings
from tickwell.application.execute_batch import BatchReport, ExecuteBatch, JobDelivery, JobQueue
from tickwell.application.heartbeat import Heartbeat
from tickwell.application.ports import Clock, Lanes
from tickwell.application.remembered import Remembered
from tickwell.application.task_processes import TaskProcesses
from tickwell.bootstrap.aws.clients import LaterClient, client, lane_urls, open_blobs, open_lanes, open_table
from tickwell.bootstrap.aws.foundation import core_of
from tickwell.bootstrap.core import Core
from tickwell.bootstrap.images import image_makers, on_its_lane
from tickwell.bootstrap.outbound import Outbound
from tickwell.bootstrap.outreach import functions_on_aws, messenger_on_aws
from tickwell.bootstrap.task_process import process_pool
from tickwell.domain.errors import NotFoundError
from tickwell.domain.lane import Lane
from tickwell.messages import decode_job_message
from tickwell.metrics import Metrics
from tickwell.settings.functions import WorkerSettings
from tickwell.settings.reading import load, secrets_of
from tickwell.tasks.registry import all_tasks

if TYPE_CHECKING:
    from types_boto3_sesv2 import SESV2Client

_OPENAI_KEY = "openai-api-key"
_WATCH_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """What the handler needs."""

    execute: ExecuteBatch
    lanes: Mapping[str, tuple[Lane, JobQueue]]
    heartbeat: Heartbeat
    metrics: Metrics

    async def run(
        self,
        lane: Lane,
        queue: JobQueue,
        deliveries: Sequence[JobDelivery],
        report: BatchReport,
        *,
        deadline: datetime,
    ) -> None:
        """Execute a batch, and tell meanwhile that this instance is at work. ``report`` is filled.

        It is not returned: ``asyncio.run`` hands its task to ``signal.signal``, which makes a text of it with all that
        it returned, for an error that nobody sees. That took a thirtieth of the worker's time.
        """
        beating = asyncio.create_task(self.heartbeat.keep((lane,), lambda: len(deliveries) - report.done))
        try:
            await self.execute(queue, deliveries, deadline=deadline, report=report)
        finally:
            beating.cancel()

    def open(self, event: Mapping[str, Any]) -> tuple[Lane, JobQueue, Sequence[JobDelivery]]:
        """The lane that a batch came from, its queue, and what it delivers. One batch never mixes lanes."""
        name = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
        lane, queue = self.lanes[name]
        return lane, queue, deliveries_from_event(event, decode_job_message)


def build() -> Worker:
    """What runs jobs."""
    settings = load(WorkerSettings)
    lanes = open_lanes(settings, settings.lane_dlq_url)
    table = open_table(settings.table)
    core = core_of(settings, table, lanes, longest_attempt=settings.longest_attempt)
    return Worker(
        execute=_execute(settings, core),
        lanes=_by_queue_name(settings, lanes),
        heartbeat=Heartbeat(
            workers=DynamoWorkerLog(table, core.clock),
            clock=core.clock,
            worker_id=core.ids.new(),
            interval=timedelta(seconds=settings.worker_heartbeat_seconds),
        ),
        metrics=Metrics(stage=settings.stage, clock=core.clock),
    )


def _execute(settings: WorkerSettings, core: Core) -> ExecuteBatch:
    return core.execute(
        registry=on_its_lane(all_tasks(), settings),
        blobs=open_blobs(settings.blob_bucket),
        outbound=Outbound(
            mailer=SesMailer(cast("SESV2Client", LaterClient("sesv2")), core.clock),
            sender_address=settings.sender_address,
            allow_private_hosts=settings.allow_private_hosts,
            messenger=messenger_on_aws(settings),
            functions=functions_on_aws(settings),
            images=image_makers(settings, core.clock, openai_key(settings.openai_key_secret_id, core.clock)),
        ),
        processes=_processes(settings),
        secrets=_own_credentials(settings),
        watch_seconds=_WATCH_SECONDS,
    )


def _processes(settings: WorkerSettings) -> TaskProcesses:
    return process_pool(
        ChildSettings(memory_mb=settings.task_memory_mb, allow_private_hosts=settings.allow_private_hosts),
        size=settings.task_processes,
        variables=settings.task_variables,
        cloud=True,
    )


def openai_key(secret_id: str | None, clock: Clock) -> Callable[[], str]:
    """Reads the key for OpenAI; anew from time to time, because it may be replaced while this process lives.

    The function raises NotFoundError where there is none, UnavailableError where it cannot be read.
    """

    def read(known_id: str) -> str:
        from tickwell.adapters.aws.secrets_manager import SecretsManagerSecrets

        return SecretsManagerSecrets(client("secretsmanager"), {_OPENAI_KEY: known_id}).get(_OPENAI_KEY)

    remembered = Remembered(read, clock)

    def key() -> str:
        if secret_id is None:
            raise NotFoundError("secret", _OPENAI_KEY)
        return remembered.get(secret_id).strip()

    return key


def _by_queue_name(settings: WorkerSettings, lanes: Lanes) -> Mapping[str, tuple[Lane, JobQueue]]:
    return {url.rpartition("/")[2]: (lane, lanes[lane]) for lane, url in lane_urls(settings).items()}


def _own_credentials(settings: WorkerSettings) -> tuple[str, ...]:
    """What nobody may read in an attempt's record: the settings' secrets, and the keys of the function's role."""
    names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return (*secrets_of(settings), *(os.environ[name] for name in names if name in os.environ))

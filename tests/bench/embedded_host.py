"""The system on the embedded engine in this process, as the local server builds it, with tasks of a bench's own."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.embedded.outbox import OutboxMailer
from tickwell.adapters.embedded.rates import EmbeddedRateLimiter
from tickwell.adapters.embedded.secrets import FileSecrets
from tickwell.adapters.system import SystemClock, SystemIds
from tickwell.application.task import Task
from tickwell.bootstrap import local
from tickwell.bootstrap.embedded import system
from tickwell.bootstrap.embedded.foundation import Foundation
from tickwell.domain.account import Principal, Role
from tickwell.http.services import ApiServices
from tickwell.local.background import Background
from tickwell.settings.local import LocalSettings
from tickwell.tasks.registry import built_in_tasks

PRINCIPAL = Principal(tenant_id="bench", user_id="bench", role=Role.OWNER)


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """The system as it is driven, the use cases behind its API, and the settings of both."""

    system: system.EmbeddedSystem
    services: ApiServices
    settings: LocalSettings

    def background(self) -> Background:
        """What a server does beside HTTP; to be started and stopped."""
        return Background(
            self.system,
            concurrency=self.settings.worker_concurrency,
            sync_interval_seconds=self.settings.safety_sync_interval_seconds,
            grace_seconds=self.settings.shutdown_grace_seconds,
        )


@contextmanager
def opened(folder: Path, tasks: Iterable[Task[Any]] = (), **settings: Any) -> Iterator[Host]:
    """The system on the data directory ``folder``, with a server's defaults but for the jobs that a tenant may have."""
    chosen = LocalSettings(data_dir=folder, quota_jobs=None, **settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    clock = SystemClock()
    database, rates = Database(folder / "tickwell.db"), EmbeddedRateLimiter(folder / "limits.db", clock)
    processes = local._processes(chosen)
    base = Foundation(
        settings=chosen,
        database=database,
        rates=rates,
        blobs=FileBlobs(folder / "blobs"),
        mailer=OutboxMailer(folder / "outbox", clock),
        secrets=FileSecrets(folder / "secrets"),
        registry=built_in_tasks(tasks),
        processes=processes,
        clock=clock,
        ids=SystemIds(clock),
        close=database.close,
        ahead_seconds=local._AHEAD_SECONDS,
    )
    try:
        yield Host(system=system.embedded_system(base), services=system._api(system._parts(base)), settings=chosen)
    finally:
        processes.close()
        rates.close()
        database.close()

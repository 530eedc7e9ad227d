"""What a system on the embedded engine stands on."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.embedded.rates import EmbeddedRateLimiter
from tickwell.adapters.embedded.secrets import FileSecrets
from tickwell.application.http_client import HttpClient
from tickwell.application.ports import Clock, Functions, Ids, Mailer, Messenger, TenantSecrets
from tickwell.application.task import TaskRegistry
from tickwell.application.task_processes import TaskProcesses
from tickwell.application.unreachable import NoFunctions, NoMessenger
from tickwell.settings.local import LocalSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Foundation:
    """Where things are kept, whose clock it is, which tasks there are and where they run.

    ``rates`` has a database of its own, which does not wait for the disk. ``http`` None: outgoing requests go through
    the guarded client. ``ahead_seconds``: how long before its instant a worker has a message in hand.
    ``keeps_streams``: answers to followers stay open, where there is somebody to read them. ``close`` lets go of all
    of it.
    """

    settings: LocalSettings
    database: Database
    rates: EmbeddedRateLimiter
    blobs: FileBlobs
    mailer: Mailer
    secrets: FileSecrets
    tenant_secrets: TenantSecrets
    registry: TaskRegistry
    processes: TaskProcesses
    clock: Clock
    ids: Ids
    close: Callable[[], None]
    http: HttpClient | None = None
    messenger: Messenger = field(default_factory=NoMessenger)
    functions: Functions = field(default_factory=NoFunctions)
    ahead_seconds: float = 0.0
    keeps_streams: bool = False

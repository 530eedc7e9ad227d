"""The local server: everything in one process, on the embedded engine."""

import os
from pathlib import Path

from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.embedded.message_outbox import OutboxMessenger
from tickwell.adapters.embedded.outbox import OutboxMailer
from tickwell.adapters.embedded.rates import EmbeddedRateLimiter
from tickwell.adapters.embedded.secrets import FileSecrets
from tickwell.adapters.embedded.smtp import SmtpMailer, SmtpSecurity
from tickwell.adapters.embedded.tenant_secrets import FileTenantSecrets
from tickwell.adapters.processes.pool import ChildSettings, ProcessPool
from tickwell.adapters.system import SystemClock, SystemIds
from tickwell.application.ports import Clock, Mailer, Messenger
from tickwell.application.task import TaskRegistry
from tickwell.bootstrap.embedded.foundation import Foundation
from tickwell.bootstrap.embedded.system import EmbeddedSystem, embedded_system
from tickwell.bootstrap.outreach import functions_on_aws, messenger_on_aws
from tickwell.bootstrap.task_process import process_pool
from tickwell.settings.local import LocalSettings
from tickwell.settings.reading import SettingsError, variable_of
from tickwell.tasks.registry import all_tasks

_AHEAD_SECONDS = 0.05
"""Longer than it mostly takes to read a message from the database and to write that it was read."""


def local(settings: LocalSettings, registry: TaskRegistry | None = None) -> EmbeddedSystem:
    """Open (or make) the data directory and build the system on it, with the tasks of ``registry``.

    None: every task that this process finds, see ``all_tasks``.
    Raises SettingsError, OSError or UnavailableError when the directory or the database cannot be used.
    """
    folder = settings.data_dir
    _prepare(folder)
    database = Database(folder / "tickwell.db")
    clock = SystemClock()
    rates = EmbeddedRateLimiter(folder / "limits.db", clock)
    processes = _processes(settings)

    def close() -> None:
        processes.close()
        rates.close()
        database.close()

    return embedded_system(
        Foundation(
            settings=settings,
            database=database,
            rates=rates,
            blobs=FileBlobs(folder / "blobs"),
            mailer=_mailer(settings, folder, clock),
            messenger=_messenger(settings, folder, clock),
            functions=functions_on_aws(settings),
            secrets=FileSecrets(folder / "secrets"),
            tenant_secrets=FileTenantSecrets(folder / "tenant-secrets", clock),
            registry=registry or all_tasks(),
            processes=processes,
            clock=clock,
            ids=SystemIds(clock),
            close=close,
            ahead_seconds=_AHEAD_SECONDS,
            keeps_streams=True,
        )
    )


def _prepare(folder: Path) -> None:
    """Make the data directory; raises SettingsError where that cannot be, or nothing can be kept there."""
    variable = variable_of(LocalSettings, "data_dir")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise SettingsError(f"setting {variable}: {folder} is no folder, or lies in a file; it must be one") from error
    except OSError as error:
        raise SettingsError(f"setting {variable}: the folder {folder} cannot be made ({error.strerror})") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise SettingsError(f"setting {variable}: the server's user may not read and write in the folder {folder}")


def _processes(settings: LocalSettings) -> ProcessPool:
    return process_pool(
        ChildSettings(memory_mb=settings.task_memory_mb, allow_private_hosts=settings.allow_private_hosts),
        size=settings.task_processes,
        variables=settings.task_variables,
    )


def _messenger(settings: LocalSettings, folder: Path, clock: Clock) -> Messenger:
    if settings.message_provider == "aws":
        return messenger_on_aws(settings)
    return OutboxMessenger(folder / "outbox", clock)


def _mailer(settings: LocalSettings, folder: Path, clock: Clock) -> Mailer:
    if settings.smtp_host is None:
        return OutboxMailer(folder / "outbox", clock)
    password = settings.smtp_password
    return SmtpMailer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=SmtpSecurity(settings.smtp_security),
        user=settings.smtp_user,
        password=None if password is None else password.get_secret_value(),
        clock=clock,
    )

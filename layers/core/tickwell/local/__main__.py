"""``python -m tickwell.local``: start the whole system on the embedded engine."""

import errno
import logging
import os
import signal
import socket
import sys
import zoneinfo

from tickwell import __version__
from tickwell.adapters.embedded.migrations.steps import SchemaTooNewError
from tickwell.bootstrap.local import local
from tickwell.domain.errors import TickwellError
from tickwell.local.allocator import give_memory_back
from tickwell.local.background import Background
from tickwell.local.collector import spare_collector
from tickwell.local.lane_worker import Leave
from tickwell.local.log_format import FieldFormatter
from tickwell.local.server import Server, server_config
from tickwell.settings.local import LocalSettings
from tickwell.settings.reading import SettingsError, load, refuse_unknown, variable_of
from tickwell.tasks.registry import BrokenTaskError

_WELCOME = """
Tickwell {version} is running at {url}
  dashboard  {url}/ (register there, and see everything)
  API        {url}/docs (and {url}/openapi.json)
  data       {data_dir}
  mail       {mail}

Try it:
  curl -s {url}/health
  curl -s -X POST {url}/api/v1/auth/register -H 'Content-Type: application/json' \\
    -d '{{"email": "you@example.com", "password": "Correct-Horse-9"}}'
README.md goes on from there. Ctrl-C stops; nothing that was accepted is lost.
"""


def main() -> int:
    """Serve until a signal; a second one ends the process at once.

    Returns 2 when the settings or the data directory do not allow a start.
    """
    _prepare_process()
    try:
        refuse_unknown(LocalSettings)
        settings = load(LocalSettings)
        system = local(settings)
        listener = _listen(settings)
    except (SettingsError, BrokenTaskError, SchemaTooNewError, TickwellError, OSError) as error:
        sys.stderr.write(f"tickwell: {error}\n")
        return 2
    background = Background(
        system,
        concurrency=settings.worker_concurrency,
        sync_interval_seconds=settings.safety_sync_interval_seconds,
        grace_seconds=settings.shutdown_grace_seconds,
    )

    def stop() -> None:
        system.http.end_streams()
        background.close()

    server = Server(server_config(system.http), on_stop=stop)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.on_signal)
    spare_collector()
    background.start()
    _welcome(settings, listener)
    try:
        server.run(sockets=[listener])
    finally:
        leave = background.stop()
        system.close()
        _farewell(leave)
    if leave.returned or leave.left:
        # A thread that such an attempt blocks would keep the interpreter from ending.
        os._exit(0)
    return 0


def _prepare_process() -> None:
    """What holds for the whole process, before anything else."""
    give_memory_back()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FieldFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # What is kept here is for this user only, whatever the mode of the folder: password hashes, payloads, mail.
    os.umask(0o077)
    # Zones from the tzdata package only, as on AWS: a machine's own may be old, and has more (right/UTC, localtime).
    zoneinfo.reset_tzpath(to=())


def _listen(settings: LocalSettings) -> socket.socket:
    """The socket to serve on. Raises SettingsError where host or port cannot be listened on."""
    host, port = (variable_of(LocalSettings, name) for name in ("host", "port"))
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=1024)
    except OSError as error:
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else "no such host"  # what cannot be resolved has a negative one
        at_fault = port if number in {errno.EADDRINUSE, errno.EACCES} else host
        raise SettingsError(
            f"setting {at_fault}: cannot listen on {settings.host}:{settings.port} ({reason}); choose another one"
        ) from error
    # Accepted connections inherit it; without it each answer would wait for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _welcome(settings: LocalSettings, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    mail = f"{settings.data_dir / 'outbox'}/ (no SMTP server is set)"
    if settings.smtp_host is not None:
        mail = f"through {settings.smtp_host}:{settings.smtp_port}"
    sys.stdout.write(_WELCOME.format(version=__version__, url=url, data_dir=settings.data_dir.resolve(), mail=mail))
    sys.stdout.flush()


def _farewell(leave: Leave) -> None:
    left = f", left {leave.left} to be found when their lease is over" if leave.left else ""
    sys.stdout.write(f"Tickwell has stopped: finished {leave.finished}, returned {leave.returned}{left}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

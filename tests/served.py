"""The API on a real socket, served from this process as the local server serves it."""

import contextlib
import threading
from collections.abc import Iterator

import uvicorn

from tests.server_process import eventually
from tickwell.http.asgi import AsgiApp
from tickwell.local.patient_protocol import PatientProtocol
from tickwell.local.server import server_config


@contextlib.contextmanager
def serving(app: AsgiApp) -> Iterator[str]:
    """The address of ``app`` while the block lasts."""
    with _running(uvicorn.Config(app, port=0, log_config=None, lifespan="off")) as url:
        yield url


@contextlib.contextmanager
def serving_locally(app: AsgiApp, protocol: type[PatientProtocol] = PatientProtocol) -> Iterator[str]:
    """As ``serving``, with the connections of the local server; streams are ended before it."""
    config = server_config(app)
    config.port, config.http = 0, protocol
    with _running(config) as url:
        try:
            yield url
        finally:
            app.end_streams()


@contextlib.contextmanager
def _running(config: uvicorn.Config) -> Iterator[str]:
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()

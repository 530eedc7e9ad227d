"""The API on a real socket, served from this process as the local server serves it."""

import contextlib
import threading
from collections.abc import Iterator

import uvicorn

from tests.server_process import eventually
from tickwell.http.asgi import AsgiApp


@contextlib.contextmanager
def serving(app: AsgiApp) -> Iterator[str]:
    """The address of ``app`` while the block lasts."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()

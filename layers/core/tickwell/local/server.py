"""The HTTP server, which leaves signals to us: the workers are to know of them as well."""

import contextlib
import os
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn

from tickwell.http.asgi import AsgiApp
from tickwell.local.patient_protocol import PatientProtocol

_KILLED_BY = 128


def server_config(app: AsgiApp) -> uvicorn.Config:
    """How ``app`` is served."""
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        server_header=False,
        # Uvicorn would believe X-Forwarded-For from this machine: whoever writes it would choose whom limits count.
        proxy_headers=False,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=10,
    )


class Server(uvicorn.Server):
    """Ends gracefully at the first signal, calling ``on_stop``, and the process at once at a second one."""

    def __init__(self, config: uvicorn.Config, *, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """The handler of SIGINT and SIGTERM; for the whole life of the process, not only while it serves."""
        if self.should_exit:
            os._exit(_KILLED_BY + number)
        self.should_exit = True
        self._on_stop()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn would put its own handlers in the place of ours."""
        yield

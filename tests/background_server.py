"""Servers of the standard library that answer beside a test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer

_POLL_SECONDS = 0.05
"""So long it takes to stop one."""


@contextmanager
def answering(server: BaseServer) -> Iterator[None]:
    """Have ``server`` answer in a thread of its own while the block lasts, and close it."""
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

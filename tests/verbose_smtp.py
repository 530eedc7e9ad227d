"""A mail server that repeats what it is told, passwords included, and takes no login."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager

from tests.background_server import answering


class _Verbose(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Until the client leaves."""
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            said = line.strip()
            verb = said.partition(b" ")[0].upper()
            if verb == b"EHLO":
                self.wfile.write(b"250-here\r\n250 AUTH PLAIN LOGIN\r\n")
            elif verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            elif said.upper().startswith(b"AUTH LOGIN"):
                self.wfile.write(b"334 UGFzc3dvcmQ6\r\n")
            else:
                self.wfile.write(b"535 5.7.8 not taken: " + said + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def verbose_smtp() -> Iterator[int]:
    """Run one on loopback; its port."""
    server = _Server(("127.0.0.1", 0), _Verbose)
    with answering(server):
        yield server.server_address[1]

"""Bytes on a socket of the real local server: no request may be seen that a proxy in front of it would not see."""

import re
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tests.chaos.security.findings import Findings
from tests.server_process import ServerProcess
from tests.smuggling_vectors import AMBIGUOUS, PLAIN, REFUSED

KIND = "smuggling"
_STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")
_QUIET_SECONDS = 0.7
_PATIENCE_SECONDS = 30.0
_AT_A_TIME = 8


def smuggle(findings: Findings, server: ServerProcess) -> None:
    """Send all vectors, each on a connection of its own."""
    expected: Mapping[str, tuple[bytes, tuple[int, ...]]] = {
        **{name: (raw, REFUSED) for name, raw in AMBIGUOUS.items()},
        **PLAIN,
    }

    def send(vector: tuple[bytes, tuple[int, ...]]) -> tuple[tuple[int, ...], bool, bytes]:
        return exchange(server, *vector)

    with ThreadPoolExecutor(max_workers=_AT_A_TIME) as pool:
        for (name, (_, statuses)), (seen, closed, answers) in zip(
            expected.items(), pool.map(send, expected.values()), strict=True
        ):
            as_told = seen == statuses and (closed or statuses != REFUSED) and b"X-Injected" not in answers
            findings.require(KIND, f"{name}: answered {seen}, closed: {closed}", held=as_told)
            findings.answered(KIND, name, max(seen, default=0))


def exchange(server: ServerProcess, raw: bytes, expected: tuple[int, ...]) -> tuple[tuple[int, ...], bool, bytes]:
    """Statuses of all answers to ``raw``, whether the server closed the connection then, and all that it said.

    For what is ``expected`` there is patience, for more than that only a moment.
    """
    parts = urlsplit(server.url)
    said, closed = b"", True
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=_PATIENCE_SECONDS) as connection:
        try:
            connection.sendall(raw)
            while piece := connection.recv(65536):
                said += piece
                awaited = expected == REFUSED or len(_STATUS.findall(said)) < len(expected)
                connection.settimeout(_PATIENCE_SECONDS if awaited else _QUIET_SECONDS)
        except TimeoutError:
            closed = False
        except ConnectionError:
            closed = True
    return tuple(int(status) for status in _STATUS.findall(said)), closed, said

"""Follows a stream over a real socket, piece by piece, as a browser's ``EventSource`` does."""

import contextlib
import http.client
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.live_events import Event, Told, told


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamReader:
    """An answer that may go on."""

    response: http.client.HTTPResponse

    @property
    def status(self) -> int:
        """Of the answer."""
        return self.response.status

    def piece(self) -> Told | None:
        """The next event or comment, as soon as it is there; None when the answer has ended."""
        lines: list[str] = []
        while (line := self.response.readline().decode()) not in {"", "\n"}:
            lines.append(line)
        return told("".join(lines) + "\n") if lines else None

    def event(self) -> Event:
        """The next event; comments are passed over."""
        while (piece := self.piece()) is not None:
            if piece.events:
                return piece.events[0]
        raise AssertionError("the stream has ended")

    def event_that(self, holds: Callable[[Event], bool]) -> Event:
        """The next event of which it ``holds``; states that were told in between are passed over."""
        while not holds(event := self.event()):
            continue
        return event

    def rest(self) -> list[Event]:
        """What is told until it ends."""
        found: list[Event] = []
        while (piece := self.piece()) is not None:
            found += piece.events
        return found


@contextlib.contextmanager
def following(url: str, path: str, headers: Mapping[str, str], *, seconds: float = 20) -> Iterator[StreamReader]:
    """Whoever reads ``path``, which must tell something each ``seconds``; the connection is closed afterwards."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Accept": "text/event-stream", **headers})
        response = connection.getresponse()
        with contextlib.closing(response):
            yield StreamReader(response=response)

"""HTTP/1.1 as Uvicorn speaks it, for clients that hold back what they have begun, or want to be misread."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from tickwell.local.strict_connection import StrictConnection


class OnePacketConnection(StrictConnection):
    """A connection on which an answer's head leaves with what follows it, which Uvicorn always sends at once.

    A packet for each would take a call of the system more, and wake the client twice.
    """

    _head: Sequence[bytes] = ()

    def send_with_data_passthrough(self, event: h11.Event) -> list[bytes] | None:
        """What ``send`` joins, as in h11; nothing for a head, which goes before what the next call gives."""
        output = super().send_with_data_passthrough(event)
        if output is None:
            return None
        if isinstance(event, h11.Response):
            self._head = output
            return []
        whole, self._head = [*self._head, *output], ()
        return whole


class PatientProtocol(H11Protocol):
    """A connection that is closed unless what is awaited arrives within ``head_seconds``, or its client takes nothing.

    That is the head of a request, and the rest of a body that was answered before it was there: Uvicorn waits for ever
    for the first one, and for the second one as soon as a byte of it comes, so that anybody could use up the process's
    files. While a request is being answered the application sees to its body, and nothing is cut short here.

    Whoever does not read its answer at all for ``taking_seconds`` is cut off, and sooner when the server stops: however
    slowly one reads, it goes on. Whoever has vanished without a word, as behind a network that is gone, acknowledges
    nothing any more: that is known to the system only, which is told to give up after ``vanished_seconds``. Linux would
    go on for a quarter of an hour, and a stream keep its place. It is longer than ``taking_seconds``, because a window
    that stays closed counts as well, and slow readers open theirs seldom.
    """

    head_seconds: ClassVar[float] = 30.0
    taking_seconds: ClassVar[float] = 30.0
    last_taking_seconds: ClassVar[float] = 1.0
    vanished_seconds: ClassVar[float] = 60.0
    _awaited: str | None = None
    _timer: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.conn = OnePacketConnection(h11.SERVER)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._limit_vanishing(transport.get_extra_info("socket"))
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for any more."""
        self._forget()
        self._expect_no_taking()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """After each piece of a request, and after each answer; a piece does not buy more time."""
        super().handle_events()
        self._watch()

    def pause_writing(self) -> None:
        """The client is behind."""
        super().pause_writing()
        self._expect_taking(self.taking_seconds)

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self._expect_no_taking()

    def shutdown(self) -> None:
        """The server stops: whoever does not read must not hold it up."""
        super().shutdown()
        if self.transport.get_write_buffer_size():
            self._expect_taking(self.last_taking_seconds)

    def _limit_vanishing(self, connection: socket.socket | None) -> None:
        if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):  # other systems keep their own limits
            milliseconds = int(self.vanished_seconds * 1000)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)

    def _expect_taking(self, seconds: float) -> None:
        self._expect_no_taking()
        left = self.transport.get_write_buffer_size()
        self._taking = self.loop.call_later(seconds, self._judge_taking, seconds, left)

    def _judge_taking(self, seconds: float, left: int) -> None:
        if self.transport.get_write_buffer_size() >= left:
            self.transport.abort()
        else:
            self._expect_taking(seconds)

    def _expect_no_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _watch(self) -> None:
        if self.transport.is_closing():
            return
        awaited = self._what_is_awaited()
        if awaited != self._awaited:
            self._forget()
            self._awaited = awaited
        if awaited is not None and self._timer is None:
            self._timer = self.loop.call_later(self.head_seconds, self.transport.close)

    def _what_is_awaited(self) -> str | None:
        if self.conn.their_state is h11.IDLE:
            return "head"
        if self.conn.their_state is h11.SEND_BODY and self.cycle.response_complete:
            return "rest"
        return None

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

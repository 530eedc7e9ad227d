"""The frames that a worker and its task processes exchange: four bytes of length, then a JSON object with a ``kind``.

Worker to child: ``setup``, ``run``, ``answer``. Child to worker: ``ready``, ``started``, ``log``, ``sign``, ``ask``,
and what ends an attempt: ``output``, ``pending``, ``failed``, ``raised``, ``cancelled``. An ``answer`` holds such
an end as well.
"""

import asyncio
import json
import socket
import struct
from typing import Any

from tickwell.application.task_output import LARGEST_OUTPUT_BYTES

Frame = dict[str, Any]

LARGEST_FRAME_BYTES = LARGEST_OUTPUT_BYTES + 64 * 1024
"""What a worker takes from a child: the largest output and its wrapping."""

_LENGTH = struct.Struct("!I")
_PIECE = 256 * 1024


class FrameTooLargeError(Exception):
    """The other side announces more than this one takes."""


def pack(frame: Frame) -> bytes:
    """The bytes of ``frame``. Raises ValueError or TypeError for what JSON cannot express."""
    body = json.dumps(frame, allow_nan=False).encode()
    return _LENGTH.pack(len(body)) + body


def receive(connection: socket.socket) -> Frame | None:
    """The next frame, waited for; None at the end of the connection."""
    head = _exactly(connection, _LENGTH.size)
    if head is None:
        return None
    body = _exactly(connection, _LENGTH.unpack(head)[0])
    return None if body is None else _frame(body)


async def receive_soon(connection: socket.socket) -> Frame | None:
    """The same without blocking the loop; ``connection`` must not block. Raises FrameTooLargeError."""
    head = await _exactly_soon(connection, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LARGEST_FRAME_BYTES:
        raise FrameTooLargeError
    body = await _exactly_soon(connection, length)
    return None if body is None else _frame(body)


def _frame(body: bytes) -> Frame:
    frame: Frame = json.loads(body)
    return frame


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    pieces = bytearray()
    while len(pieces) < size:
        try:
            piece = connection.recv(min(size - len(pieces), _PIECE))
        except ConnectionError:
            return None
        if not piece:
            return None
        pieces += piece
    return bytes(pieces)


async def _exactly_soon(connection: socket.socket, size: int) -> bytes | None:
    loop = asyncio.get_running_loop()
    pieces = bytearray()
    while len(pieces) < size:
        try:
            piece = await loop.sock_recv(connection, min(size - len(pieces), _PIECE))
        except ConnectionError:
            return None
        if not piece:
            return None
        pieces += piece
    return bytes(pieces)

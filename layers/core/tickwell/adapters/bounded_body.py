"""Reading a body without trusting its sender: neither its length, nor what it unpacks to."""

import zlib
from collections.abc import Callable

import httpx2

from tickwell.domain.errors import AttemptFailedError

_RAW_MARGIN_BYTES = 64 * 1024


async def read_bounded(response: httpx2.Response, max_bytes: int) -> tuple[bytes, bool]:
    """Up to ``max_bytes`` of the unpacked body, and whether there was more; see ``pour_bounded``."""
    body = bytearray()
    truncated = await pour_bounded(response, max_bytes, body.extend)
    return bytes(body), truncated


async def pour_bounded(response: httpx2.Response, max_bytes: int, sink: Callable[[bytes], object]) -> bool:
    """Give up to ``max_bytes`` of the unpacked body to ``sink``, in pieces; whether there was more.

    Raises AttemptFailedError when the body is not packed as it claims to be. What was received but unpacks to
    nothing is bounded, too.
    """
    unpack = _unpacker(response.headers.get("content-encoding", ""))
    raw_bytes, left = 0, max_bytes
    async for piece in response.aiter_raw():
        raw_bytes += len(piece)
        unpacked = unpack(piece, left + 1)
        sink(unpacked[:left])
        if len(unpacked) > left or raw_bytes > max_bytes + _RAW_MARGIN_BYTES:
            return True
        left -= len(unpacked)
    return False


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """A function that unpacks a piece into at most so many bytes. What it does not know stays as it is."""
    if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        return lambda piece, limit: piece[:limit]
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)

    def unpack(piece: bytes, limit: int) -> bytes:
        if unpacker.eof:
            return b""
        try:
            return unpacker.decompress(piece, limit)
        except zlib.error as error:
            raise AttemptFailedError("HTTP_PROTOCOL_ERROR", f"the answer is not valid {encoding}") from error

    return unpack

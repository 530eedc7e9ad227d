"""Cursors of listings: opaque to callers, the same on both engines, and never part of what decides about access.

A cursor says only where in a listing the next page begins; the tenant and the job come from the call.
"""

import base64
import binascii
import json
from collections.abc import Sequence

from tickwell.domain.errors import InvalidInputError

_VERSION = 1
_LONGEST = 2048
_LARGEST = 1 << 53


def encode_cursor(listing: str, place: Sequence[str | int]) -> str:
    """The cursor that leads behind ``place`` in ``listing``."""
    text = json.dumps([_VERSION, listing, *place], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(listing: str, cursor: str, kinds: Sequence[type[str] | type[int]]) -> list[str | int]:
    """The place of ``cursor``, whose parts are of ``kinds``; raises InvalidInputError for what no such listing gave."""
    if len(cursor) > _LONGEST:
        raise _invalid()
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        document = json.loads(text)
        json.dumps(document, ensure_ascii=False).encode()  # lone surrogates are no text; no store takes them
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _invalid() from error
    if not isinstance(document, list) or document[:2] != [_VERSION, listing]:
        raise _invalid()
    place = document[2:]
    if [type(part) for part in place] != list(kinds):
        raise _invalid()
    if any(isinstance(part, int) and abs(part) > _LARGEST for part in place):
        raise _invalid()
    return place


def text_cursor(listing: str, cursor: str | None) -> str | None:
    """The one text of a cursor, if there is a cursor."""
    if cursor is None:
        return None
    return str(decode_cursor(listing, cursor, (str,))[0])


def number_cursor(listing: str, cursor: str | None, count: int) -> list[int] | None:
    """The ``count`` numbers of a cursor (from 0 to 2^53), if there is a cursor."""
    if cursor is None:
        return None
    place = [int(part) for part in decode_cursor(listing, cursor, (int,) * count)]
    if not all(part >= 0 for part in place):
        raise _invalid()
    return place


def _invalid() -> InvalidInputError:
    return InvalidInputError("cursor", "is not a cursor that this listing gave")

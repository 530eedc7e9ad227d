"""Headers that callers may have sent: names and values that no server reads in two ways."""

import re
from typing import Annotated

from pydantic import AfterValidator

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")
_MOST = 50
_MOST_BYTES = 16 * 1024
_OURS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "http2-settings", "idempotency-key"}
    | {"keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)


def _sound(value: dict[str, str]) -> dict[str, str]:
    if len(value) > _MOST or sum(len(k) + len(v) for k, v in value.items()) > _MOST_BYTES:
        raise ValueError(f"must be at most {_MOST} headers and {_MOST_BYTES} bytes")
    if len({name.lower() for name in value}) < len(value):
        raise ValueError("must not name a header twice")
    for name, content in value.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError("must have names of letters, digits and hyphens")
        if name.lower() in _OURS:
            raise ValueError(f"must not set {name}: Tickwell does")
        if not _VALUE.fullmatch(content):
            raise ValueError(f"must have printable ASCII, without line breaks, as {name}")
    return value


SoundHeaders = Annotated[dict[str, str], AfterValidator(_sound)]
"""Those of a caller, without what belongs to the connection or to Tickwell."""

"""The files of the dashboard, read once: what is served is exactly what lies in the folder, and nothing beside it."""

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tickwell.http.errors import UnknownPathError
from tickwell.http.exchange import JSON_TYPE

FOLDER = Path(__file__).parent.parent / "dashboard"
PAGE = "index.html"
HTML_TYPE, SCRIPT_TYPE, STYLE_TYPE = "text/html", "text/javascript", "text/css"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of the page only: its own scripts, styles and answers, nothing inline, nobody else. Frames show mails, sandboxed."""

_PLACEHOLDER = "/VERSION/"
_TYPES = {".css": STYLE_TYPE, ".html": HTML_TYPE, ".js": SCRIPT_TYPE}
_VERSION_DIGITS = 12


@cache
def files() -> Mapping[str, str]:
    """The text of every file by its path in the folder."""
    found = sorted(path for path in FOLDER.rglob("*") if path.suffix in _TYPES)
    return {path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in found}


@cache
def version() -> str:
    """What names these files: of others it is another one, so that browsers may keep them for good."""
    digest = hashlib.sha256()
    for name, content in files().items():
        digest.update(f"{name}\0{len(content)}\0{content}".encode())
    return digest.hexdigest()[:_VERSION_DIGITS]


@cache
def text(name: str) -> str:
    """A file of the folder as it is served: the page names the others by their version."""
    found = files()[name]
    return found.replace(_PLACEHOLDER, f"/{version()}/") if name == PAGE else found


@cache
def packed(name: str) -> str:
    """The same with gzip, a quarter of the size, in base64."""
    return base64.b64encode(gzip.compress(text(name).encode(), mtime=0)).decode()


def type_of(wanted_version: str, name: str) -> str:
    """The media type of a file. Raises UnknownPathError for what there is not, and for other versions.

    Answering those would mix the files of two releases in one page, for as long as a browser keeps them.
    """
    if name not in files() or name == PAGE or wanted_version != version():
        raise UnknownPathError("the dashboard has no such file in this version; load / anew")
    return _TYPES[Path(name).suffix]


def prefers_page(accept: str) -> bool:
    """Whether an ``Accept`` header names ``text/html`` and does not like JSON better (RFC 9110, 12.5.1)."""
    weights = _weights(accept)
    wanted = weights.get(HTML_TYPE, 0.0)
    return wanted > 0 and wanted >= weights.get(JSON_TYPE, 0.0)


def unpacks(accept_encoding: str) -> bool:
    """Whether an ``Accept-Encoding`` header names gzip (12.5.3)."""
    return _weights(accept_encoding).get("gzip", 0.0) > 0


def _weights(header: str) -> dict[str, float]:
    """What a header asks for, with how much it is wanted."""
    found: dict[str, float] = {}
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        given = (one.removeprefix("q=") for one in parameters if one.startswith("q="))
        found[name] = _weight(next(given, "1"))
    return found


def _weight(quality: str) -> float:
    """0 for what is no number between 0 and 1: whoever says nonsense asks for nothing."""
    return float(quality) if re.fullmatch(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", quality) else 0.0

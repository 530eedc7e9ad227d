"""What tasks make of an answer: an output that is always valid JSON, and whether and when to try again."""

import base64
import codecs
import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tickwell.application.http_client import HttpResponse

MAX_BODY_BYTES = 64 * 1024
_MAX_HEADERS = 50
_MAX_HEADERS_BYTES = 8 * 1024
_RETRYABLE_STATUSES = frozenset({408, 425, 429})
_SECRET_HEADERS = frozenset({"set-cookie", "set-cookie2"})
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_-]{1,40})", re.IGNORECASE)
_KNOWN_CHARSET = re.compile(
    r"utf-?8|utf-16(?:le|be)?|(?:us-)?ascii|iso-8859-\d{1,2}|latin-?1|(?:windows-|cp)125\d|koi8-[ru]"
    r"|shift_jis|euc-(?:jp|kr)|gb2312|gbk|gb18030|big5",
    re.IGNORECASE,
)
_SECONDS = re.compile(r"[0-9]{1,10}")


def output_of(response: HttpResponse, *, elapsed_ms: int) -> dict[str, Any]:
    """The output of an execution.

    ``body`` is the parsed JSON, the text, or (``body_encoding`` tells) the bytes in base64; at most the first 64 KB,
    ``truncated`` otherwise. Cookies are left out: they are secrets.
    """
    encoding, body = _body(response)
    return {
        "status_code": response.status_code,
        "url": response.url,
        "headers": _headers(response),
        "body": body,
        "body_encoding": encoding,
        "truncated": response.truncated,
        "elapsed_ms": elapsed_ms,
    }


def has_retryable_status(response: HttpResponse) -> bool:
    """Whether the server says that it may answer otherwise later, or is to blame itself."""
    return response.status_code in _RETRYABLE_STATUSES or response.status_code >= 500


def retry_after_seconds(response: HttpResponse, now: datetime) -> float | None:
    """What the server asks for in ``Retry-After``, as seconds or as a date; None when it asks for nothing readable."""
    value = dict(response.headers).get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


def _headers(response: HttpResponse) -> dict[str, str]:
    kept: dict[str, str] = {}
    room = _MAX_HEADERS_BYTES
    for name, value in response.headers:
        room -= len(name) + len(value)
        if name not in _SECRET_HEADERS and room >= 0 and len(kept) < _MAX_HEADERS:
            kept[name] = value
    return kept


def _body(response: HttpResponse) -> tuple[str, Any]:
    content_type = dict(response.headers).get("content-type", "")
    text = _text(response, content_type)
    if text is None:
        return "base64", base64.b64encode(response.body).decode("ascii")
    media_type = content_type.partition(";")[0].strip().lower()
    if (media_type == "application/json" or media_type.endswith("+json")) and not response.truncated:
        try:
            value = json.loads(text)
            json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            return "text", text
        return "json", value
    return "text", text


def _text(response: HttpResponse, content_type: str) -> str | None:
    """The body as text, or None for what is not text in its charset."""
    found = _CHARSET.search(content_type)
    charset = found[1] if found is not None and _KNOWN_CHARSET.fullmatch(found[1]) else "utf-8"
    try:
        decoder = codecs.getincrementaldecoder(charset)()
        text = decoder.decode(response.body, final=not response.truncated)
    except (LookupError, UnicodeError):
        return None
    return None if "\x00" in text else text

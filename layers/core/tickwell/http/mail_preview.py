"""A mail as a page of its own that can do nothing: no script, no form, no request to anybody, no way out of its frame.

Whoever wrote the mail is not trusted. The browser is told to treat the page as one of nobody's (``sandbox``) and to
load nothing (``default-src 'none'``); the dashboard's frame says the same once more.
"""

import base64
import html
import re
from collections.abc import Mapping
from typing import Final

from tickwell.application.emails import Message
from tickwell.application.mail_pictures import MOST_BYTES, Picture

PREVIEW_TYPE: Final = "text/html"

PREVIEW_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-DNS-Prefetch-Control": "off",
}
"""Pictures only where the page itself holds them: one from elsewhere would tell its server who looks, and when."""

_REACHES_OUT: Final = re.compile(r"<(?=(?:link|meta|base|i?frame|object|embed)[\s/>])", re.IGNORECASE)
"""Elements for which a browser looks names up and opens connections that no policy forbids: ``preconnect``,
``dns-prefetch``, and frames, for which Chromium connects before it finds them forbidden."""

_TEXT_PAGE: Final = (
    '<!doctype html><html lang="und"><head><title>{title}</title><style>'
    "body{{margin:1rem;background:#fff;color:#1c1c1c;font:15px/1.5 ui-monospace,Menlo,Consolas,monospace}}"
    "pre{{margin:0;font:inherit;white-space:pre-wrap;overflow-wrap:anywhere}}"
    "</style></head><body><pre>\n{text}</pre></body></html>"
)


_LONGEST_PICTURES: Final = MOST_BYTES * 4 // 3 + 1024
"""Of all of them in a page together, in characters: ``MOST_BYTES`` as base64, and what stands before each."""

_CID: Final = re.compile(r"\bcid:([A-Za-z0-9][A-Za-z0-9._@-]{0,99})", re.ASCII | re.IGNORECASE)


def preview_page(message: Message, pictures: Mapping[str, Picture], *, as_text: bool) -> str:
    """``message`` as HTML with its own ``pictures``; its plain text with ``as_text``, and where it has no HTML."""
    if as_text or message.html is None:
        return _TEXT_PAGE.format(title=html.escape(message.subject), text=html.escape(message.text))
    return _with_pictures(_REACHES_OUT.sub("<x-", message.html), pictures)


def _with_pictures(page: str, pictures: Mapping[str, Picture]) -> str:
    """``page`` with each picture in each place that names it, as long as there is room.

    A mail may name one picture a hundred thousand times. What is too much is left as it is, and not shown.
    """
    urls = {inline_id: _data_url(picture) for inline_id, picture in pictures.items()}
    room = _LONGEST_PICTURES

    def shown(found: re.Match[str]) -> str:
        nonlocal room
        url = urls.get(found[1])
        if url is None or len(url) > room:
            return found[0]
        room -= len(url)
        return url

    return _CID.sub(shown, page)


def _data_url(picture: Picture) -> str:
    return f"data:{picture.content_type};base64,{base64.b64encode(picture.data).decode()}"

"""Reads values from HTML by CSS selectors, however broken the page is.

The parser is Lexbor's (selectolax), which builds the tree that a browser would. Hostile pages can keep it busy for
long: it belongs into a process that can be killed (ADR 0058).
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from tickwell.domain.errors import AttemptFailedError

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

MOST_MATCHES = 1_000
"""So many values of one selector are kept of a page."""

LONGEST_TEXT = 64 * 1024
"""Characters that are kept of one value."""

_ROOM_OF_ANY = 8
_BLANKS = re.compile(r"\s+")
_LINKS = frozenset({"action", "cite", "data", "formaction", "href", "poster", "src"})
_NOT_TEXT = frozenset({"script", "style", "template"})
_WITHIN_LINES = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins"}
    | {"kbd", "label", "mark", "nobr", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u"}
    | {"var", "wbr"}
)


class Room:
    """How many characters an attempt may still keep. ``cut`` says that something was left out."""

    def __init__(self, characters: int) -> None:
        self._left = characters
        self.cut = False

    def keep(self, text: str) -> str:
        """As much of ``text`` as there is room for."""
        kept = text[: max(0, min(LONGEST_TEXT, self._left))]
        self._left -= len(kept) + _ROOM_OF_ANY
        self.cut = self.cut or len(kept) < len(text)
        return kept

    @property
    def is_full(self) -> bool:
        """Whether nothing more can be kept."""
        return self._left <= 0


class Page:
    """A parsed page; ``url`` is where it came from."""

    def __init__(self, html: str, url: str) -> None:
        self.url = url
        self._tree = _parsed(html)
        base = self._first("base[href]")
        given = None if base is None else base.attributes.get("href")
        self._base = _joined(url, given or "") or url

    def read(self, css: str, *, attribute: str | None, every: bool, room: Room) -> Any:
        """The text (or the attribute) of the first match or None; with ``every`` those of all matches, as a list.

        Of attributes, only matches that have it count. Links are made absolute.
        """
        found = (value for node in self._tree.css(css) if (value := self._value(node, attribute)) is not None)
        if not every:
            value = next(found, None)
            return None if value is None else room.keep(value)
        values: list[str] = []
        for value in found:
            if len(values) == MOST_MATCHES or room.is_full:
                room.cut = True
                break
            values.append(room.keep(value))
        return values

    def link(self, css: str) -> str | None:
        """Where the first match that has ``href`` leads; None where there is none, or it leads nowhere."""
        found = (node.attributes.get("href") for node in self._tree.css(css))
        href = next((value for value in found if value), None)
        return None if href is None else _joined(self._base, href)

    def _first(self, css: str) -> "LexborNode | None":
        return next(iter(self._tree.css(css)), None)

    def _value(self, node: "LexborNode", attribute: str | None) -> str | None:
        if attribute is None:
            return " ".join("".join(_pieces(node)).split())
        name = attribute.lower()
        if name not in node.attributes:
            return None
        value = node.attributes[name] or ""
        return (_joined(self._base, value) or value) if name in _LINKS else value


def require_selector(field: str, css: str) -> None:
    """Raises AttemptFailedError ``INVALID_SELECTOR``, not retryable, for what the parser cannot read.

    Pseudo-elements, and pseudo-classes that no standard knows, are among it.
    """
    from selectolax.lexbor import SelectolaxError  # noqa: PLC0415 (the API knows this task, and has no parser)

    try:
        _parsed("").css(css)
    except SelectolaxError as error:
        raise AttemptFailedError("INVALID_SELECTOR", f"{field} is not a CSS selector", retryable=False) from error


def _parsed(html: str) -> "LexborHTMLParser":
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 (see above)

    return LexborHTMLParser(html)


def _pieces(node: "LexborNode") -> Iterator[str]:
    """The text in ``node``, with a blank where a browser would begin a new line. Scripts are no text."""
    own_tag = node.tag
    length = 0
    for part in node.traverse(include_text=True):
        if length > LONGEST_TEXT:
            return
        if part.is_text_node:
            parent = part.parent
            tag = None if parent is None else parent.tag
            if tag in _NOT_TEXT and tag != own_tag:
                continue
            text = _BLANKS.sub(" ", part.text_content or "")
            length += len(text.strip())
            yield f" {text}" if _begins_line(part.prev) else text
        elif _begins_line(part) or _begins_line(part.prev):
            yield " "


def _begins_line(node: "LexborNode | None") -> bool:
    return node is not None and node.is_element_node and node.tag not in _WITHIN_LINES | _NOT_TEXT


def _joined(base: str, link: str) -> str | None:
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return None

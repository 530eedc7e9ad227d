"""What a page of ours takes from elsewhere, and what must not stand in it."""

from html.parser import HTMLParser


class StrictPage(HTMLParser):
    """A page that was read: ``places`` are what it names outside itself, ``inline`` what its policy forbids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.places: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        given = dict(attrs)
        self.places += [value for name in ("src", "href") if (value := given.get(name)) and not value.startswith("#")]
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)

"""Listings that come page by page, read to their end."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class AnyPage(Protocol[T_co]):
    """What every listing gives, whatever else it tells."""

    @property
    def items(self) -> Sequence[T_co]: ...

    @property
    def next_cursor(self) -> str | None: ...


def every(page_behind: Callable[[str | None], AnyPage[T]], *, most: int | None = None) -> list[T]:
    """All that is listed; ``page_behind`` gives the page behind a cursor, which may hold ``most`` at the most."""
    found: list[T] = []
    cursor: str | None = None
    while True:
        page = page_behind(cursor)
        assert most is None or len(page.items) <= most
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found

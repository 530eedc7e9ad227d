"""Parameters and bodies that all listings share."""

from enum import StrEnum
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from typing_extensions import TypedDict

DEFAULT_LIMIT = 20
MOST_ON_A_PAGE = 100


class SortOrder(StrEnum):
    """The direction of an order."""

    ASC = "asc"
    DESC = "desc"


Limit = Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE, description="How many to give at most.")]
PageNumber = Annotated[
    int | None,
    Query(
        ge=1,
        le=1_000_000_000,
        description="The number of the page, from 1. Costs what lies before it; not together with `cursor`.",
    ),
]
Cursor = Annotated[
    str | None, Query(max_length=2048, description="`next_cursor` of the page before; left out for the first page.")
]


class Pagination(TypedDict):
    """Where the next page begins. ``next_cursor`` is null on the last page; ``total`` is null where nobody counts.

    ``page`` is the number of the page, where it has one: a page behind a cursor has none.
    """

    limit: int
    next_cursor: str | None
    total: int | None
    total_pages: int | None
    page: int | None


def pagination(limit: int, next_cursor: str | None) -> Pagination:
    """The pagination of a listing by cursor."""
    return Pagination(limit=limit, next_cursor=next_cursor, total=None, total_pages=None, page=None)


def page_number(page: int | None, cursor: str | None, *, is_whole: bool) -> int | None:
    """The number of a page, where it has one: so has a first page that was cut short by nothing."""
    return 1 if page is None and cursor is None and is_whole else page


def paged(limit: int, next_cursor: str | None, *, total: int | None, page: int | None) -> Pagination:
    """The pagination of a listing whose pages have numbers."""
    pages = None if total is None else -(-total // limit)
    return Pagination(limit=limit, next_cursor=next_cursor, total=total, total_pages=pages, page=page)

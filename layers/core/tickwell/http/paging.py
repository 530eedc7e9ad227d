"""Parameters and bodies that all listings share."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from typing_extensions import TypedDict

DEFAULT_LIMIT = 20

Limit = Annotated[int, Query(ge=1, le=100, description="How many to give at most.")]
Cursor = Annotated[
    str | None, Query(max_length=2048, description="`next_cursor` of the page before; left out for the first page.")
]


class Pagination(TypedDict):
    """Where the next page begins. ``next_cursor`` is null on the last page; ``total`` is null where nobody counts."""

    limit: int
    next_cursor: str | None
    total: int | None
    total_pages: int | None
    page: int | None


def pagination(limit: int, next_cursor: str | None) -> Pagination:
    """The pagination of a listing by cursor."""
    return Pagination(limit=limit, next_cursor=next_cursor, total=None, total_pages=None, page=None)

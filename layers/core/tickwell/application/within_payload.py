"""Requests whose own fields become a job's payload, such as those for an image or a mail."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tickwell.domain.errors import InvalidInputError

_WITHIN: Final = "payload."


@contextmanager
def told_by_own_names() -> Iterator[None]:
    """What is wrong with the payload is told by its fields' own names: the caller knows of no payload."""
    try:
        yield
    except InvalidInputError as error:
        also = tuple((field.removeprefix(_WITHIN), reason) for field, reason in error.also)
        raise InvalidInputError(error.field.removeprefix(_WITHIN), error.reason, also=also) from error

"""Names of the tenant's files in payloads."""

from typing import Annotated

from pydantic import AfterValidator

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.task_file import file_blob


def _sound(value: str) -> str:
    try:
        file_blob("any", value)
    except InvalidInputError as error:
        raise ValueError(error.reason) from error
    return value


FileName = Annotated[str, AfterValidator(_sound)]
"""A name that a file of the tenant may have; whether there is one shows when the task runs."""

"""How far an attempt has come, as its task tells it."""

from dataclasses import dataclass
from datetime import datetime

from tickwell.domain.errors import InvalidInputError

LONGEST_PROGRESS_MESSAGE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """``percent`` from 0 to 100, and a few words; ``at`` is when the task said so."""

    percent: float
    message: str | None
    at: datetime


def progress(percent: float, message: str | None, *, at: datetime) -> Progress:
    """Checked progress: a message that is too long is cut. Raises InvalidInputError("percent")."""
    if not 0 <= percent <= 100:
        raise InvalidInputError("percent", "must be from 0 to 100")
    return Progress(percent=percent, message=message and message[:LONGEST_PROGRESS_MESSAGE], at=at)

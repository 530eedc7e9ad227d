"""Quotas: how much of something one tenant may have at a time (X26)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tickwell.domain.errors import InvalidInputError, QuotaExceededError

LARGEST_LIMIT: Final = 999_999_999_999

NO_LIMIT: Final = "none"
"""How a quota without a limit is written where people write it."""


class QuotaName(StrEnum):
    """What the operator decides for each tenant: jobs that have not ended, and members."""

    JOBS = "jobs"
    MEMBERS = "members"


Limits = Mapping[QuotaName, int | None]
"""How many there may be; None: any number. What is not in it is decided elsewhere."""

DEFAULT_LIMITS: Final[Limits] = {QuotaName.JOBS: 1_000_000, QuotaName.MEMBERS: 100}
"""Of a deployment that says nothing else."""

_ADVICE: Final[Mapping[QuotaName, str]] = {
    QuotaName.JOBS: (
        "there are as many unfinished jobs as the organization's quota allows ({limit}): wait until some have ended, "
        "cancel some, or ask the operator for a larger quota"
    ),
    QuotaName.MEMBERS: (
        "there are as many members as the organization's quota allows ({limit}): remove one, "
        "or ask the operator for a larger quota"
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobUse:
    """A tenant's own ``limits``, which go before the deployment's, and its ``unfinished`` jobs.

    ``exact``: all that was written before is counted; otherwise that of some seconds may be missing.
    """

    limits: Limits = field(default_factory=dict)
    unfinished: int = 0
    exact: bool = True


class Origin(StrEnum):
    """Who decided a limit: the deployment for all tenants, the operator for this one, or nobody can change it."""

    DEFAULT = "default"
    OWN = "own"
    FIXED = "fixed"


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaUse:
    """A quota of a tenant, and how much of it is used. ``limit`` None: any number."""

    name: str
    limit: int | None
    used: int
    origin: Origin


def parse_limit(name: str, text: str) -> int | None:
    """The limit that ``text`` says; raises InvalidInputError(``name``)."""
    if text == NO_LIMIT:
        return None
    if text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_LIMIT)):
        return int(text)
    raise InvalidInputError(name, f"must be a whole number from 0 to {LARGEST_LIMIT}, or {NO_LIMIT}")


def exceeded(name: QuotaName, *, limit: int, used: int) -> QuotaExceededError:
    """The error that says so, and what to do about it."""
    return QuotaExceededError(_ADVICE[name].format(limit=limit), quota=name.value, limit=limit, used=used)

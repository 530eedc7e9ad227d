"""What may be said of a job's overlap, misfire and expiry."""

from typing import Any, Literal

from pydantic import Field

from tickwell.application.job_policy import TIMING_FIELDS
from tickwell.domain.retry import Misfire, Overlap
from tickwell.http.strict_body import StrictBody

_LONGEST_EXPIRY_SECONDS = 10 * 365 * 86400
_KINDS: dict[str, type[Overlap | Misfire]] = {"overlap": Overlap, "misfire": Misfire}


class TimingPolicyFields(StrictBody):
    """What becomes of occurrences that come too early for the one before them, or too late."""

    overlap: Literal["skip", "queue_one", "queue_all", "cancel_other", "allow"] | None = Field(
        default=None,
        description="What becomes of an occurrence of a recurring job that comes while the one before it runs, or "
        "waits for its retry: it is left out, waits (one or up to 100), replaces the other, or runs beside it. "
        "Default: `skip`.",
    )
    misfire: Literal["run_once", "run_all", "skip", "refuse"] | None = Field(
        default=None,
        description="What becomes of occurrences that nobody could start in time: one runs for all, all run one after "
        "the other (recurring), none runs, or a `scheduled_time` that has passed is refused (one-time). "
        "Default: `run_once`.",
    )
    misfire_grace_seconds: int | None = Field(
        default=None, ge=0, le=86400, description="How late an occurrence may start without being late. Default: 60."
    )
    misfire_max: int | None = Field(
        default=None, ge=1, le=100, description="With `run_all`: so many run, the newest ones. Default: 100."
    )
    misfire_spread_seconds: int | None = Field(
        default=None, ge=0, le=3600, description="With `run_all`: they start at least so far apart. Default: 1."
    )
    expires_after_seconds: int | None = Field(
        default=None,
        ge=1,
        le=_LONGEST_EXPIRY_SECONDS,
        description="No attempt starts later than this after its occurrence was due. Default: no limit.",
    )

    def timing_terms(self) -> dict[str, Any]:
        """These fields as ``JobTerms`` has them."""
        given = {name: getattr(self, name) for name in TIMING_FIELDS}
        return {
            name: value if value is None or name not in _KINDS else _KINDS[name](value) for name, value in given.items()
        }

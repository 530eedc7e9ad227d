"""What a body says of when a job is due, and how it becomes what the use cases take."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, LiteralString

from pydantic import Field

from tickwell.application.create_job import After, At, Every, Immediately, ScheduleRequest
from tickwell.domain.bounds import MOST_EXCLUSIONS, NO_BOUNDS, Bounds, exclusions
from tickwell.domain.cron import CronExpression, DstMissing, DstRepeated
from tickwell.domain.cron_steps import require_narrow_steps
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.instant import instant
from tickwell.domain.schedule import Cron
from tickwell.domain.zone import zone
from tickwell.http.instants import Instant
from tickwell.http.strict_body import StrictBody

LONGEST_DELAY_SECONDS = 10 * 365 * 86400
LONGEST_INTERVAL_SECONDS = 10 * 365 * 86400
LONGEST_JITTER_SECONDS = 3600
_TIMES = ("scheduled_time", "scheduled_for", "delay_seconds", "cron_expression", "interval_seconds")
RECURRING = frozenset({"cron_expression", "interval_seconds"})
_DST = ("dst_missing", "dst_repeated")
_REFINEMENTS = (*_DST, "start_at", "end_at", "exclude", "jitter_seconds")
"""What may be said of a recurring schedule besides; null means the default."""

_SCHEDULE_TYPES = {
    "scheduled_time": "scheduled",
    "scheduled_for": "scheduled",
    "delay_seconds": "scheduled",
    "cron_expression": "cron",
    "interval_seconds": "interval",
}
_REQUIRED_FOR = {"scheduled": "scheduled_time", "cron": "cron_expression", "interval": "interval_seconds"}


class ScheduleFields(StrictBody):
    """When a job is due."""

    elsewhere: ClassVar[Mapping[str, LiteralString]] = dict.fromkeys(
        ("at", "due_at", "execute_at", "next_run_at", "run_at", "time", "when"),
        "is not known here; did you mean scheduled_time?",
    )

    schedule_type: Literal["immediate", "scheduled", "cron", "interval"] | None = None
    scheduled_time: Instant | None = Field(default=None, description="Due once; an instant in the past runs at once.")
    scheduled_for: Instant | None = Field(default=None, description="The same as `scheduled_time`.")
    delay_seconds: float | None = Field(default=None, ge=0, le=LONGEST_DELAY_SECONDS)
    cron_expression: str | None = Field(default=None, max_length=255, examples=["0 9 * * 1-5"])
    timezone: str | None = Field(
        default=None,
        max_length=64,
        description="IANA time zone of `cron_expression`, and of the dates in `exclude`. Default: `UTC`.",
    )
    interval_seconds: int | None = Field(default=None, ge=1, le=LONGEST_INTERVAL_SECONDS)
    dst_missing: Literal["shift", "skip"] | None = Field(
        default=None,
        description="A local time that a change of the clock leaves out: at the first instant after it (`shift`, the "
        "default), or not at all. With `cron_expression`; one whose hour begins with `*` follows the clock instead.",
    )
    dst_repeated: Literal["first", "last", "both"] | None = Field(
        default=None,
        description="Which showing of a local time counts that the clock shows twice. Default: `first`. "
        "With `cron_expression`, as `dst_missing`.",
    )
    start_at: Instant | None = Field(
        default=None,
        description="Nothing is due before; an interval is counted from it, and first due then. Recurring jobs only.",
    )
    end_at: Instant | None = Field(
        default=None, description="Nothing is due after it; the job is completed then. Recurring jobs only."
    )
    exclude: list[Annotated[str, Field(max_length=21)]] | None = Field(
        default=None,
        max_length=MOST_EXCLUSIONS,
        description="Local dates on which nothing is due: `YYYY-MM-DD`, or ranges `YYYY-MM-DD/YYYY-MM-DD` with both "
        "ends. Recurring jobs only.",
        examples=[["2026-12-24/2026-12-26", "2027-01-01"]],
    )
    jitter_seconds: int | None = Field(
        default=None,
        ge=0,
        le=LONGEST_JITTER_SECONDS,
        description="Each occurrence starts up to so much later than it is due, by a delay that is drawn once for it. "
        "Recurring jobs only.",
    )

    def timed_by(self) -> str | None:
        """The one field that says when; None: at once."""
        given = [field for field in _TIMES if getattr(self, field) is not None]
        if len(given) > 1:
            raise InvalidInputError(given[1], f"cannot stand together with {given[0]}")
        return given[0] if given else None

    def require_schedule_type(self, timed_by: str | None) -> None:
        """Raises InvalidInputError when ``schedule_type`` says something else than the field that says when."""
        actual = "immediate" if timed_by is None else _SCHEDULE_TYPES[timed_by]
        if self.schedule_type in (None, actual):
            return
        if timed_by is None:
            raise InvalidInputError(
                _REQUIRED_FOR[str(self.schedule_type)], f"is required with schedule_type {self.schedule_type}"
            )
        raise InvalidInputError("schedule_type", f"{self.schedule_type} does not go with {timed_by}")

    def schedule(self) -> ScheduleRequest:
        """When. Raises InvalidInputError."""
        timezone = self.timezone or "UTC"
        zone(timezone)
        self._require_fitting_refinements(self.timed_by())
        at = self.scheduled_time or self.scheduled_for
        if at is not None:
            return At(at=at)
        if self.delay_seconds is not None:
            return After(delay_seconds=self.delay_seconds)
        bounds, jitter_seconds = self._bounds(), self.jitter_seconds or 0
        if self.interval_seconds is not None:
            return Every(
                seconds=self.interval_seconds,
                timezone=self.timezone or None,
                bounds=bounds,
                jitter_seconds=jitter_seconds,
            )
        if self.cron_expression is not None:
            require_narrow_steps(self.cron_expression)
            expression = CronExpression.parse(
                self.cron_expression,
                timezone,
                dst_missing=DstMissing(self.dst_missing or DstMissing.SHIFT),
                dst_repeated=DstRepeated(self.dst_repeated or DstRepeated.FIRST),
            )
            return Cron(expression=expression, bounds=bounds, jitter_seconds=jitter_seconds)
        return Immediately()

    def refinements(self) -> Mapping[str, Any]:
        """What is given of a recurring schedule besides expression, interval and zone, as the domain has it.

        None stands for the default. Raises InvalidInputError.
        """
        self._bounds()
        values: dict[str, Any] = {
            "dst_missing": None if self.dst_missing is None else DstMissing(self.dst_missing),
            "dst_repeated": None if self.dst_repeated is None else DstRepeated(self.dst_repeated),
            "start_at": None if self.start_at is None else instant(self.start_at),
            "end_at": None if self.end_at is None else instant(self.end_at),
            "exclude": exclusions(self.exclude or ()),
            "jitter_seconds": self.jitter_seconds,
        }
        return {name: value for name, value in values.items() if name in self.model_fields_set}

    def _bounds(self) -> Bounds:
        """Raises InvalidInputError."""
        bounds = Bounds(
            start_at=None if self.start_at is None else instant(self.start_at),
            end_at=None if self.end_at is None else instant(self.end_at),
            exclude=exclusions(self.exclude or ()),
        )
        return NO_BOUNDS if bounds == NO_BOUNDS else bounds

    def _require_fitting_refinements(self, timed_by: str | None) -> None:
        """Raises InvalidInputError where something is said of the schedule that its kind has no use for."""
        for name in _REFINEMENTS:
            if getattr(self, name) is None:
                continue
            if timed_by not in RECURRING:
                raise InvalidInputError(name, "goes with cron_expression or interval_seconds only")
            if name in _DST and timed_by != "cron_expression":
                raise InvalidInputError(name, "goes with cron_expression only")

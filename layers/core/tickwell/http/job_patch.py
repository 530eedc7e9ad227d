"""What ``PATCH /jobs/{id}`` takes, and how it becomes what the use case takes."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from tickwell.application.create_job import After, At, Every, Immediately
from tickwell.application.edit_job import CronChange, JobEdit, ScheduleChange
from tickwell.domain.cron import CronExpression
from tickwell.domain.cron_steps import require_narrow_steps
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.job import JobStatus
from tickwell.domain.zone import zone
from tickwell.http.job_request import JobFields, Line
from tickwell.http.schedule_request import RECURRING

_NEVER_NULL = (
    "name",
    "status",
    "schedule_type",
    "scheduled_time",
    "scheduled_for",
    "delay_seconds",
    "cron_expression",
    "timezone",
    "interval_seconds",
)


class JobPatch(JobFields):
    """What to change of a job: the fields that are given.

    A field that says when makes another schedule, whose next occurrence is recalculated. Null means: none, or as the
    queue or the task says. ``status`` pauses and resumes.
    """

    name: Line | None = Field(default=None, min_length=1, max_length=255, examples=["Updated Job Name"])
    status: Literal["active", "paused"] | None = Field(
        default=None, description="`paused` pauses a recurring job, `active` resumes it; what it is already stays."
    )

    def to_edit(self) -> JobEdit:
        """What the use case takes. Raises InvalidInputError where nothing is given, or fields contradict each other."""
        if not self.model_fields_set:
            raise InvalidInputError("body", "must name at least one field to change")
        for field in _NEVER_NULL:
            if field in self.model_fields_set and getattr(self, field) is None:
                raise InvalidInputError(field, "must not be null; leave it out to keep what is there")
        return JobEdit(
            given=frozenset(self.model_fields_set),
            name=self.name or "",
            schedule=self._change(),
            refinements=self._refinements(),
            status=None if self.status is None else JobStatus(self.status),
            **self.terms(),
        )

    def _change(self) -> ScheduleChange | None:
        timed_by = self.timed_by()
        self.require_schedule_type(timed_by)
        if timed_by is None and self.schedule_type is not None:
            return Immediately()
        if self.timezone is not None:
            zone(self.timezone)
            if timed_by not in (None, *RECURRING):
                raise InvalidInputError("timezone", "goes with cron_expression or interval_seconds only")
        if self.cron_expression is not None:
            require_narrow_steps(self.cron_expression)
            CronExpression.parse(self.cron_expression, self.timezone or "UTC")
        elif timed_by is not None:
            return self._other_than_cron()
        if self.cron_expression is None and self.timezone is None:
            return None
        return CronChange(text=self.cron_expression, timezone=self.timezone)

    def _refinements(self) -> Mapping[str, Any]:
        """``refinements``, and the zone where it is said together with an interval."""
        given = dict(self.refinements())
        if self.interval_seconds is not None and self.timezone is not None:
            given["timezone"] = self.timezone
        return given

    def _other_than_cron(self) -> At | After | Every:
        schedule = self.schedule()
        if isinstance(schedule, At | After | Every):
            return schedule
        raise InvalidInputError("cron_expression", "cannot stand together with another field that says when")

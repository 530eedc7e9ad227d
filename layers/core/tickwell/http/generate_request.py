"""What ``POST /jobs/generate`` takes."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from tickwell.application.create_job import After, At, Immediately, NewJob, ScheduleRequest
from tickwell.application.generate_image import IMAGE_TASK
from tickwell.domain.errors import InvalidInputError
from tickwell.http.instants import Instant
from tickwell.http.job_request import Line, as_priority
from tickwell.http.schedule_request import LONGEST_DELAY_SECONDS
from tickwell.http.strict_body import StrictBody

_OF_PAYLOAD = ("prompt", "size", "count", "options", "key_secret")


class GenerateRequest(StrictBody):
    """Images to be made: the payload of the task `generate_image`, and when. For all else there is `POST /jobs`."""

    prompt: str = Field(description="What to draw, up to 4,000 characters.")
    size: str = Field(default="1024x1024", description="Width x height in pixels; providers have sizes of their own.")
    count: int = Field(default=1, description="How many images, 1 to 4.")
    options: dict[str, bool | int | float | str] = Field(
        default={}, description="Words of the provider, as `quality` or `seed`; one that it does not know is refused."
    )
    key_secret: str | None = Field(
        default=None, description="Name of a secret of yours with your own key for the provider, where it takes one."
    )
    name: Line = Field(default="Image", min_length=1, max_length=255)
    scheduled_time: Instant | None = Field(default=None, description="Due once; an instant in the past runs at once.")
    delay_seconds: float | None = Field(default=None, ge=0, le=LONGEST_DELAY_SECONDS)
    queue: str | None = Field(
        default=None, max_length=64, description="A named queue. Default: `image-generation`, if there is one."
    )
    priority: Annotated[str | int, BeforeValidator(as_priority)] | None = Field(
        default=None, description="`high`, `medium`, `low`, or a number, as of any job."
    )
    tags: list[Annotated[Line, Field(min_length=1, max_length=50)]] = Field(default=[], max_length=20)

    def to_new_job(self) -> NewJob:
        """What the use case takes. Raises InvalidInputError."""
        given = self.model_dump(include=set(_OF_PAYLOAD), exclude_none=True)
        return NewJob(
            name=self.name,
            task=IMAGE_TASK,
            payload={field: given[field] for field in _OF_PAYLOAD if field in self.model_fields_set and field in given},
            schedule=self._schedule(),
            queue=self.queue,
            priority=self.priority,
            tags=tuple(dict.fromkeys(self.tags)),
        )

    def _schedule(self) -> ScheduleRequest:
        if self.scheduled_time is not None and self.delay_seconds is not None:
            raise InvalidInputError("delay_seconds", "cannot stand together with scheduled_time")
        if self.scheduled_time is not None:
            return At(at=self.scheduled_time)
        if self.delay_seconds is not None:
            return After(delay_seconds=self.delay_seconds)
        return Immediately()

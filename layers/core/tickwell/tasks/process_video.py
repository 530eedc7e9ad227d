"""``process_video``: says what a video is, takes a picture from it, or makes another file of it."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from tickwell.application.task import RunsIn, Task, TaskContext
from tickwell.domain.retry import Policy
from tickwell.outgoing_url import sound_url
from tickwell.tasks.file_names import FileName
from tickwell.tasks.pauses import doubling
from tickwell.tasks.payload import Payload, payload_parser
from tickwell.tasks.video_presets import PICTURES, PRESETS

_OWN_OPTIONS = {"preset": "transcode", "at_seconds": "thumbnail", "width": "thumbnail", "format": "thumbnail"}
_WITH_RESULT = ("thumbnail", "transcode")

TIMEOUT_SECONDS = 840
"""What the longest attempt on AWS has room for, with a little patience for a process."""


class VideoSource(Payload):
    """Where the video is: one of your files, or a URL."""

    file: FileName | None = Field(default=None, description="The name of one of your files")
    url: Annotated[str, AfterValidator(sound_url)] | None = Field(
        default=None,
        max_length=8192,
        description="http:// or https://; at most 4 GB, less on a small disk",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> "VideoSource":
        if (self.file is None) == (self.url is None):
            raise ValueError("must have either file or url")
        return self


class ProcessVideoPayload(Payload):
    """What to do with which video."""

    source: VideoSource
    operation: Literal["probe", "thumbnail", "transcode"]
    preset: str | None = Field(
        default=None, validate_default=True, description=f"For transcode: {', '.join(PRESETS)}", examples=["720p-h264"]
    )
    at_seconds: float | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="For thumbnail; otherwise a tenth of the video in, at most 10 seconds",
    )
    width: int | None = Field(default=None, ge=16, le=4096, description="For thumbnail: at most so many points wide")
    format: Literal["jpeg", "png", "webp"] | None = Field(default=None, description="For thumbnail; otherwise jpeg")
    output: FileName | None = Field(
        default=None, description="The name of the file to write; otherwise one below videos/, the same in each attempt"
    )

    @field_validator("preset", "at_seconds", "width", "format", "output")
    @classmethod
    def _belongs_to_operation(cls, value: Any, info: ValidationInfo) -> Any:
        operation = info.data.get("operation")
        wanted = _WITH_RESULT if info.field_name == "output" else (_OWN_OPTIONS[str(info.field_name)],)
        if value is not None and operation is not None and operation not in wanted:
            raise ValueError(f"is only for the operation {' or '.join(wanted)}")
        return value

    @field_validator("preset")
    @classmethod
    def _known_preset(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("operation") == "transcode":
            raise ValueError(f"is required for the operation transcode: one of {', '.join(PRESETS)}")
        if value is not None and value not in PRESETS:
            raise ValueError(f"must be one of {', '.join(PRESETS)}")
        return value

    @field_validator("output")
    @classmethod
    def _leaves_the_source(cls, value: str | None, info: ValidationInfo) -> str | None:
        source = info.data.get("source")
        if value is not None and isinstance(source, VideoSource) and value == source.file:
            raise ValueError("must not be the source: another attempt could not begin anew")
        return value

    def result_name(self, key: str) -> str:
        """The name of the file to write; ``key`` is the attempt's idempotency key."""
        if self.output is not None:
            return self.output
        made = PRESETS[self.preset] if self.preset is not None else PICTURES[self.format or "jpeg"]
        return f"videos/{key}.{made.extension}"


async def _run(payload: ProcessVideoPayload, context: TaskContext) -> dict[str, Any]:
    from tickwell.tasks.video_work import process  # noqa: PLC0415 - the API checks payloads only

    return await process(payload, context)


PROCESS_VIDEO: Task[ProcessVideoPayload] = Task(
    name="process_video",
    summary="Probes a video, takes a picture from it, or transcodes it, on the heavy lane.",
    parse=payload_parser(ProcessVideoPayload),
    payload_schema=ProcessVideoPayload.model_json_schema,
    run=_run,
    policy=Policy(
        timeout_seconds=TIMEOUT_SECONDS,
        max_retries=5,
        retry=doubling(5.0, most_seconds=3600.0),
    ),
    runs_in=RunsIn.PROCESS,
    heavy=True,
)

"""``generate_image``: makes images from a prompt, and keeps them as files of the tenant."""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, field_validator

from tickwell.application.task import Task, TaskContext
from tickwell.domain.image import ENDINGS, ImageOption, ImageOrder, MadeImage, MadeImages
from tickwell.domain.retry import Policy
from tickwell.domain.secret import is_secret_name
from tickwell.tasks.pauses import doubling
from tickwell.tasks.payload import Payload, payload_parser

GENERATE_IMAGE_NAME: Final = "generate_image"
LONGEST_PROMPT: Final = 4000
MOST_IMAGES: Final = 4
_SIDES: Final = range(64, 2049)
_SIZE: Final = re.compile(r"([0-9]{2,4})x([0-9]{2,4})", re.ASCII)
_MOST_OPTIONS: Final = 20
_OPTION_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
_LONGEST_OPTION: Final = 1000


def _prompt(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    if "\x00" in value:
        raise ValueError("must not contain NUL characters")
    return value


def _size(value: str) -> str:
    found = _SIZE.fullmatch(value)
    if found is None or not all(int(side) in _SIDES for side in found.groups()):
        raise ValueError(
            f"must be a width and a height from {_SIDES[0]} to {_SIDES[-1]} with an x between them, as 1024x1024"
        )
    return value


class GenerateImagePayload(Payload):
    """What to draw. The deployment decides by whom."""

    prompt: Annotated[str, AfterValidator(_prompt)] = Field(min_length=1, max_length=LONGEST_PROMPT)
    size: Annotated[str, AfterValidator(_size)] = Field(
        default="1024x1024", description="Width x height in pixels; providers have sizes of their own"
    )
    count: int = Field(default=1, ge=1, le=MOST_IMAGES, description="How many images")
    options: dict[str, ImageOption] = Field(
        default={}, description="Words of the provider, as quality or seed; one that it does not know is refused"
    )
    key_secret: str | None = Field(
        default=None, description="Name of a secret of yours with your own key for the provider, where it takes one"
    )

    @field_validator("options")
    @classmethod
    def _options_are_bounded(cls, value: dict[str, ImageOption]) -> dict[str, ImageOption]:
        if len(value) > _MOST_OPTIONS:
            raise ValueError(f"must be at most {_MOST_OPTIONS}")
        for name, option in value.items():
            if not _OPTION_NAME.fullmatch(name):
                raise ValueError("must have names of letters, digits and _, which begin with a letter")
            if isinstance(option, str) and len(option) > _LONGEST_OPTION:
                raise ValueError(f"must have values of at most {_LONGEST_OPTION} characters")
        return value

    @field_validator("key_secret")
    @classmethod
    def _names_a_secret(cls, value: str | None) -> str | None:
        if value is not None and not is_secret_name(value):
            raise ValueError("must be the name of a secret: lower-case letters, digits, - and _")
        return value

    def order(self, *, key: str | None, idempotency_key: str) -> ImageOrder:
        """What the provider gets."""
        width, _, height = self.size.partition("x")
        return ImageOrder(
            prompt=self.prompt,
            width=int(width),
            height=int(height),
            count=self.count,
            options=self.options,
            key=key,
            idempotency_key=idempotency_key,
        )


async def _run(payload: GenerateImagePayload, context: TaskContext) -> dict[str, Any]:
    """The names of the files are the attempt's own: what a lost attempt has written is not mixed with what counts."""
    key = None if payload.key_secret is None else await context.secrets.get(payload.key_secret)
    made = await context.images.make(payload.order(key=key, idempotency_key=context.idempotency_key))
    context.log("info", "the images were made", provider=made.provider, model=made.model, count=len(made.images))
    files = []
    for number, image in enumerate(made.images, start=1):
        name = f"images/{context.execution_id}-{number}.{ENDINGS[image.content_type]}"
        await context.files.write(name, image.data, content_type=image.content_type)
        files.append(_shown(name, image))
    return _output(files, made, payload)


def _shown(name: str, image: MadeImage) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "file": {"name": name, "content_type": image.content_type, "size_bytes": len(image.data)},
    }
    if image.revised_prompt is not None:
        shown["revised_prompt"] = image.revised_prompt[:LONGEST_PROMPT]
    return shown


def _output(files: list[dict[str, Any]], made: MadeImages, payload: GenerateImagePayload) -> dict[str, Any]:
    return {"files": files, "provider": made.provider, "model": made.model, "size": payload.size}


GENERATE_IMAGE: Task[GenerateImagePayload] = Task(
    name=GENERATE_IMAGE_NAME,
    summary="Makes images from a prompt and keeps them as files.",
    parse=payload_parser(GenerateImagePayload),
    payload_schema=GenerateImagePayload.model_json_schema,
    run=_run,
    policy=Policy(
        timeout_seconds=600,
        max_retries=3,
        retry=doubling(10.0, most_seconds=600.0),
    ),
)

"""How payload models become the ``parse`` of a task: pydantic's findings in the words of callers."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from tickwell.domain.errors import InvalidInputError

M = TypeVar("M", bound=BaseModel)
_MOST_FAULTS = 20
_REASONS = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this task",
    "model_type": "must be an object",
    "string_unicode": "must be valid Unicode text",  # the same as below, found earlier in strings with constraints
}


class Payload(BaseModel):
    """Base of payload models: unknown fields are refused, values are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    @field_validator("*")
    @classmethod
    def _can_be_written(cls, value: Any) -> Any:
        """Python takes for JSON what no other system can read: NaN, lone surrogates, bottomless nesting."""
        try:
            json.dumps(value, allow_nan=False, ensure_ascii=False, default=str).encode()
        except UnicodeError as error:
            raise ValueError("must be valid Unicode text") from error
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError("must be valid JSON that is not nested too deeply") from error
        return value


def payload_parser(model: type[M]) -> Callable[[Any], M]:
    """A function from a payload to ``model``.

    It raises InvalidInputError: the first fault, the others in ``also``. The message never repeats the value, which
    may be secret.
    """

    def parse(payload: Any) -> M:
        try:
            return model.model_validate(payload)
        except ValidationError as error:
            if payload is None and error.errors(include_input=False)[0]["type"] == "model_type":
                raise InvalidInputError("payload", _absence(model)) from error
            (field, reason), *others = _faults(error)
            raise InvalidInputError(field, reason, also=tuple(others)) from error

    return parse


def _absence(model: type[BaseModel]) -> str:
    """What is said where there is no payload: most who see it have left it out, and want to know what belongs there."""
    required = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    return f"is required: an object with {', '.join(required)}" if required else "must be an object"


def _faults(error: ValidationError) -> list[tuple[str, str]]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [(_field(fault["loc"]), _reason(fault["type"], fault["msg"])) for fault in found[:_MOST_FAULTS]]


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(["payload", *(str(part) for part in location)])


def _reason(kind: str, message: str) -> str:
    plain = message.removeprefix("Value error, ").removeprefix("Input ").replace("should ", "must ", 1)
    return _REASONS.get(kind, plain[:1].lower() + plain[1:])

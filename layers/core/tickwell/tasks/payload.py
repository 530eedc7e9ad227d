"""How payload models become the ``parse`` of a task: pydantic's findings in the words of callers."""

import json
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError, field_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails

from tickwell.domain.errors import InvalidInputError
from tickwell.findings import MOST_FAULTS, ToldModel, known_fields, reason_of, unknown_field

M = TypeVar("M", bound=BaseModel)
_LONGEST_FIELD = 200

EITHER = "x-either"
"""In a payload's JSON Schema: the fields of which there must be one, although none of them is required by itself."""


class Payload(ToldModel):
    """Base of payload models: unknown fields are refused, values are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    either: ClassVar[tuple[str, ...]] = ()
    """Fields of which there must be one, which a validator sees to."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """With what is said by ``either``."""
        found = handler(schema)
        if cls.either:
            handler.resolve_ref_schema(found)[EITHER] = list(cls.either)
        return found

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
            if payload is None:
                raise InvalidInputError("payload", _absence(model)) from error
            (field, reason), *others = _faults(model, error)
            raise InvalidInputError(field, reason, also=tuple(others)) from error

    return parse


def _absence(model: type[BaseModel]) -> str:
    """What is said where there is no payload: most who see it have left it out, and want to know what belongs there."""
    wanted = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    if issubclass(model, Payload) and model.either:
        wanted.append(" or ".join(model.either))
    if wanted:
        return f"is required: an object with {', '.join(wanted)}"
    return f"is required: an object; its fields are {', '.join(known_fields(model))}"


def _faults(model: type[BaseModel], error: ValidationError) -> list[tuple[str, str]]:
    found = error.errors(include_url=False)[:MOST_FAULTS]
    return [(_field(fault["loc"]), _reason(model, fault)) for fault in found]


def _reason(model: type[BaseModel], fault: ErrorDetails) -> str:
    """Models of users, which are no ``Payload``, do not name their fields themselves."""
    if fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1:
        return unknown_field(str(fault["loc"][0]), known_fields(model))
    return reason_of(fault)


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(["payload", *(str(part) for part in location)])[:_LONGEST_FIELD]

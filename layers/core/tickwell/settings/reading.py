"""How settings are read from the environment, and how a missing or wrong one is told."""

import os
from typing import Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from tickwell.findings import reason_of, unknown_field

_PREFIX = "TICKWELL_"
_NUMBERS = frozenset(
    {"int_parsing", "int_parsing_size", "int_from_float", "float_parsing", "finite_number"}
    | {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
)

S = TypeVar("S", bound="Settings")


class SettingsError(Exception):
    """A setting is missing or wrong; the message names each and says what would be right."""


class Settings(BaseModel):
    """What all entry points share. A model is built when it is read: of many, an entry point reads one."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        validate_default=True,
        validate_by_name=True,
        validate_by_alias=True,
        defer_build=True,
    )

    engine: Literal["embedded", "aws"]
    stage: str = "dev"


def load(model: type[S]) -> S:
    """Read the settings of an entry point from the environment; an empty variable is none. Raises SettingsError."""
    try:
        return model.model_validate(_given(model))
    except ValidationError as error:
        raise SettingsError("; ".join(_fault(model, fault) for fault in error.errors())) from None


def refuse_unknown(model: type[Settings]) -> None:
    """Raise SettingsError for a ``TICKWELL_*`` variable that ``model`` does not read: it was meant to do something."""
    known = variable_names(model)
    unknown = sorted(name for name in os.environ if name.startswith(_PREFIX) and name not in known)
    if unknown:
        raise SettingsError("; ".join(f"setting {name}: {unknown_field(name, known)}" for name in unknown))


def variable_of(model: type[Settings], name: str) -> str:
    """The environment variable that the setting ``name`` came from; one that was not given has its first name."""
    given = (variable for variable in _variables(model, name) if os.environ.get(variable))
    return next(given, _variables(model, name)[0])


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The values that nobody may see."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


def variable_names(model: type[Settings]) -> frozenset[str]:
    """The environment variables that ``model`` reads."""
    return frozenset(_variables(model, name)[0] for name in model.model_fields)


def _given(model: type[Settings]) -> dict[str, str]:
    found = {name: os.environ.get(variable_of(model, name)) for name in model.model_fields}
    return {name: value for name, value in found.items() if value}


def _variables(model: type[Settings], name: str) -> list[str]:
    """Those that the setting ``name`` may come from; the first one that is given counts."""
    field = model.model_fields.get(name)
    alias = None if field is None else field.validation_alias
    if isinstance(alias, AliasChoices):
        return [str(one) for one in alias.choices]
    return [name if name.isupper() else _PREFIX + name.upper()]


def _fault(model: type[Settings], fault: ErrorDetails) -> str:
    """One fault as a sentence. The value is left out: it may be a secret."""
    if not fault["loc"]:
        return f"settings: {reason_of(fault)}"
    name = str(fault["loc"][0])
    field = model.model_fields.get(name)
    reason = reason_of(fault) if field is None or fault["type"] not in _NUMBERS else _number_wanted(field)
    return f"setting {variable_of(model, name)}: {reason}"


def _number_wanted(field: FieldInfo) -> str:
    """What number would be right, with its bounds."""
    bounds = {key: getattr(one, key) for one in field.metadata for key in ("ge", "gt", "le") if hasattr(one, key)}
    kind = "a number" if field.annotation is float else "a whole number"
    most = int(bounds["le"])
    if "gt" in bounds:
        return f"must be {kind} above {int(bounds['gt'])} and up to {most}"
    return f"must be {kind} from {int(bounds['ge'])} to {most}"

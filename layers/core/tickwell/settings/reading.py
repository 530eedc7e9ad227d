"""How settings are read from the environment, and how a missing or wrong one is told."""

import os
from typing import Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, SecretStr, ValidationError

_PREFIX = "TICKWELL_"

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
        raise SettingsError("; ".join(_fault(model, fault["loc"], fault["msg"]) for fault in error.errors())) from None


def refuse_unknown(model: type[Settings]) -> None:
    """Raise SettingsError for a ``TICKWELL_*`` variable that ``model`` does not read: it was meant to do something."""
    unknown = sorted(name for name in os.environ if name.startswith(_PREFIX) and name not in variable_names(model))
    if unknown:
        raise SettingsError(f"setting {', '.join(unknown)}: is not known")


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The values that nobody may see."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


def variable_names(model: type[Settings]) -> frozenset[str]:
    """The environment variables that ``model`` reads."""
    return frozenset(_variable(model, name) for name in model.model_fields)


def _given(model: type[Settings]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        variables = [str(one) for one in alias.choices] if isinstance(alias, AliasChoices) else [_variable(model, name)]
        if (value := next(filter(None, map(os.environ.get, variables)), None)) is not None:
            given[name] = value
    return given


def _variable(model: type[Settings], name: str) -> str:
    field = model.model_fields.get(name)
    alias = None if field is None else field.validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return name if name.isupper() else _PREFIX + name.upper()


def _fault(model: type[Settings], location: tuple[int | str, ...], reason: str) -> str:
    """One fault as a sentence. The value is left out: it may be a secret."""
    if not location:
        return f"settings: {reason.removeprefix('Value error, ')}"
    return f"setting {_variable(model, str(location[0]))}: {reason}"

"""The kinds of values that settings have."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from tickwell.domain.account import require_email
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.invocation import AllowedFunctions
from tickwell.domain.outbound import OutboundRules
from tickwell.domain.quota import parse_limit

CommaList = tuple[str, ...]

OptionalAddress = Annotated[str | None, Field(pattern=r"^[^@\s]+@[^@\s]+$")]

OptionalUrl = Annotated[str | None, Field(pattern=r"^https?://[^\s#?]+$", max_length=512)]


def split_list(value: object) -> object:
    """A comma-separated setting as a tuple; blanks around the parts do not count."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def require_hosts(entries: tuple[str, ...]) -> tuple[str, ...]:
    """``entries`` if each is an exact address or a host name; raises ValueError, which becomes a SettingsError."""
    OutboundRules.allowing(entries)
    return entries


def require_functions(entries: tuple[str, ...]) -> tuple[str, ...]:
    """``entries`` if each names functions; raises ValueError, which becomes a SettingsError."""
    AllowedFunctions(entries)
    return entries


def require_address(address: str) -> str:
    """``address`` if it is an e-mail address; raises ValueError, which becomes a SettingsError."""
    try:
        return require_email("address", address)
    except InvalidInputError as error:
        raise ValueError(error.reason) from error


def read_limit(value: object) -> object:
    """A quota from its text; raises ValueError, which becomes a SettingsError."""
    if not isinstance(value, str):
        return value
    try:
        return parse_limit("limit", value)
    except InvalidInputError as error:
        raise ValueError(error.reason) from error


QuotaLimit = Annotated[int | None, BeforeValidator(read_limit)]

"""The kinds of values that settings have."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from tickwell.domain.account import require_email
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.invocation import AllowedFunctions
from tickwell.domain.outbound import OutboundRules, host_fault
from tickwell.domain.quota import parse_limit
from tickwell.text_form import TextForm

CommaList = tuple[str, ...]

_Address = Annotated[
    str, TextForm(pattern=r"^[^@\s]+@[^@\s]+$", words="must be an e-mail address, such as ada@example.com")
]
_Url = Annotated[
    str,
    TextForm(
        pattern=r"^https?://[^\s#?]+$",
        words="must be a URL that begins with http:// or https://, without ? and #, such as https://tickwell.example.com",
    ),
    Field(max_length=512),
]

OptionalAddress = _Address | None
OptionalUrl = _Url | None


def split_list(value: object) -> object:
    """A comma-separated setting as a tuple; blanks around the parts do not count."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def require_hosts(entries: tuple[str, ...]) -> tuple[str, ...]:
    """``entries`` if each is an exact address or a host name; raises ValueError, which becomes a SettingsError."""
    never = OutboundRules.allowing(entries).never_reached()
    if never:
        raise ValueError(f"{', '.join(map(str, never))} cannot be allowed: credentials of machines are to be had there")
    return entries


def require_host_alone(host: str) -> str:
    """``host`` if it is one, without a port; raises ValueError, which becomes a SettingsError."""
    if host_fault(host.lower()) is not None:
        raise ValueError("must be a host alone, such as smtp.example.com; its port is set by TICKWELL_SMTP_PORT")
    return host


OptionalHost = Annotated[str, AfterValidator(require_host_alone)] | None


def require_variable_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """``names`` if environment variables can be called so; raises ValueError, which becomes a SettingsError."""
    if not all(name.isidentifier() and name.isascii() for name in names):
        raise ValueError("must be names of environment variables, separated by commas, such as SHOP_URL,SHOP_TOKEN")
    return names


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

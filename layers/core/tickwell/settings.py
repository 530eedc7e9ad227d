"""What a deployment can choose: one settings model per entry point, read from ``TICKWELL_*`` environment variables.

A missing or wrong one stops the process at start with its name (``SettingsError``). A test holds each function's
environment in template.yaml against its model here.
"""

import os
from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tickwell.domain.account import require_email
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.outbound import OutboundRules
from tickwell.domain.quota import DEFAULT_LIMITS, QuotaName, parse_limit

_PREFIX = "TICKWELL_"
_SETTLE_SECONDS = 30

S = TypeVar("S", bound="Settings")
CommaList = Annotated[tuple[str, ...], NoDecode]
OptionalAddress = Annotated[str | None, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
OptionalUrl = Annotated[str | None, Field(pattern=r"^https?://[^\s#?]+$", max_length=512)]


def split_list(value: object) -> object:
    """A comma-separated setting as a tuple; blanks around the parts do not count."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def read_limit(value: object) -> object:
    """A quota from its text; raises ValueError, which becomes a SettingsError."""
    if not isinstance(value, str):
        return value
    try:
        return parse_limit("limit", value)
    except InvalidInputError as error:
        raise ValueError(error.reason) from error


QuotaLimit = Annotated[int | None, BeforeValidator(read_limit)]


def require_hosts(entries: tuple[str, ...]) -> tuple[str, ...]:
    """``entries`` if each is an exact address or a host name; raises ValueError, which becomes a SettingsError."""
    OutboundRules.allowing(entries)
    return entries


def require_address(address: str) -> str:
    """``address`` if it is an e-mail address; raises ValueError, which becomes a SettingsError."""
    try:
        return require_email("address", address)
    except InvalidInputError as error:
        raise ValueError(error.reason) from error


class SettingsError(Exception):
    """A setting is missing or wrong; the message names each and says what would be right."""


class FarTimerKind(StrEnum):
    """Who brings what is due beyond the direct horizon to its lane."""

    SWEEP = "sweep"
    SCHEDULER = "scheduler"


class Settings(BaseSettings):
    """What all entry points share."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    engine: Literal["embedded", "aws"]
    stage: str = "dev"


class StoreSettings(Settings):
    """Functions that use the table."""

    table: str


class RetentionSettings(Settings):
    """Functions that write history."""

    history_retention_days: int = Field(default=30, ge=1, le=3650)

    @property
    def retention(self) -> timedelta:
        """How long history is kept."""
        return timedelta(days=self.history_retention_days)


class LaneSettings(Settings):
    """Functions that send to the lanes."""

    lane_high_url: str
    lane_medium_url: str
    lane_low_url: str
    lane_heavy_url: str


class HorizonSettings(Settings):
    """Who sends what: see ``tickwell.application.arming``."""

    direct_horizon_seconds: int = Field(default=900, ge=130, le=900)

    @property
    def direct_horizon(self) -> timedelta:
        """What is due within it is sent by whoever armed it."""
        return timedelta(seconds=self.direct_horizon_seconds)


class ArmingSettings(LaneSettings, HorizonSettings):
    """Functions that arm occurrences."""

    far_timer: FarTimerKind
    schedule_group: str
    dispatch_queue_arn: str
    schedule_role_arn: str


class AuditSettings(Settings):
    """How long the audit log is kept."""

    audit_retention_days: int = Field(default=365, ge=1, le=3650)

    @property
    def audit_retention(self) -> timedelta:
        """How long a record is kept."""
        return timedelta(days=self.audit_retention_days)


class LimitSettings(Settings):
    """How many requests in an hour: changes and reads of a user, registrations of an address; 0 for any number."""

    rate_limit_per_hour: int = Field(default=100, ge=0, le=1_000_000)
    read_limit_per_hour: int = Field(default=3600, ge=0, le=1_000_000)
    registrations_per_hour: int = Field(default=1000, ge=0, le=1_000_000)


class QuotaSettings(Settings):
    """What a tenant may have of which the operator decided nothing else; None (``none``) is no limit."""

    quota_jobs: QuotaLimit = DEFAULT_LIMITS[QuotaName.JOBS]
    quota_members: QuotaLimit = DEFAULT_LIMITS[QuotaName.MEMBERS]


class OidcSettings(Settings):
    """Whose tokens count besides our own."""

    oidc_issuer: OptionalUrl = None
    oidc_audience: str | None = Field(default=None, max_length=512)
    allow_private_hosts: CommaList = ()

    _split_hosts = field_validator("allow_private_hosts", mode="before")(split_list)
    _sound_hosts = field_validator("allow_private_hosts")(require_hosts)

    @model_validator(mode="after")
    def _whole_issuer(self) -> "OidcSettings":
        if (self.oidc_issuer is None) != (self.oidc_audience is None):
            raise ValueError("TICKWELL_OIDC_ISSUER and TICKWELL_OIDC_AUDIENCE go together")
        if self.oidc_issuer is None:
            return self
        if (fault := OutboundRules.allowing(self.allow_private_hosts).tls_fault(self.oidc_issuer)) is not None:
            raise ValueError(f"TICKWELL_OIDC_ISSUER {fault}")
        if find_spec("cryptography") is None:
            raise ValueError("TICKWELL_OIDC_ISSUER needs the package cryptography: install requirements/oidc.txt")
        return self


class CoreSettings(StoreSettings, ArmingSettings, RetentionSettings):
    """Functions that arm occurrences and write history."""

    blob_bucket: str


class ApiSettings(CoreSettings, LimitSettings, QuotaSettings, AuditSettings, OidcSettings):
    """functions/api."""

    jwt_secret_id: str
    notification_url: str
    notification_dlq_url: str
    allowed_origins: CommaList = ()

    _split = field_validator("allowed_origins", mode="before")(split_list)


class TaskProcessSettings(Settings):
    """Workers: how tasks run that run in processes of their own. ``task_variables`` are names that tasks may see."""

    task_processes: int = Field(default=2, ge=1, le=64)
    task_memory_mb: int = Field(default=1024, ge=256, le=1024 * 1024)
    task_variables: CommaList = ()

    _names = field_validator("task_variables", mode="before")(split_list)


class WorkerSettings(CoreSettings, TaskProcessSettings):
    """functions/worker."""

    lane_dlq_url: str
    sender_address: str
    allow_private_hosts: CommaList = ()
    worker_timeout_seconds: int = Field(default=900, ge=60, le=900)
    worker_heartbeat_seconds: int = Field(default=60, ge=0, le=3600)

    @property
    def longest_attempt(self) -> timedelta:
        """What the function can offer to one attempt, settling included."""
        return timedelta(seconds=self.worker_timeout_seconds - _SETTLE_SECONDS)

    _split = field_validator("allow_private_hosts", mode="before")(split_list)
    _sound = field_validator("allow_private_hosts")(require_hosts)


class DispatcherSettings(LaneSettings):
    """functions/dispatcher."""

    dispatch_dlq_url: str
    dispatch_queue_url: str


class SafetySyncSettings(CoreSettings):
    """functions/safety_sync."""

    notification_url: str


class DeadLetterSettings(CoreSettings):
    """functions/dead_letter."""


class OutcomesSettings(StoreSettings):
    """functions/outcomes."""

    notification_url: str


class ArchiveSettings(Settings):
    """functions/archive."""

    blob_bucket: str


class NotifierSettings(StoreSettings):
    """functions/notifier."""

    notification_url: str
    notification_dlq_url: str
    sender_address: str
    operator_address: OptionalAddress = None
    public_url: OptionalUrl = None
    allow_private_hosts: CommaList = ()

    _split = field_validator("allow_private_hosts", mode="before")(split_list)
    _sound = field_validator("allow_private_hosts")(require_hosts)


class OperatorSettings(QuotaSettings):
    """The operator's commands: ``table`` on AWS, ``data_dir`` (or ``DATA_DIR``) on the embedded engine.

    ``blob_bucket``: on AWS, for the export alone.
    """

    engine: Literal["embedded", "aws"] = "embedded"
    table: str | None = None
    blob_bucket: str | None = None
    data_dir: Path = Field(default=Path("data"), validation_alias=AliasChoices("TICKWELL_DATA_DIR", "DATA_DIR"))

    @model_validator(mode="after")
    def _where(self) -> "OperatorSettings":
        if (self.table is not None) != (self.engine == "aws"):
            raise ValueError("TICKWELL_ENGINE=aws and TICKWELL_TABLE go together")
        if self.engine == "aws" and find_spec("boto3") is None:
            raise ValueError("TICKWELL_ENGINE=aws needs the package boto3: `make .venv/dev.stamp` installs it")
        return self


class LocalSettings(
    RetentionSettings, HorizonSettings, TaskProcessSettings, LimitSettings, QuotaSettings, AuditSettings, OidcSettings
):
    """The local server on the embedded engine. ``PORT`` and ``DATA_DIR`` work without the prefix as well.

    Without ``smtp_host`` mail goes to the folder ``outbox`` of the data directory.
    """

    engine: Literal["embedded"] = "embedded"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535, validation_alias=AliasChoices("TICKWELL_PORT", "PORT"))
    data_dir: Path = Field(default=Path("data"), validation_alias=AliasChoices("TICKWELL_DATA_DIR", "DATA_DIR"))
    allowed_origins: CommaList = ()
    sender_address: str = "tickwell@tickwell.example"
    operator_address: OptionalAddress = None
    public_url: OptionalUrl = None
    archive: bool = True
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["plain", "starttls", "tls"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    worker_concurrency: int = Field(default=50, ge=1, le=1000)
    worker_timeout_seconds: int = Field(default=900, ge=60, le=86400)
    task_processes: int = Field(default_factory=lambda: min(os.cpu_count() or 1, 64), ge=1, le=64)
    safety_sync_interval_seconds: float = Field(default=60.0, gt=0, le=60.0)
    shutdown_grace_seconds: float = Field(default=20.0, ge=0, le=3600.0)

    @property
    def longest_attempt(self) -> timedelta:
        """What a worker can offer to one attempt, settling included."""
        return timedelta(seconds=self.worker_timeout_seconds - _SETTLE_SECONDS)

    _split = field_validator("allowed_origins", mode="before")(split_list)
    _address = field_validator("sender_address")(require_address)

    @model_validator(mode="after")
    def _whole_login(self) -> "LocalSettings":
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("TICKWELL_SMTP_USER and TICKWELL_SMTP_PASSWORD go together")
        return self


def load(model: type[S]) -> S:
    """Read the settings of an entry point from the environment. Raises SettingsError."""
    try:
        return model()
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

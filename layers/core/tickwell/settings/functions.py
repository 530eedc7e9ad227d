"""The Lambda functions: one model each. A test holds each environment in template.yaml against its model here."""

from datetime import timedelta

from pydantic import Field, field_validator

from tickwell.settings.reading import Settings
from tickwell.settings.shared import (
    SETTLE_SECONDS,
    ArmingSettings,
    AuditSettings,
    FileSettings,
    ImageProviderSettings,
    ImageSettings,
    LaneSettings,
    LimitSettings,
    OidcSettings,
    OutreachSettings,
    QuotaSettings,
    RetentionSettings,
    StoreSettings,
    TaskProcessSettings,
)
from tickwell.settings.values import CommaList, OptionalAddress, OptionalUrl, require_hosts, split_list


class CoreSettings(StoreSettings, ArmingSettings, RetentionSettings):
    """Functions that arm occurrences and write history. ``secrets_prefix``: names of tenants' secrets begin with it."""

    blob_bucket: str
    secrets_prefix: str


class ApiSettings(
    CoreSettings, LimitSettings, QuotaSettings, AuditSettings, OidcSettings, FileSettings, ImageProviderSettings
):
    """functions/api."""

    jwt_secret_id: str
    notification_url: str
    notification_dlq_url: str
    allowed_origins: CommaList = ()

    _split = field_validator("allowed_origins", mode="before")(split_list)


class WorkerSettings(CoreSettings, TaskProcessSettings, OutreachSettings, ImageSettings):
    """functions/worker. ``openai_key_secret_id``: the ARN of a secret with the deployment's key; None: it has none."""

    lane_dlq_url: str
    sender_address: str
    openai_key_secret_id: str | None = None
    allow_private_hosts: CommaList = ()
    worker_timeout_seconds: int = Field(default=900, ge=60, le=900)
    worker_heartbeat_seconds: int = Field(default=60, ge=0, le=3600)

    @property
    def longest_attempt(self) -> timedelta:
        """What the function can offer to one attempt, settling included."""
        return timedelta(seconds=self.worker_timeout_seconds - SETTLE_SECONDS)

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

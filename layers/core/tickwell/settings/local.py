"""The local server."""

import os
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator

from tickwell.settings.shared import (
    AWS_SDK_IS_MISSING,
    SETTLE_SECONDS,
    AuditSettings,
    FileSettings,
    HorizonSettings,
    ImageProvider,
    ImageSettings,
    LimitSettings,
    OidcSettings,
    OutreachSettings,
    QuotaSettings,
    RetentionSettings,
    TaskProcessSettings,
)
from tickwell.settings.values import CommaList, OptionalAddress, OptionalHost, OptionalUrl, require_address, split_list


class LocalSettings(
    RetentionSettings,
    HorizonSettings,
    TaskProcessSettings,
    OutreachSettings,
    LimitSettings,
    QuotaSettings,
    AuditSettings,
    OidcSettings,
    FileSettings,
    ImageSettings,
):
    """The local server on the embedded engine. ``PORT`` and ``DATA_DIR`` work without the prefix as well.

    Without ``smtp_host`` mail goes to the folder ``outbox`` of the data directory; so do SMS and WhatsApp messages,
    unless ``message_provider`` is ``aws``.
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
    message_provider: Literal["outbox", "aws"] = "outbox"
    smtp_host: OptionalHost = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["plain", "starttls", "tls"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    openai_api_key: SecretStr | None = None
    worker_concurrency: int = Field(default=100, ge=1, le=1000)
    worker_timeout_seconds: int = Field(default=900, ge=60, le=86400)
    task_processes: int = Field(default_factory=lambda: min(os.cpu_count() or 1, 64), ge=1, le=64)
    safety_sync_interval_seconds: float = Field(default=60.0, gt=0, le=60.0)
    shutdown_grace_seconds: float = Field(default=20.0, ge=0, le=3600.0)

    @property
    def longest_attempt(self) -> timedelta:
        """What a worker can offer to one attempt, settling included."""
        return timedelta(seconds=self.worker_timeout_seconds - SETTLE_SECONDS)

    _split = field_validator("allowed_origins", mode="before")(split_list)
    _address = field_validator("sender_address")(require_address)

    @model_validator(mode="after")
    def _reachable_images(self) -> "LocalSettings":
        if self.image_provider is ImageProvider.BEDROCK and find_spec("botocore") is None:
            raise ValueError(f"TICKWELL_IMAGE_PROVIDER=bedrock {AWS_SDK_IS_MISSING}")
        return self

    @model_validator(mode="after")
    def _whole_login(self) -> "LocalSettings":
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("TICKWELL_SMTP_USER and TICKWELL_SMTP_PASSWORD go together")
        if self.smtp_user is not None and self.smtp_host is None:
            raise ValueError("TICKWELL_SMTP_USER needs TICKWELL_SMTP_HOST: the mail server to log in to")
        return self

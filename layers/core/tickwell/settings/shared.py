"""What several entry points let a deployment choose."""

import sys
from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from tickwell.domain.outbound import OutboundRules
from tickwell.domain.quota import DEFAULT_LIMITS, QuotaName
from tickwell.settings.reading import Settings
from tickwell.settings.values import (
    CommaList,
    OptionalUrl,
    QuotaLimit,
    require_functions,
    require_hosts,
    require_variable_names,
    split_list,
)
from tickwell.text_form import TextForm

SETTLE_SECONDS = 30

AWS_SDK_IS_MISSING = f"needs the AWS SDK: {sys.executable} -m pip install boto3"
"""On one machine only: where Lambda runs a function, the SDK is there."""

_ImageModel = Annotated[
    str,
    TextForm(
        pattern=r"^[A-Za-z0-9._:/-]{1,128}$",
        words="must be the name of a model: 1 to 128 letters, digits and . _ : / -, such as gpt-image-1",
    ),
]
_OpenAiUrl = Annotated[
    str,
    TextForm(
        pattern=r"^https?://[^\s#?]*[^\s#?/]$",
        words="must be a URL that begins with http:// or https:// and does not end with /, without ? and #, such as "
        "https://api.openai.com/v1",
    ),
]
_SmsSender = Annotated[
    str,
    TextForm(
        pattern=r"^[A-Za-z0-9_:/+-]{1,256}$",
        words="must be a telephone number, a sender id, a pool's id, or an ARN of one of them, such as +4915112345678",
    ),
]
_WhatsAppSender = Annotated[
    str,
    TextForm(
        pattern=r"^(arn:[^:\s]+:social-messaging:[^\s]+:)?phone-number-id[-/][0-9a-zA-Z-]{1,80}$",
        words="must be a phone number id or its ARN, such as phone-number-id-0123456789abcdef",
    ),
]


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


class FarTimerKind(StrEnum):
    """Who brings what is due beyond the direct horizon to its lane."""

    SWEEP = "sweep"
    SCHEDULER = "scheduler"


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
    """How many requests in an hour: changes and reads of a user, registrations of an address; 0 for any number.

    ``hook_limit_per_minute``: messages, of one hook and of one address.
    Images that a user may ask for are counted by the quarter of an hour.
    """

    rate_limit_per_hour: int = Field(default=100, ge=0, le=1_000_000)
    read_limit_per_hour: int = Field(default=3600, ge=0, le=1_000_000)
    registrations_per_hour: int = Field(default=1000, ge=0, le=1_000_000)
    hook_limit_per_minute: int = Field(default=600, ge=0, le=1_000_000)
    images_per_quarter_hour: int = Field(default=10, ge=0, le=1_000_000)


class QuotaSettings(Settings):
    """What a tenant may have of which the operator decided nothing else; None (``none``) is no limit."""

    quota_jobs: QuotaLimit = DEFAULT_LIMITS[QuotaName.JOBS]
    quota_members: QuotaLimit = DEFAULT_LIMITS[QuotaName.MEMBERS]


class FileSettings(Settings):
    """For how long links to tenants' files hold, and how large a file may be that comes by one.

    S3 takes 5 GB in one request, and a link ends with the credentials of the function that made it.
    """

    file_link_seconds: int = Field(default=3600, ge=60, le=43_200)
    largest_file_mb: int = Field(default=1024, ge=1, le=5120)


class ImageProvider(StrEnum):
    """Who makes images."""

    LOCAL = "local"  # nobody: the words of the prompt are drawn, on the heavy lane
    OPENAI = "openai"
    BEDROCK = "bedrock"


class ImageProviderSettings(Settings):
    """Entry points that must know on which lane images are made."""

    image_provider: ImageProvider = ImageProvider.LOCAL


class ImageSettings(ImageProviderSettings):
    """Workers: who makes images. ``image_model`` None: the provider's model that is named in its module."""

    image_model: _ImageModel | None = None
    openai_url: _OpenAiUrl = Field(default="https://api.openai.com/v1", max_length=512)


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


class OutreachSettings(Settings):
    """Workers: what tasks may reach on AWS besides; an empty one is none.

    ``allowed_functions``: what ``invoke_lambda`` may call, names or ARNs, with ``*`` at the end for all that begin so.
    ``sms_sender``: the identity that SMS come from (number, pool, sender id; an ARN of it on AWS). ``whatsapp_sender``:
    the phone number id that WhatsApp messages come from, or its ARN.
    """

    allowed_functions: CommaList = ()
    sms_sender: _SmsSender | None = None
    whatsapp_sender: _WhatsAppSender | None = None

    _split_functions = field_validator("allowed_functions", mode="before")(split_list)
    _sound_functions = field_validator("allowed_functions")(require_functions)


class TaskProcessSettings(Settings):
    """Workers: how tasks run that run in processes of their own. ``task_variables`` are names that tasks may see."""

    task_processes: int = Field(default=2, ge=1, le=64)
    task_memory_mb: int = Field(default=1024, ge=256, le=1024 * 1024)
    task_variables: CommaList = ()

    _names = field_validator("task_variables", mode="before")(split_list)
    _sound_names = field_validator("task_variables")(require_variable_names)

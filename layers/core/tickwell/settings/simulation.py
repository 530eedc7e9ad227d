"""A simulation of the whole system in one process."""

from pydantic import ConfigDict, Field

from tickwell.settings.local import LocalSettings


class SimulationSettings(LocalSettings):
    """What a server has; without limits on requests, and what is given alone. An unknown one is an error."""

    model_config = ConfigDict(extra="forbid")

    archive: bool = False
    rate_limit_per_hour: int = Field(default=0, ge=0, le=1_000_000)
    read_limit_per_hour: int = Field(default=0, ge=0, le=1_000_000)
    registrations_per_hour: int = Field(default=0, ge=0, le=1_000_000)
    images_per_quarter_hour: int = Field(default=0, ge=0, le=1_000_000)

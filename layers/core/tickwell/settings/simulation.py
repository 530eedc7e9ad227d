"""A simulation of the whole system in one process."""

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tickwell.settings.local import LocalSettings


class SimulationSettings(LocalSettings):
    """What a server has; without limits on requests, and deaf to the environment. An unknown one is an error."""

    model_config = SettingsConfigDict(extra="forbid")

    archive: bool = False
    rate_limit_per_hour: int = Field(default=0, ge=0, le=1_000_000)
    read_limit_per_hour: int = Field(default=0, ge=0, le=1_000_000)
    registrations_per_hour: int = Field(default=0, ge=0, le=1_000_000)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature that pydantic calls
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given."""
        return (init_settings,)

"""The operator's commands."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, model_validator

from tickwell.settings.shared import QuotaSettings


class OperatorSettings(QuotaSettings):
    """The operator's commands: ``table`` on AWS, ``data_dir`` (or ``DATA_DIR``) on the embedded engine."""

    engine: Literal["embedded", "aws"] = "embedded"
    table: str | None = None
    data_dir: Path = Field(default=Path("data"), validation_alias=AliasChoices("TICKWELL_DATA_DIR", "DATA_DIR"))

    @model_validator(mode="after")
    def _where(self) -> "OperatorSettings":
        if (self.table is not None) != (self.engine == "aws"):
            raise ValueError("TICKWELL_ENGINE=aws and TICKWELL_TABLE go together")
        if self.engine == "aws" and find_spec("boto3") is None:
            raise ValueError("TICKWELL_ENGINE=aws needs the package boto3: `make .venv/dev.stamp` installs it")
        return self

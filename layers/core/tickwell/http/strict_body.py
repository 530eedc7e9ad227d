"""The base of all request bodies."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

_MOST_FIELDS = 100


class StrictBody(BaseModel):
    """Unknown fields are refused, values are not converted, and findings never repeat a value, which may be secret."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, given: Any) -> Any:
        """Each unknown field is a finding of its own: a body of nothing else would keep the API busy for seconds."""
        if isinstance(given, dict) and len(given) > _MOST_FIELDS:
            raise ValueError(f"must not have more than {_MOST_FIELDS} fields")
        return given

"""Texts of a certain form, which a refusal says in words: a regular expression is nothing for a caller to read."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, kw_only=True, slots=True)
class TextForm:
    """For an annotation: a text that ``pattern`` matches as a whole; ``words`` say what would be right.

    ``Annotated[str, TextForm(pattern=r"^[a-z]{2}$", words="must be a language, such as en")]``
    """

    pattern: str
    words: str

    def check(self, text: str) -> str:
        """``text``; raises ValueError if it is not of this form."""
        if re.fullmatch(self.pattern, text) is None:
            raise ValueError(self.words)
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """What comes before, then the form."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Programs are told the pattern itself."""
        return {**handler(schema), "pattern": self.pattern}

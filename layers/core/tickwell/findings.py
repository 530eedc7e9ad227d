"""What pydantic finds at fault, in words of callers: one place for bodies, queries, payloads and settings."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, LiteralString, Self

from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

MOST_FAULTS = 20
"""How many faults of one input are told."""

_MOST_FIELDS = 100
_LONGEST_MISSPELT = 40
_MOST_KNOWN = 12
_OURS = "told"
_NO_OBJECT = {"model_type", "model_attributes_type", "dict_type"}
_PLAIN = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "list_type": "must be a list",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_unicode": "must be valid Unicode text",  # found earlier than by validators, in strings with constraints
    **dict.fromkeys(_NO_OBJECT, "must be a JSON object"),
}
"""Where pydantic speaks of Python's types and our classes."""


class ToldModel(BaseModel):
    """A model whose findings name the fields that it knows: of a misspelt one the nearest, of no object all.

    More fields than 100 are one fault: each unknown one would be a fault of its own, and keep the API busy for seconds.
    """

    elsewhere: ClassVar[Mapping[str, LiteralString]] = {}
    """What to say of a field that callers look for here, and that has another name or place."""

    @model_validator(mode="wrap")
    @classmethod
    def _tell(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(given, dict) and len(given) > _MOST_FIELDS:
            raise ValueError(f"must not have more than {_MOST_FIELDS} fields")
        try:
            return handler(given)
        except ValidationError as error:
            found = error.errors(include_url=False)[:MOST_FAULTS]
            told = [_told(cls, fault) for fault in found]
            raise ValidationError.from_exception_data(cls.__name__, told, hide_input=True) from None


def reason_of(fault: Mapping[str, Any]) -> str:
    """One of pydantic's findings (with its context) as what would be right; the value is left out, it may be secret."""
    if fault["type"] in _PLAIN:
        return _PLAIN[fault["type"]]
    if fault["type"] in {"too_short", "too_long", "string_too_short", "string_too_long"}:
        return _length(fault)
    if fault["type"] == "value_error":
        return str(fault["msg"]).removeprefix("Value error, ")
    plain: str = fault["msg"].removeprefix("Input ").replace("should ", "must ", 1).partition(", unable to parse")[0]
    return plain[:1].lower() + plain[1:]


def unknown_field(name: str, known: Collection[str]) -> str:
    """What is said of a field that is not among ``known``. The effort has a bound, however long the name is."""
    if likely := _nearest(name, known):
        return f"is not known here; did you mean {_either(likely)}?"
    if 0 < len(known) <= _MOST_KNOWN:
        return f"is not known here; known are {', '.join(sorted(known))}"
    return "is not known here"


def _told(model: type[ToldModel], fault: ErrorDetails) -> InitErrorDetails:
    """``fault`` again: pydantic knows no other way to say one differently and keep those beside it."""
    kind, location, message = fault["type"], fault["loc"], fault["msg"]
    if kind == "extra_forbidden" and len(location) == 1:
        name = str(location[0])
        kind, message = _OURS, model.elsewhere.get(name) or unknown_field(name, known_fields(model))
    elif kind in _NO_OBJECT and not location:
        kind, message = _OURS, _object_wanted(known_fields(model))
    if kind == _OURS:
        error = PydanticCustomError("told", "{message}", {"message": message})
        return InitErrorDetails(type=error, loc=location, input=None)
    return InitErrorDetails(type=kind, loc=location, input=fault["input"], ctx=fault.get("ctx", {}))


def known_fields(model: type[BaseModel]) -> list[str]:
    """The fields of ``model`` as callers write them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _object_wanted(known: Collection[str]) -> str:
    if not known or len(known) > _MOST_KNOWN:
        return "must be a JSON object"
    return f"must be a JSON object; its fields are {', '.join(known)}"


def _nearest(name: str, known: Collection[str]) -> list[str]:
    if len(name) > _LONGEST_MISSPELT:
        return []
    plain = {_plainly(each): each for each in known}
    if same := plain.get(_plainly(name)):
        return [same]
    close = get_close_matches(_plainly(name), plain, n=2, cutoff=0.65)
    return [plain[each] for each in close] or [each for each in known if name.lower() in each.split("_")][:3]


def _plainly(name: str) -> str:
    """``runAt`` and ``run-at`` as ``runat``."""
    return name.lower().replace("_", "").replace("-", "")


def _either(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _length(fault: Mapping[str, Any]) -> str:
    """A text is told in characters, even where pydantic says "value" and "items", and anything else in items."""
    most, least = (fault["ctx"].get(bound) for bound in ("max_length", "min_length"))
    bound, count = ("least", least) if most is None else ("most", most)
    is_text = fault["type"].startswith("string") or isinstance(fault.get("input"), str)
    return f"must have at {bound} {count} {'character' if is_text else 'item'}{'' if count == 1 else 's'}"

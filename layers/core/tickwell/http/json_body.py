"""Reads a request's body strictly: what two parsers might read differently is refused."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.json_value import DEEPEST_NESTING, is_too_deep, parts
from tickwell.http.errors import UnsupportedMediaTypeError
from tickwell.http.exchange import JSON_TYPE


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object in ``text``.

    Raises InvalidInputError("body") for anything that is not one, and as ``parse_value``.
    """
    value = parse_value(text)
    if not isinstance(value, dict):
        raise InvalidInputError("body", "must be a JSON object")
    return value


def parse_value(text: str) -> Any:
    """The JSON value in ``text``.

    Raises InvalidInputError("body") for what is not JSON, for keys that stand twice in one object, numbers beyond what
    JSON and a double hold, lone surrogates, and nesting deeper than ``DEEPEST_NESTING``.
    """
    try:
        value = json.loads(
            text, object_pairs_hook=_without_duplicates, parse_float=_finite, parse_constant=_refuse_constant
        )
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            "body", f"is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise InvalidInputError("body", "holds a number with too many digits") from error
    if text.count("[") + text.count("{") > DEEPEST_NESTING and is_too_deep(value):
        raise _too_deep()
    if "\\u" in text:
        _require_unicode(value)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidInputError("body", f"has the key {key[:100]!a} twice")
        found[key] = value
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise InvalidInputError("body", "holds a number that is too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidInputError("body", f"is not valid JSON: {name} is not a JSON value")


def _too_deep() -> InvalidInputError:
    return InvalidInputError("body", f"is nested deeper than {DEEPEST_NESTING} levels")


def _require_unicode(value: Any) -> None:
    fields = [("body", list(value)), *value.items()] if isinstance(value, dict) else [("body", value)]
    for field, part in fields:
        for text in _texts(part):
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise InvalidInputError(field, "holds half of a surrogate pair, which is not a character") from error


def _texts(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            yield from current
        stack.extend(parts(current))


def body_text(headers: Mapping[str, str], body: bytes) -> str:
    """The body as text; raises UnsupportedMediaTypeError, or InvalidInputError when it is not UTF-8 or empty."""
    media_type, _, parameters = headers.get("content-type", JSON_TYPE).partition(";")
    charset = parameters.replace(" ", "").replace('"', "").lower()
    if media_type.strip().lower() != JSON_TYPE or charset not in {"", "charset=utf-8", "charset=utf8"}:
        raise UnsupportedMediaTypeError(f"send the body as {JSON_TYPE}, in UTF-8")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError("body", "is not valid UTF-8") from error
    if not text.strip():
        raise InvalidInputError("body", "is required: JSON")
    return text

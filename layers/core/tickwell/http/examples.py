"""Examples for the OpenAPI document, made from its schemas: what is described has one, whoever added it.

Fields have the values of ``example_values`` where those fit, then an example or a default of the schema, and then the
simplest value that the schema allows. A test holds every example against its schema.
"""

from collections.abc import Mapping
from typing import Any

from tickwell.http.example_values import VALUES

_REFERENCE = "#/components/schemas/"
_DEEPEST = 12
_NAMED_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_FORMATS = {"date-time": "2026-11-26T09:00:00Z", "date": "2026-11-26", "uri": "https://example.com/"}


class ExampleMaker:
    """Makes examples for one operation of a document with these ``schemas``."""

    def __init__(self, schemas: Mapping[str, Any], operation_id: str) -> None:
        self._schemas = schemas
        self._operation_id = operation_id

    def response(self, schema: Mapping[str, Any]) -> Any:
        """An example of an answer: every field that may be there."""
        return self._make(schema, owner="", name="", sparse=False, depth=0)

    def request(self, schema: Mapping[str, Any]) -> Any:
        """An example of a body: only what is required, and what the schema itself gives an example of."""
        return self._make(schema, owner="", name="", sparse=True, depth=0)

    def value(self, schema: Mapping[str, Any], name: str) -> Any:
        """An example of the parameter ``name``."""
        return self._make(schema, owner="", name=name, sparse=True, depth=0)

    def _make(self, schema: Mapping[str, Any], *, owner: str, name: str, sparse: bool, depth: int) -> Any:
        for key in (f"{self._operation_id}.{name}", f"{owner}.{name}", name):
            if key in VALUES and self._fits(VALUES[key], schema):
                return VALUES[key]
        if "$ref" in schema:
            owner = schema["$ref"].removeprefix(_REFERENCE)
            return self._make(self._schemas[owner], owner=owner, name="", sparse=sparse, depth=depth)
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        for key in ("example", "const", "default"):
            if schema.get(key) is not None:
                return schema[key]
        for choice in schema.get("anyOf", ()) or schema.get("oneOf", ()):
            if choice.get("type") != "null" and depth < _DEEPEST:
                return self._make(choice, owner=owner, name=name, sparse=sparse, depth=depth + 1)
        return self._plain(schema, owner=owner, name=name, sparse=sparse, depth=depth)

    def _plain(self, schema: Mapping[str, Any], *, owner: str, name: str, sparse: bool, depth: int) -> Any:
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema, owner=owner, sparse=sparse, depth=depth)
        if kind == "array":
            if depth >= _DEEPEST or (sparse and not schema.get("minItems")):
                return []
            item = schema.get("items", {})
            return [self._make(item, owner=owner, name=name.removesuffix("s"), sparse=sparse, depth=depth + 1)]
        if kind == "string":
            text = _FORMATS.get(schema.get("format", ""), name or "text")
            return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]
        if kind in {"integer", "number"}:
            return schema.get("minimum", 1)
        return False if kind == "boolean" else None

    def _object(self, schema: Mapping[str, Any], *, owner: str, sparse: bool, depth: int) -> dict[str, Any]:
        required = schema.get("required", ())
        made = {
            field: self._make(described, owner=owner, name=field, sparse=sparse, depth=depth + 1)
            for field, described in schema.get("properties", {}).items()
            if VALUES.get(f"{owner}.{field}") is not ...
            and (field in required or described.get("examples") or not (sparse or depth >= _DEEPEST))
        }
        more = schema.get("additionalProperties")
        if not made and isinstance(more, dict) and more and not sparse and depth < _DEEPEST:
            made["medium"] = self._make(more, owner=owner, name="", sparse=sparse, depth=depth + 1)
        return made

    def _fits(self, value: Any, schema: Mapping[str, Any]) -> bool:
        """Whether ``value`` is of a type that ``schema`` names: the same name may stand for different things."""
        if "$ref" in schema:
            return self._fits(value, self._schemas[schema["$ref"].removeprefix(_REFERENCE)])
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            return any(self._fits(value, choice) for choice in choices)
        if "const" in schema or "enum" in schema:
            return value in schema.get("enum", (schema.get("const"),))
        return _is_of_type(value, schema)


def _is_of_type(value: Any, schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    if kind is None:
        return value is not ...
    if isinstance(value, bool) or kind not in _NAMED_TYPES:
        return kind == "boolean" and isinstance(value, bool)
    if kind == "object" and schema.get("properties") and schema.get("required"):
        return isinstance(value, dict) and set(schema["required"]) <= set(value) <= set(schema["properties"])
    return isinstance(value, _NAMED_TYPES[kind]) and _within(value, schema)


def _within(value: Any, schema: Mapping[str, Any]) -> bool:
    if isinstance(value, str):
        least, most = schema.get("minLength", 0), schema.get("maxLength", len(value))
        return bool(least <= len(value) <= most)
    if isinstance(value, int | float):
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    return True

"""Bodies are read strictly: what two parsers might read differently is refused."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.json_value import DEEPEST_NESTING
from tickwell.http.json_body import parse_object

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), _VALUES, max_size=5), st.booleans())
def test_objects_come_back_as_they_were(document: dict[str, Any], ascii_only: bool) -> None:
    assert parse_object(json.dumps(document, ensure_ascii=ascii_only)) == document


@given(st.text())
def test_any_text_is_an_object_or_invalid(text: str) -> None:
    with contextlib.suppress(InvalidInputError):
        assert isinstance(parse_object(text), dict)


def _nested(levels: int) -> str:
    return '{"a":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not valid JSON"),
        ("{", "is not valid JSON"),
        ("{'a': 1}", "is not valid JSON"),
        ('{"a": 1} x', "is not valid JSON"),
        ('{"a": 1,}', "is not valid JSON"),
        ('{"a": "\t"}', "is not valid JSON"),
        ("null", "must be a JSON object"),
        ("true", "must be a JSON object"),
        ("1", "must be a JSON object"),
        ('"text"', "must be a JSON object"),
        ("[]", "must be a JSON object"),
        ('[{"name": "x"}]', "must be a JSON object"),
        ('{"a": 1, "a": 2}', "has the key 'a' twice"),
        ('{"p": {"b": [{"c": 1, "c": 1}]}}', "has the key 'c' twice"),
        ('{"a": NaN}', "NaN is not a JSON value"),
        ('{"a": Infinity}', "Infinity is not a JSON value"),
        ('{"a": -Infinity}', "-Infinity is not a JSON value"),
        ('{"a": 1e999}', "a number that is too large"),
        ('{"a": -1e999}', "a number that is too large"),
        ('{"a": ' + "1" * 5000 + "}", "a number with too many digits"),
        ('{"\\ud800": 1}', "half of a surrogate pair"),
        ('["\\ud800"]', "half of a surrogate pair"),
        (_nested(DEEPEST_NESTING + 1), "is nested deeper"),
        (_nested(5_000), "is nested deeper"),
        ('{"a":' * 200_000, "is nested deeper"),
        ("[" * 500_000, "is nested deeper"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason) as caught:
        parse_object(text)
    assert caught.value.field == "body"


@pytest.mark.parametrize("value", ['"\\ud800"', '["\\udfff x"]', '{"c": [{"\\ud800": 1}]}'])
def test_half_a_surrogate_pair_is_told_of_the_field_that_holds_it(value: str) -> None:
    with pytest.raises(InvalidInputError, match="half of a surrogate pair") as caught:
        parse_object(f'{{"a": "fine", "b": {value}}}')
    assert caught.value.field == "b"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a": "\\u0000"}', {"a": "\0"}),
        ('{"a": 1.5e300}', {"a": 1.5e300}),
        ('{"a": [[], [], {}]}', {"a": [[], [], {}]}),
        (' {"b": {"a": 1}, "a": 2} ', {"b": {"a": 1}, "a": 2}),
    ],
)
def test_what_is_accepted(text: str, value: Any) -> None:
    assert parse_object(text) == value


def test_nesting_up_to_the_limit_is_accepted() -> None:
    assert parse_object(_nested(DEEPEST_NESTING))


def test_many_keys_cost_no_more_than_their_number() -> None:
    text = "{" + ",".join(f'"k{number}":0' for number in range(100_000)) + "}"
    assert len(parse_object(text)) == 100_000

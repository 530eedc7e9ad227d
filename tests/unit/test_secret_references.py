"""How payloads refer to secrets, and what is checked of such payloads before the values are there."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field

from tickwell.application.task import Task, TaskContext, TaskRegistry
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.secret import (
    MOST_REFERENCES,
    as_plain_text,
    may_refer,
    references_in,
    require_secret_value,
    with_secrets,
)
from tickwell.tasks.payload import Payload, payload_parser

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["{{secret:a}}", "{{secret::", "{{secret:"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def test_references_are_found_wherever_they_are_and_replaced_there() -> None:
    payload = {
        "url": "https://example.com/?key={{secret:key}}&again={{secret:key}}",
        "headers": {"Authorization": "Bearer {{secret:token-2}}"},
        "list": [1, None, ["{{secret:a_b}}"]],
        "{{secret:key}}": "names of fields stay",
    }
    assert references_in(payload) == {
        ("url",): ("key", "key"),
        ("headers", "Authorization"): ("token-2",),
        ("list", "2", "0"): ("a_b",),
    }
    assert with_secrets(payload, {"key": "K", "token-2": "T {{secret:key}}", "a_b": "A"}) == {
        "url": "https://example.com/?key=K&again=K",
        "headers": {"Authorization": "Bearer T {{secret:key}}"},
        "list": [1, None, ["A"]],
        "{{secret:key}}": "names of fields stay",
    }


@pytest.mark.parametrize("text", ["{{secret:}}", "{{secret:Upper}}", "{{secret:a", "{{secret: a}}", "{{secret:a/b}}"])
def test_what_begins_like_a_reference_and_is_none_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InvalidInputError, match="must name a secret") as caught:
        references_in({"headers": {"X": f"before {text} after"}})
    assert caught.value.field == "payload.headers.X"


def test_a_payload_holds_only_so_many_references() -> None:
    references_in(["{{secret:a}}"] * MOST_REFERENCES)
    with pytest.raises(InvalidInputError, match="at most 50 references"):
        references_in(["{{secret:a}}" * (MOST_REFERENCES + 1)])


@given(json_values)
def test_what_outsiders_wrote_comes_out_as_it_was(value: Any) -> None:
    plain = as_plain_text(value)
    assert references_in(plain) == {}
    assert with_secrets(plain, {}) == value


@given(json_values)
def test_a_payload_that_may_not_refer_is_left_as_it_is(value: Any) -> None:
    if not may_refer(value):
        assert references_in(value) == {}
        assert with_secrets(value, {}) == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("short", "at least 6"),
        ("x" * 65_537, "at most 65536 bytes"),
        ("ü" * 32_769, "at most"),
        ("\ud800" * 6, "Unicode"),
    ],
)
def test_a_value_has_bounds(value: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason) as caught:
        require_secret_value(value)
    assert (caught.value.field, value in str(caught.value)) == ("value", False)


def _short(value: str) -> str:
    if len(value) > 5:
        raise ValueError("must be short")
    return value


class _Payload(Payload):
    code: Annotated[str, AfterValidator(_short)]
    number: int = 0
    names: dict[str, Annotated[str, Field(max_length=3)]] = Field(default={})


async def _run(payload: _Payload, context: TaskContext) -> None:
    """Nothing."""


REGISTRY = TaskRegistry(
    [
        Task(
            name="strict",
            summary="of a test",
            parse=payload_parser(_Payload),
            payload_schema=_Payload.model_json_schema,
            run=_run,
        )
    ]
)


@pytest.mark.parametrize(
    "payload",
    [
        {"code": "{{secret:code}}"},
        {"code": "short", "names": {"a": "{{secret:code}}"}},
        {"code": "short", "number": "{{secret:number}}"},
        {"code": "{{secret:code}}", "names": {"a": "{{secret:code}}", "b": "ok"}},
    ],
)
def test_a_text_with_a_reference_is_not_held_against_its_field(payload: Any) -> None:
    REGISTRY.validate("strict", payload)


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        ({"code": "{{secret:code}}", "number": "many"}, ["payload.number"]),
        ({"code": "too long", "names": {"a": "{{secret:code}}", "b": "too long"}}, ["payload.code", "payload.names.b"]),
        ({"code": "{{secret:code}}", "unknown": 1}, ["payload.unknown"]),
        ({"number": 1, "names": {"a": "{{secret:code}}"}}, ["payload.code"]),
        ({"code": "{{secret:Code}}"}, ["payload.code"]),
        (["{{secret:code}}"], ["payload"]),
    ],
)
def test_every_other_fault_counts(payload: Any, fields: list[str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        REGISTRY.validate("strict", payload)
    assert [caught.value.field, *(field for field, _ in caught.value.also)] == fields

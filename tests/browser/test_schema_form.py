"""Whatever pydantic writes as a JSON Schema becomes a form that gives back what it was given."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr

from tests.browser.looking import at


class Colour(StrEnum):
    """What a lamp shows."""

    RED = "red"
    GREEN = "green"


class Lamp(BaseModel):
    """Something that shines."""

    kind: Literal["lamp"] = "lamp"
    colour: Colour = Field(description="What it shows")


class Bell(BaseModel):
    """Something that rings."""

    kind: Literal["bell"] = "bell"
    strokes: int = Field(default=3, ge=1, lt=13)


class Tree(BaseModel):
    """Something in itself."""

    name: str
    left: "Tree | None" = None
    right: "Tree | None" = None


class Everything(BaseModel):
    """One field of each kind."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=2, max_length=10)
    maybe: str | None
    count: int = Field(ge=0, le=100)
    share: float = Field(gt=0, lt=1)
    yes: bool
    perhaps: bool | None = None
    on: bool = True
    size: Literal["s", "m", 3] = "m"
    colour: Colour
    one_or_many: str | list[str]
    number_or_text: int | str
    texts: list[str] = Field(default_factory=list, max_length=3)
    colours: set[Colour] = Field(default_factory=set)
    pair: tuple[int, str] | None = None
    lamps: list[Lamp] = Field(default_factory=list)
    signal: Annotated[Lamp | Bell, Field(discriminator="kind")]
    tree: Tree | None = None
    limits: dict[str, int] = Field(default_factory=dict)
    lists: dict[str, list[int]] = Field(default_factory=dict)
    anything: Any = None
    day: date | None = None
    at: datetime | None = None
    hour: time | None = None
    price: Decimal | None = None
    who: Annotated[str, Field(json_schema_extra={"format": "email"})] | None = None
    where: HttpUrl | None = None
    which: UUID | None = None
    secret: SecretStr | None = None
    version: Literal[2] = 2


FULL: dict[str, Any] = {
    "text": "abc",
    "maybe": None,
    "count": 0,
    "share": 0.5,
    "yes": False,
    "perhaps": False,
    "on": False,
    "size": 3,
    "colour": "green",
    "one_or_many": ["a", "b"],
    "number_or_text": 7,
    "texts": ["x", ""],
    "colours": ["red"],
    "pair": [1, "x"],
    "lamps": [{"kind": "lamp", "colour": "red"}, {"colour": "green"}],
    "signal": {"kind": "bell", "strokes": 5},
    "tree": {"name": "root", "left": {"name": "leaf", "left": None, "right": None}},
    "limits": {"a": 1, "b c": -2},
    "lists": {"odd": [1, 3], "none": []},
    "anything": {"deep": [None, {"x": 1e300}]},
    "day": "2026-11-27",
    "at": "2026-11-27T08:00:00Z",
    "hour": "08:30:00",
    "price": "9.99",
    "who": "ada@example.com",
    "where": "https://example.com/",
    "which": "5b0a8b1c-9e0e-4c57-9f5c-6f4a2f3d1e00",
    "secret": "hush",
    "version": 2,
}

_MAKE = """async ([schema, value]) => {
    const base = new URL(".", document.querySelector("script[type=module]").src);
    const { SchemaForm } = await import(new URL("ui/schema_form.js", base));
    const form = new SchemaForm(schema, { name: "payload", label: "Payload", value: value ?? undefined });
    window.made = form;
    document.querySelector("main").replaceChildren(form.element);
}"""


_FOCUSED = "document.activeElement.labels?.[0]?.firstChild.textContent ?? document.activeElement.ariaLabel"


@pytest.fixture
def forms(signed_in: Page) -> Page:
    """A page of the dashboard that has room for forms."""
    return at(signed_in, "/#/settings/profile")


def _make(page: Page, schema: dict[str, Any], value: Any = None) -> Locator:
    page.evaluate(_MAKE, [schema, value])
    return page.locator(".schema-form")


def _read(page: Page) -> Any:
    return page.evaluate("made.read()")


def _touch_all(page: Page) -> None:
    """As if each field had been typed into: what a form gives then is made of its fields, not kept."""
    page.evaluate("""() => document.querySelectorAll(".schema-form :is(input, select, textarea)")
        .forEach((each) => each.dispatchEvent(new Event("input", {bubbles: true})))""")


def test_what_it_is_given_it_gives_back(forms: Page) -> None:
    form = _make(forms, Everything.model_json_schema(), FULL)
    assert _read(forms) == FULL
    assert forms.evaluate("made.check().length") == 0
    for mode in ("JSON", "Form"):
        form.get_by_role("button", name=mode, exact=True).click()
        assert _read(forms) == FULL
    as_json = form.locator("textarea.mono")
    assert as_json.count() == 2, "only what may be any JSON, and what has a place for each value, is written as JSON"


def test_what_was_typed_into_each_field_is_the_same(forms: Page) -> None:
    _make(forms, Everything.model_json_schema(), FULL)
    _touch_all(forms)
    found = _read(forms)
    assert found == {**FULL, "texts": ["x"]}, "a line that is empty counts for nothing"
    Everything.model_validate(found)


def test_what_is_required_is_asked_for_and_nothing_else(forms: Page) -> None:
    form = _make(forms, Everything.model_json_schema())
    assert forms.evaluate("made.check().length") == 7
    form.get_by_label("Text", exact=True).fill("abc")
    form.get_by_label("Count", exact=True).fill("5")
    form.get_by_label("Share", exact=True).fill("0.25")
    form.get_by_label("Colour", exact=True).first.select_option(label="red")
    form.get_by_label("One or many 1").fill("a")
    kinds = form.get_by_role("group", name="Signal")
    kinds.get_by_label("Kind of Signal").select_option(label="bell")
    expect(kinds.get_by_label("Strokes")).to_have_attribute("placeholder", "3")
    form.get_by_label("Kind of Number or text").select_option(label="Text")
    form.get_by_role("group", name="Number or text").get_by_role("textbox").fill("seven")
    assert forms.evaluate("made.check().length") == 0
    found = _read(forms)
    assert found == {
        "text": "abc",
        "maybe": None,
        "count": 5,
        "share": 0.25,
        "yes": False,
        "colour": "red",
        "one_or_many": ["a"],
        "number_or_text": "seven",
        "signal": {"kind": "bell"},
        "version": 2,
    }
    Everything.model_validate(found)


def test_limits_are_told_before_anything_is_sent(forms: Page) -> None:
    form = _make(forms, Everything.model_json_schema(), FULL)
    for label, wrong, told in (
        ("Text", "a", "at least 2 characters"),
        ("Count", "101", "0 to 100"),
        ("Count", "1.5", "whole number"),
        ("Count", "many", "must be a number"),
        ("Share", "1", "less than 1"),
        ("Anything", "{", "not valid JSON"),
        ("Anything", "12345678901234567890", "too large"),
    ):
        field = form.get_by_label(re.compile(f"^{label}(optional)?$")).first
        before = field.input_value()
        field.fill(wrong)
        assert forms.evaluate("made.check().length") == 1, (label, wrong)
        expect(form.locator(".fault:visible")).to_contain_text(told)
        field.fill(before)
    assert forms.evaluate("made.check().length") == 0


def test_what_the_api_says_stands_at_the_field(forms: Page) -> None:
    form = _make(forms, Everything.model_json_schema(), FULL)
    for path, label in (
        ("one_or_many.1", "One or many 2"),
        ("one_or_many.list[str].1", "One or many 1"),
        ("lamps.1.colour", "Colour"),
        ("signal.bell.strokes", "Strokes"),
        ("tree.left.name", "Name"),
        ("limits.b c", "Value of Limits 2"),
        ("anything.deep.0", "Anything"),
    ):
        forms.evaluate(
            "(path) => { window.told = made.report(path, 'is not right'); told.target().focus(); }", path.split(".")
        )
        expect(form.locator(".fault:visible")).to_contain_text("is not right")
        assert forms.evaluate(_FOCUSED) == label
        forms.evaluate("told.clear()")


def test_what_the_form_cannot_show_is_kept_as_json(forms: Page) -> None:
    value = {"text": 7, "count": "many", "unknown": [1], "signal": "none", "colour": "blue", "constructor": "A"}
    form = _make(forms, Everything.model_json_schema(), value)
    assert _read(forms) == value
    expect(form.get_by_label("Text", exact=True)).to_have_value("7")
    expect(form.get_by_text("The task does not know these")).to_be_visible()
    _touch_all(forms)
    found = _read(forms)
    assert {name: found[name] for name in value} == value


def test_a_payload_need_not_be_an_object_with_fields(forms: Page) -> None:
    cases: list[tuple[dict[str, Any], Any]] = [
        ({}, "a text"),
        ({"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ({"additionalProperties": {"type": "string"}, "type": "object"}, {"a": "b"}),
    ]
    for schema, value in cases:
        _make(forms, schema, value)
        _touch_all(forms)
        assert _read(forms) == value

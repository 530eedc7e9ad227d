"""What ``generate_image`` accepts, and where it runs."""

from typing import Any

import pytest

from tickwell.bootstrap.images import on_its_lane
from tickwell.domain.errors import InvalidInputError
from tickwell.settings.shared import ImageProvider, ImageProviderSettings
from tickwell.tasks.generate_image import GENERATE_IMAGE
from tickwell.tasks.registry import built_in_tasks

GOOD: dict[str, Any] = {"prompt": "A lighthouse in the fog"}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"prompt": "x" * 4000},
        {"prompt": "two\nlines, 日本語"},
        {"size": "64x2048"},
        {"count": 4},
        {"options": {"quality": "high", "seed": 3, "cfgScale": 6.5, "premium": True}},
        {"key_secret": "openai-key"},
        {"key_secret": None},
    ],
)
def test_sound_payloads_are_accepted(change: dict[str, Any]) -> None:
    order = GENERATE_IMAGE.parse({**GOOD, **change}).order(key="k", idempotency_key="i")
    assert order.size == change.get("size", "1024x1024")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \n"}, "prompt"),
        ({"prompt": "a\x00b"}, "prompt"),
        ({"prompt": "\ud800"}, "prompt"),
        ({"prompt": "x" * 4001}, "prompt"),
        ({"prompt": 3}, "prompt"),
        ({"size": "1024"}, "size"),
        ({"size": "63x100"}, "size"),
        ({"size": "100x2049"}, "size"),
        ({"size": "1024X1024"}, "size"),
        ({"size": "1024x1024\n"}, "size"),
        ({"count": 0}, "count"),
        ({"count": 5}, "count"),
        ({"count": "1"}, "count"),
        ({"options": {f"o{n}": 1 for n in range(21)}}, "options"),
        ({"options": {"a b": 1}}, "options"),
        ({"options": {"a": "x" * 1001}}, "options"),
        ({"key_secret": "no such name"}, "key_secret"),
        ({"model": "x"}, "model"),
    ],
)
def test_bad_payloads_are_refused_with_their_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        GENERATE_IMAGE.parse({**GOOD, **change})
    assert caught.value.field == f"payload.{field}"


def test_values_of_options_are_plain() -> None:
    with pytest.raises(InvalidInputError) as caught:
        GENERATE_IMAGE.parse({**GOOD, "options": {"a": [1]}})
    assert caught.value.field.startswith("payload.options.a")


@pytest.mark.parametrize("provider", ImageProvider)
def test_only_what_is_drawn_here_keeps_a_processor_busy(provider: ImageProvider) -> None:
    settings = ImageProviderSettings(engine="embedded", image_provider=provider)
    registry = on_its_lane(built_in_tasks(), settings)
    assert registry.get("generate_image").heavy is (provider is ImageProvider.LOCAL)
    assert not registry.get("echo").heavy


def test_the_key_is_not_shown() -> None:
    order = GENERATE_IMAGE.parse(GOOD).order(key="sk-secret", idempotency_key="i")
    assert "sk-secret" not in repr(order)

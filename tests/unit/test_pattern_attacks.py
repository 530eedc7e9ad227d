"""The search for slow regular expressions finds those that are known to be slow, and no others."""

import gc
import re
import time

import pytest

from tests.chaos.security.pattern_walk import Used, walk
from tests.chaos.security.redos import slowness, texts

QUICK = (500, 2_000, 8_000)


def used(pattern: str, method: str = "fullmatch", flags: int = 0) -> Used:
    compiled = re.compile(pattern, flags)
    return Used(where="here", pattern=pattern, flags=compiled.flags, apply=getattr(compiled, method))


def is_slow(one: Used) -> bool:
    return any(slowness(one, text, QUICK) is not None for text in texts(one))


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"(a+)+", "fullmatch"),
        (r"(a|a)*b", "fullmatch"),
        (r"([a-z0-9]+\.?)+@", "match"),
        (r"\s+$", "search"),
        (r"[^<>]* *<", "match"),
        (r"a*a*b", "fullmatch"),
        (r"<!--.*-->", "search"),
    ],
)
def test_a_slow_pattern_is_found(pattern: str, method: str) -> None:
    assert is_slow(used(pattern, method))


@pytest.mark.parametrize(
    ("pattern", "method"),
    [(r"[^<>]*+ *<", "match"), (r"[a-z]+(?:\.[a-z]+)*", "fullmatch"), (r"a{1,64}b", "search"), (r"^\s+$", "match")],
)
def test_a_quick_pattern_is_not(pattern: str, method: str) -> None:
    assert not is_slow(used(pattern, method))


def test_what_somebody_else_takes_once_is_not_the_patterns() -> None:
    seen: list[str] = []

    def apply(text: str) -> None:
        seen.append(text)
        began = time.process_time()
        while len(seen) == 1 and time.process_time() - began < 0.05:
            hash(text)

    assert slowness(Used(where="here", pattern="a", flags=0, apply=apply), ("", "a", ""), QUICK) is None
    assert len(set(seen)) == len(seen), "what was read once may be remembered"


def test_garbage_is_not_collected_while_a_text_is_read() -> None:
    collecting: list[bool] = []
    one = Used(where="here", pattern="a", flags=0, apply=lambda _text: collecting.append(gc.isenabled()))
    assert slowness(one, ("", "a", ""), QUICK) is None
    assert set(collecting) == {False}
    assert gc.isenabled()


def test_the_walk_finds_what_is_known_to_be_there() -> None:
    found = walk()
    places = {one.where.removesuffix(" match").partition(":")[0] for one in found.used}
    assert {"tickwell.domain.account", "tickwell.settings.values", "tickwell.adapters.mime", "a route"} <= places
    assert any(one.where.startswith("tickwell.adapters.aws.dynamodb.keys") for one in found.used), "by match_key"
    assert found.unknown == ()

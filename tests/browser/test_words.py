"""What the dashboard says of schedules, held against what the API makes of them."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page

from tickwell.domain.cron_fields import CronFields, read_fields
from tickwell.domain.errors import InvalidInputError

_SAID = {
    "* * * * *": "Every minute",
    "*/15 * * * *": "Every 15 minutes",
    "15 * * * *": "Every hour, at 15 minutes past",
    "30 1-23/2 * * *": "Every 2 hours, from 01:30 on",
    "0 9 * * 1-5": "Every weekday at 09:00",
    "0 9,17 * * mon": "Every Monday at 09:00 and 17:00",
    "*/15 9-17 * * 1-5": "Every weekday, every 15 minutes from 09:00 to 17:45",
    "0 9 * * mon-thu": "Monday to Thursday at 09:00",
    "30 3 * * 6,0": "Every Saturday and Sunday at 03:30",
    "0 0 1 */3 *": "On the 1st of January, April, July and October at 00:00",
    "0 0 L * *": "On the last day of every month at 00:00",
    "0 9 * * 5#2": "On the second Friday of every month at 09:00",
    "0 9 * 6-8 L5": "On the last Friday of June to August at 09:00",
    "0 9 15W * *": "On the working day nearest to the 15th of every month at 09:00",
    "0 0 13 * 5": "On the 13th of every month and also every Friday at 00:00",
    "0 0 */2 * 1": "On every 2nd day from the 1st of every month if it is a Monday at 00:00",
    "*/7 * * * *": "At minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour",
    "0,20,45 9-12,14 * 12 *": "Every day in December at minutes 0, 20 and 45 of hours 9 to 12 and 14",
    "0 9 * * * */10": "Every 10 seconds from 09:00 to 09:00:50",
    "@daily": "Every day at 00:00",
    "nonsense": None,
}
_FROM_NOW = {
    0: "now",
    59: "in 59 seconds",
    60: "in 1 minute",
    3569: "in 59 minutes",
    3570: "in 1 hour",
    -3599: "1 hour ago",
    84599: "in 23 hours",
    84600: "tomorrow",
    29 * 86400: "in 29 days",
}
_RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}
_NAMES = {"month": ("JAN", "mar", "dec"), "weekday": ("SUN", "wed", "sat")}
_SPECIAL = {"day": ("L", "15w", "w3"), "weekday": ("L5", "mon#2", "l7", "?")}
_LENGTHS = {"minute": 60, "hour": 24, "month": 12, "second": 60}


def evaluate(page: Page, module: str, call: str, given: Sequence[str]) -> Any:
    """What a module of the dashboard answers for each of ``given``."""
    page.goto("/#/sign-in")
    script = """async ([module, call, given]) => {
        const base = document.querySelector('script[type=module]').src;
        const found = await import(new URL(module, base).href);
        return JSON.stringify(given.map((each) => found[call](each)));
    }"""
    return json.loads(page.evaluate(script, [module, call, list(given)]))


def test_cron_expressions_are_told_in_plain_english(page: Page) -> None:
    said = evaluate(page, "lib/words.js", "cronWords", list(_SAID))
    assert dict(zip(_SAID, said, strict=True)) == _SAID


def test_spans_are_told_in_the_unit_that_they_fill(page: Page) -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    page.clock.set_fixed_time(now)
    instants = [(now + timedelta(seconds=seconds)).isoformat() for seconds in _FROM_NOW]
    said = evaluate(page, "lib/time.js", "fromNow", instants)
    assert dict(zip(_FROM_NOW, said, strict=True)) == _FROM_NOW


@pytest.mark.parametrize("seed", [20261127])
def test_an_expression_is_read_as_the_api_reads_it_or_not_at_all(page: Page, seed: int) -> None:
    chance = random.Random(seed)
    given = [text for text in (_expression(chance) for _ in range(600)) if not _never_comes(text)]
    read = evaluate(page, "lib/cron.js", "readCron", given)
    for fields in read:
        if fields is not None:
            fields["nth"].sort()
    wrong = [(text, got) for text, got in zip(given, read, strict=True) if got is not None and got != _wanted(text)]
    assert wrong == []
    assert sum(got is not None for got in read) > len(given) // 2


def _expression(chance: random.Random) -> str:
    return " ".join("*" if chance.random() < 0.4 else _field(chance, name) for name in _RANGES)


def _field(chance: random.Random, name: str) -> str:
    return ",".join(_item(chance, name) for _ in range(chance.choice((1, 1, 2))))


def _item(chance: random.Random, name: str) -> str:
    low, high = _RANGES[name]

    def one() -> str:
        return str(chance.choice([*_NAMES.get(name, ()), chance.randint(low, high)]))

    step = chance.randint(1, 9)
    items = [one(), f"{one()}-{one()}", f"*/{step}", f"{one()}/{step}", *_SPECIAL.get(name, ())]
    return chance.choice(items)


def _never_comes(text: str) -> bool:
    """Whether it can be read, but no date is like that, which the dashboard does not look into."""
    try:
        read_fields(text)
    except InvalidInputError as error:
        return "never comes" in str(error)
    return False


def _wanted(text: str) -> dict[str, Any] | None:
    """What the dashboard is to make of it; None where the API refuses it."""
    try:
        fields = read_fields(text)
    except InvalidInputError:
        return None
    rule = fields.day_rule
    days = _bits(rule.days, 31)
    return {
        **{name: _listed(fields, f"{name}s", length) for name, length in _LENGTHS.items()},
        "days": days,
        "lastDay": rule.last_day and days is not None,
        "nearest": list(rule.nearest),
        "weekdays": [] if rule.nth else _bits(rule.weekdays, 7),
        "nth": sorted(list(pair) for pair in rule.nth),
        "either": rule.day_or,
    }


def _listed(fields: CronFields, name: str, length: int) -> list[int] | None:
    values = sorted(getattr(fields, name))
    return None if len(values) == length else values


def _bits(mask: int | None, length: int) -> list[int] | None:
    days = None if mask is None else [day for day in range(32) if mask >> day & 1]
    return None if days is None or len(days) == length else days

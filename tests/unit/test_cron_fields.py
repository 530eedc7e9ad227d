"""The fields of cron expressions: stepped through as croniter does, quickly, and refused with the part at fault."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import pytest
from croniter import CroniterBadDateError, croniter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.doubles import NOON
from tickwell.domain.bounds import Bounds, exclusions
from tickwell.domain.cron import CronExpression, DstMissing
from tickwell.domain.cron_fields import YEARS_AHEAD, read_fields
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.schedule import Cron, Interval, next_due

BEGIN, END = datetime(2020, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001 - wall clocks
SECOND = timedelta(seconds=1)


def field(low: int, high: int, *words: str) -> st.SearchStrategy[str]:
    """A field of a cron expression, with lists, ranges (also backwards), steps and ``words``."""
    number = st.integers(low, high)
    ranges = st.tuples(number, number).filter(lambda ends: ends[0] != ends[1]).map(lambda ends: f"{ends[0]}-{ends[1]}")
    one = st.one_of(
        number.map(str),
        ranges,
        st.integers(1, high).map(lambda step: f"*/{step}"),
        st.tuples(ranges, st.integers(1, 7)).map(lambda both: f"{both[0]}/{both[1]}"),
        *([st.sampled_from(words)] if words else []),
    )
    return st.one_of(st.just("*"), st.lists(one, min_size=1, max_size=3).map(",".join))


EXPRESSIONS = st.tuples(
    field(0, 59),
    field(0, 23),
    st.one_of(field(1, 31, "L"), st.sampled_from(["15W", "1W", "31W", "?"])),
    field(1, 12, "JAN", "feb-apr"),
    st.one_of(field(0, 6, "mon", "fri-tue"), st.sampled_from(["?", "5#2", "L3", "mon#1,wed#3", "MON#5"])),
    st.one_of(st.none(), field(0, 59)),
).map(lambda parts: " ".join(part for part in parts if part is not None))


def steps(text: str, start: datetime) -> Iterator[datetime]:
    fields, at = read_fields(text), start
    while (found := fields.first_from(at)) is not None:
        yield found
        at = found + SECOND


def steps_of_croniter(text: str, start: datetime) -> Iterator[datetime]:
    """Slow. Whether one of the two day fields is enough, the text decides (features.md), not what it comes to."""
    parts = text.split()
    day_or = not parts[2].startswith(("*", "?")) and not parts[4].startswith(("*", "?"))
    walker: croniter[datetime] = croniter(
        text, start - SECOND, ret_type=datetime, day_or=day_or, max_years_between_matches=YEARS_AHEAD
    )
    while True:
        try:
            yield walker.get_next(datetime)
        except CroniterBadDateError:
            return


@contextmanager
def soon() -> Iterator[None]:
    """What is done inside takes little time of this thread; the garbage of other tests is collected before or after."""
    gc.disable()
    try:
        begun = time.thread_time()
        yield
        took = time.thread_time() - begun
    finally:
        gc.enable()
    assert took < 0.05


@given(text=EXPRESSIONS, start=st.datetimes(BEGIN, END).map(lambda at: at.replace(microsecond=0)))
@settings(max_examples=400)
def test_the_calendar_is_walked_as_croniter_walks_it(text: str, start: datetime) -> None:
    """But for its rules where both day fields are restricted: for ``#``, ``L``, ``W`` and what comes to all days."""
    _, _, day, _, weekday, *_ = text.split()
    assume(day.startswith(("*", "?")) or weekday.startswith(("*", "?")) or not set("#LW") & set(day + weekday))
    try:
        rule = read_fields(text).day_rule
    except InvalidInputError:
        assume(False)
    assume(not rule.day_or or None not in {rule.days, rule.weekdays})
    ours, theirs = steps(text, start), steps_of_croniter(text, start)
    assert [next(ours, None) for _ in range(4)] == [next(theirs, None) for _ in range(4)]


@given(text=st.text(alphabet="0123456789*/,-#?LWlwRHabcdfimnotuJAN \t@", max_size=40))
@settings(max_examples=500)
def test_whatever_is_written_is_read_or_refused_by_name_and_soon(text: str) -> None:
    with soon(), suppress(InvalidInputError):
        assert read_fields.__wrapped__(text).first_from(BEGIN) is not None


WIDE_STEPS = ["*/90 * * * *", "0 */25 * * *"]
"""Nobody may ask for them any more; stored ones go on as cron does."""

SELDOM = ["0 0 29 2 */7", "0 0 */28 2 1#5", "59 23 29 2 */4 59", "0 0 */30 1 L6", "0 0 29 2 *"]
NEVER = ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30,31 2 ?", "0 0 31 4 */2 59", "0 0 30 2 */3", "0 0 31 JUN *"]


@pytest.mark.parametrize("text", [*SELDOM, *NEVER, "* * * * * *", "@yearly"])
def test_no_expression_takes_long(text: str) -> None:
    with soon():
        try:
            fields = read_fields.__wrapped__(text)
            for year in range(2020, 2090):
                assert fields.first_from(datetime(year, 3, 1)) is not None  # noqa: DTZ001
        except InvalidInputError:
            assert text in NEVER


@pytest.mark.parametrize("text", NEVER)
def test_a_date_that_never_comes_is_refused_with_its_parts(text: str) -> None:
    with pytest.raises(InvalidInputError, match="never comes: no date has day of month") as caught:
        read_fields(text)
    assert caught.value.field == "cron_expression"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("60 * * * *", "the minute '60'"),
        ("* 24 * * *", "the hour '24'"),
        ("* * 32 * *", "the day of month '32'"),
        ("* * * FOO *", "the month 'FOO'"),
        ("* * * * 8", "the day of week '8'"),
        ("* * * * * 60", "the second '60'"),
        ("* * * * mon,wed#3", "the day of week 'mon,wed#3'"),
    ],
)
def test_the_part_at_fault_is_named(text: str, part: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a cron expression") as caught:
        read_fields(text)
    assert part in str(caught.value)


@pytest.mark.parametrize("text", ["1,R * * * *", "* * * * 1,h", "r(1-5) * * * *", "* * H * *"])
def test_what_is_drawn_by_lot_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(InvalidInputError, match="random"):
        read_fields(text)


def test_no_schedule_takes_long_however_little_its_bounds_and_policies_leave() -> None:
    """A cold zone, a date that the clock never shows, and decades that are left out."""
    in_gaps = CronExpression.parse("30 2 * 3 L0", "Europe/Vienna", dst_missing=DstMissing.SKIP)
    decades = Bounds(exclude=exclusions([f"{year}-01-01/{year}-12-30" for year in range(2027, 2100)]))
    every_second = CronExpression.parse("* * * * * *", "America/Scoresbysund")
    rarely = CronExpression.parse("0 0 29 2 */7", "Antarctica/Troll")
    cases: list[tuple[Cron | Interval, bool]] = [
        (Cron(expression=in_gaps), False),
        (Cron(expression=every_second, bounds=decades), True),
        (Cron(expression=rarely, bounds=decades), False),
        (Interval(seconds=1, anchor_at=NOON, timezone="Pacific/Easter", bounds=decades), True),
    ]
    for schedule, comes in cases:
        with soon():
            assert (next_due(schedule, NOON + timedelta(days=60)) is not None) == comes


@pytest.mark.parametrize(("text", "hours"), list(zip(WIDE_STEPS, (1, 24), strict=True)))
def test_an_expression_with_too_wide_a_step_that_is_stored_goes_on(text: str, hours: int) -> None:
    first = read_fields(text).first_from(datetime(2026, 11, 1))  # noqa: DTZ001 - a wall clock's reading
    assert first is not None
    following = read_fields(text).first_from(first + timedelta(seconds=1))
    assert following == first + timedelta(hours=hours)

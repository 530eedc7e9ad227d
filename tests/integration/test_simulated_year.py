"""Each occurrence has exactly one outcome; see ``tests.bench.year`` for the whole year of a thousand jobs."""

from datetime import UTC, datetime, timedelta

from tests.bench.year import Daily, live


def test_three_weeks_of_daily_jobs_in_five_zones() -> None:
    lived = live(240, 21, spread=True)
    assert lived.occurrences == 240 * 21
    assert lived.wrong == []


def test_the_count_knows_what_a_change_of_the_clock_does() -> None:
    start = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)
    in_gap = list(Daily(hour=2, minute=30, zone="Europe/Berlin").instants(start, start + timedelta(days=2)))
    assert in_gap == [datetime(2027, 3, 28, 1, 0, tzinfo=UTC), datetime(2027, 3, 29, 0, 30, tzinfo=UTC)]
    half = datetime(2027, 10, 2, 12, 0, tzinfo=UTC)
    of_half_an_hour = list(
        Daily(hour=2, minute=10, zone="Australia/Lord_Howe").instants(half, half + timedelta(days=1))
    )
    assert of_half_an_hour == [datetime(2027, 10, 2, 15, 30, tzinfo=UTC)]

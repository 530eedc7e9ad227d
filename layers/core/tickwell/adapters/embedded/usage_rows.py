"""How what a tenant had done is added to the row of its day."""

from typing import Final

DAY_MS: Final = 86_400_000

ADD_USE: Final = """
    INSERT INTO usage_days (tenant_id, day_ms, queue, lane, activity, number, duration_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET number = number + excluded.number, duration_ms = duration_ms + excluded.duration_ms
"""
"""Takes the start of the day, how often the activity was done, and how many milliseconds it ran."""

"""How what a tenant has, and had done, is added to the rows that count it."""

from typing import Final

DAY_MS: Final = 86_400_000

ADD_USE: Final = """
    INSERT INTO usage_days (tenant_id, day_ms, queue, lane, activity, number, duration_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET number = number + excluded.number, duration_ms = duration_ms + excluded.duration_ms
"""
"""Takes the start of the day, how often the activity was done, and how many milliseconds it ran."""

ADD_JOBS: Final = """
    INSERT INTO job_counts (tenant_id, queue, lane, status, recurring, jobs) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs
"""

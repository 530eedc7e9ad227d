"""What Tickwell is about, without any technology: jobs, schedules, retries, executions, accounts.

Everything here is pure. Time (``now``), ids and random draws are arguments; nothing reads a clock,
the environment or a network. Instants are aware datetimes in UTC, whole milliseconds.
"""

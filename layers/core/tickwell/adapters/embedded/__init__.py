"""The ``embedded`` engine: one SQLite file and a folder, on one machine."""

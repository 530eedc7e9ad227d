"""Tickwell: a serverless job scheduler and queue."""

__version__ = "0.1.0"

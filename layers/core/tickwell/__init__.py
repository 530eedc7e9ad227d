"""Tickwell: a serverless job scheduler and queue."""

from tickwell.compiled_dataclasses import use_compiled

__version__ = "0.1.0"

use_compiled()

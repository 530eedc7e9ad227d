"""A process in a session of its own that is ended, with all that it started, when it is over or takes too long."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

SAID = 4000


def started(command: Sequence[str], variables: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
    """Begin it, with ``variables`` beside those of this process; what it says on either stream is kept."""
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, **(variables or {})},
    )


def ended(process: "subprocess.Popen[str]", *, limit_seconds: float) -> str:
    """Wait for it, then kill what is left of its group; says how it ended: its code and last words, or too late."""
    try:
        said, _ = process.communicate(timeout=limit_seconds)
        what = f"it ended with code {process.returncode}: {said[-SAID:]}"
    except subprocess.TimeoutExpired:
        what = f"it took longer than {limit_seconds:.0f} s"
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with process:
        process.wait()
    return what

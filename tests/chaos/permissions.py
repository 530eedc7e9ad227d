"""No role can do more than its function does, and none less.

Every function of the real code does all that it can on moto (``tests/permissions/acts.py``), its calls of the SDK are
recorded, and what they need on AWS is held against the policies of template.yaml, both ways.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto import mock_aws

from tests.chaos.figures import Figures
from tests.chaos.trials import Run
from tests.contract.queue_engines import REGION
from tests.function_stack import open_stack
from tests.notification_lab import serve_hook
from tests.permissions.comparing import Compared, compared
from tests.permissions.everything import FOLDERS, Everything
from tests.permissions.recording import Recording

FAR_TIMERS = ("scheduler", "sweep")
"""Roles differ by it; the short form looks at the first, with which they may do the most."""


def permissions(run: Run) -> Figures:
    """Compare for each far timer."""
    found = {far_timer: _compared(far_timer) for far_timer in (FAR_TIMERS[:1] if run.short else FAR_TIMERS)}
    told = {
        "needed, not allowed": [f"{timer}: {each}" for timer, one in found.items() for each in one.missing],
        "allowed, never used": [f"{timer}: {each}" for timer, one in found.items() for each in one.idle],
        "operations that failed": [f"{timer}: {each}" for timer, one in found.items() for each in one.failed],
    }
    return Figures(
        counts={
            "functions": len(FOLDERS),
            "calls recorded": sum(one.calls for one in found.values()),
            "permissions": sum(len(one.grants) for one in found.values()),
        },
        zeros={name: len(each) for name, each in told.items()},
        faults=[fault for each in told.values() for fault in each],
    )


def _compared(far_timer: str) -> Compared:
    with _empty_account() as patch, open_stack(patch) as stack:
        lab = Everything(stack=stack, recording=Recording())
        lab.install(patch, far_timer=far_timer)
        with contextmanager(serve_hook)() as hook:
            return compared(lab, hook, far_timer=far_timer)


@contextmanager
def _empty_account() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in {
            "ACCESS_KEY_ID": "testing",
            "SECRET_ACCESS_KEY": "testing",
            "DEFAULT_REGION": REGION,
        }.items():
            patch.setenv(f"AWS_{name}", value)
        yield patch

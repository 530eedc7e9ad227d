"""The trials that ``make chaos`` is made of."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tests.chaos.figures import Figures


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of a trial: what chance begins with, whether it is the short form, and a directory of its own."""

    seed: int
    short: bool
    folder: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """A function of a module (``module:function``) that takes a ``Run`` and gives ``Figures``.

    Trials run three at a time, but one that measures how quickly something answers runs ``alone``. One that takes
    longer than ``limit_seconds`` has hung, and is ended: the longest takes three minutes on two busy cores.
    """

    name: str
    function: str
    limit_seconds: float = 1500
    alone: bool = False
    in_short: bool = True

    def __call__(self, run: Run) -> Figures:
        """Do it, in this process."""
        module, _, name = self.function.partition(":")
        return cast(Callable[[Run], Figures], getattr(importlib.import_module(module), name))(run)


TRIALS: tuple[Trial, ...] = (
    Trial(name="functions", function="tests.chaos.functions:functions", in_short=False),
    Trial(name="crash-points-embedded", function="tests.chaos.crash.trial:crash_points_embedded"),
    Trial(name="crash-points-aws", function="tests.chaos.crash.trial:crash_points_aws"),
    Trial(name="permissions", function="tests.chaos.permissions:permissions"),
    Trial(name="crash-points-aws-2", function="tests.chaos.crash.trial:crash_points_aws_2", in_short=False),
    Trial(name="mutations", function="tests.chaos.mutations:mutations"),
    Trial(name="bad-cloud", function="tests.chaos.cloud.trial:bad_cloud"),
    Trial(name="lives-aws", function="tests.chaos.lives.trial:on_aws"),
    Trial(name="lives-embedded", function="tests.chaos.lives.trial:on_embedded"),
    Trial(name="kills", function="tests.chaos.kills.trial:kills"),
    Trial(name="security-access", function="tests.chaos.security.access:access"),
    Trial(name="security-input", function="tests.chaos.security.input:hostile_input"),
    Trial(name="security-secrets", function="tests.chaos.security.secrecy:secrecy"),
    Trial(name="security-outgoing", function="tests.chaos.security.outgoing:outgoing"),
    Trial(name="template", function="tests.chaos.template:template"),
    Trial(name="overload-aws", function="tests.chaos.overload.on_aws:overload_aws"),
    Trial(name="overload", function="tests.chaos.overload.trial:overload", alone=True),
)
"""Those that take longest first, so that none is left to run by itself in the end."""

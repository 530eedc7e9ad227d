"""All flows that are broken into, by name."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from tests.chaos.crash.again import play_backfill, play_letter
from tests.chaos.crash.far import CAMPAIGN_FLOWS, FAR_FLOWS
from tests.chaos.crash.flows import FLOWS, Flow
from tests.chaos.crash.ground import Engine
from tests.chaos.crash.keyed import KEYED, WAITS, play_keyed
from tests.chaos.crash.lab import Lab
from tests.chaos.crash.outside import OUTSIDE_FLOWS
from tests.chaos.crash.policies import POLICY_FLOWS
from tests.chaos.crash.repeats import REQUESTS, play_repeat
from tests.chaos.crash.schedules import SCHEDULE_FLOWS
from tests.chaos.crash.settled import play
from tests.chaos.crash.telling import play_telling
from tests.chaos.crash.wire import Wire


class Remaining(Protocol):
    """What is left of a flow: ``ahead`` counts what was written ahead of a record that never came."""

    @property
    def ahead(self) -> Counter[str]:
        """By kinds."""
        ...


class Play(Protocol):
    """Plays a flow in a folder, broken into as the wire says; raises AssertionError for what is wrong afterwards."""

    def __call__(self, folder: Path, wire: Wire, engine: Engine, seed: int) -> Remaining:
        """What is left of it."""
        ...


ALL_FLOWS: Final = {
    **FLOWS,
    **OUTSIDE_FLOWS,
    **POLICY_FLOWS,
    **SCHEDULE_FLOWS,
    **FAR_FLOWS,
    **CAMPAIGN_FLOWS,
}
"""The flows of jobs."""


def _play(flow: Flow, folder: Path, wire: Wire, engine: Engine, seed: int) -> Lab:
    return play(folder, flow, wire, engine, seed=seed)


EVERY_FLOW: Final[Mapping[str, Play]] = {
    **{name: partial(_play, flow) for name, flow in ALL_FLOWS.items()},
    **{f"key, {name}, {when}": partial(play_keyed, name, wait) for name in KEYED for when, wait in WAITS.items()},
    **{f"request again, {name}": partial(play_repeat, name) for name in REQUESTS},
    "backfill": partial(play_backfill, False),
    "backfill again": partial(play_backfill, True),
    "retry a dead letter again": play_letter,
    "tell what failed": play_telling,
}
"""Each with the function that plays it."""

LONG: Final = frozenset(CAMPAIGN_FLOWS)
"""What takes long is broken into at a few points only: its steps are all alike."""

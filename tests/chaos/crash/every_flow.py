"""All flows that are broken into, by name."""

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
from tests.chaos.crash.policies import POLICY_FLOWS
from tests.chaos.crash.repeats import REQUESTS, play_repeat
from tests.chaos.crash.schedules import SCHEDULE_FLOWS
from tests.chaos.crash.settled import play
from tests.chaos.crash.wire import Wire


class Play(Protocol):
    """Plays a flow in a folder, broken into as the wire says; raises AssertionError for what is wrong afterwards."""

    def __call__(self, folder: Path, wire: Wire, engine: Engine, seed: int) -> Lab:
        """What is left of it."""
        ...


ALL_FLOWS: Final = {**FLOWS, **POLICY_FLOWS, **SCHEDULE_FLOWS, **FAR_FLOWS, **CAMPAIGN_FLOWS}
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
}
"""Each with the function that plays it."""

FEW_POINTS: Final[Mapping[str, int]] = dict.fromkeys(CAMPAIGN_FLOWS, 2)
"""What takes long is broken into no more often than this: its steps are all alike."""

"""Flows in which somebody else acts in the middle of a call: what a crash alone does not bring about."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.chaos.crash.flows import Flow
from tests.chaos.crash.ground import Engine
from tests.chaos.crash.lab import Lab
from tests.chaos.crash.settled import play
from tests.chaos.crash.wire import Call, Crash, Wire

SHORT_STALL = timedelta(seconds=15)
"""Shorter than a due item may be old when its job is written."""

LONG_STALL = timedelta(seconds=100)
"""Longer than the lease of an attempt in a flow, with all margins."""


class Meddling(StrEnum):
    """What happens before a call."""

    RIVAL = "a rival gets the same messages before"
    STALL = "the process stands still before"


@dataclass(kw_only=True)
class MeddledWire(Wire):
    """Before the call numbered ``at`` others do as they do, to the end; see ``Meddling``.

    The process dies after the call numbered ``dies_at``, if there is one.
    """

    meddling: Meddling = Meddling.RIVAL
    stall: timedelta = LONG_STALL
    dies_at: int | None = None
    lab: Lab | None = None

    def call(self, name: str, make: Callable[[], Any], *, inner: bool = False, always: bool = False) -> Any:
        """See ``Wire``. A call of a port is one step, whatever it asks of a service."""
        del always
        if self.dead:
            raise Crash(name)
        if not self.armed or inner:
            return make()
        number = len(self.made)
        self.made.append(Call(name=name))
        if number == self.at:
            self._meddle()
        answer = make()
        if number == self.dies_at:
            self.dead = True
            raise Crash(name)
        return answer

    def _meddle(self) -> None:
        """Others have a thread of their own, because the call may stand in the middle of an event loop."""
        faults: list[BaseException] = []

        def act() -> None:
            try:
                self._others()
            except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the flow
                faults.append(error)

        self.armed = False
        other = threading.Thread(target=act)
        other.start()
        other.join()
        self.armed = True
        if faults:
            raise faults[0]

    def _others(self) -> None:
        assert self.lab is not None
        world = self.lab.world
        if self.meddling is Meddling.RIVAL:
            self.lab.deliver_again(0)
        else:
            world.clock.advance(self.stall)
        world.sync()
        world.work()


def rivals(calls: int) -> Iterator[MeddledWire]:
    """A rival before each of so many calls."""
    yield from (MeddledWire(at=number) for number in range(calls))


def stalls(calls: int) -> Iterator[MeddledWire]:
    """A process that stands still before a call: it goes on, or dies after this one or the next.

    One that stands still for long between its last look at the clock and a write, and dies right after the write, is
    left out: no function may run that long, and no store compares its own clock with ours.
    """
    for number in range(calls):
        for stall, dies_at in (
            (LONG_STALL, None),
            (LONG_STALL, number + 1),
            (SHORT_STALL, number),
        ):
            yield MeddledWire(at=number, meddling=Meddling.STALL, stall=stall, dies_at=dies_at)


def play_meddled(folder: Path, flow: Flow, wire: MeddledWire, engine: Engine) -> Lab:
    """As ``play``, with somebody else in it."""

    def acquaint(lab: Lab) -> None:
        wire.lab = lab
        flow.prepare(lab)

    return play(folder, replace(flow, prepare=acquaint), wire, engine, seed=wire.at or 0)

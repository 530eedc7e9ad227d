"""What sees every call of a port, and lets the process die or a service fail at one of them."""

import asyncio
import inspect
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from tickwell.application.ports import Outgoing
from tickwell.domain.errors import UnavailableError

D = TypeVar("D")

UNWATCHED = frozenset({"clock", "ids"})
"""Time and chance are given, and nothing can fail there."""


class Crash(BaseException):
    """The process is gone; nothing may catch it."""


class Kind(StrEnum):
    """What happens at a call."""

    CRASH = "crash after"  # which is also before the next one
    FAIL_BEFORE = "fail before"
    FAIL_AFTER = "fail after"  # the service did it, but its answer was lost


@dataclass(kw_only=True, slots=True)
class Call:
    """One call as it was recorded. ``changed``: something outlives the process. ``inner``: of the SDK, not of a port.

    ``holds``: calls of the SDK were made inside, which are broken into themselves.
    """

    name: str
    inner: bool = False
    changed: bool = False
    holds: bool = False

    def ways_to_break(self) -> tuple[Kind, ...]:
        """What may happen at it, without what is the same as something else.

        A crash after a call that changes nothing is one after the call before it, and a task that fails is a flow. The
        SDK tries again by itself what fails.
        """
        if self.name == "task" or self.inner:
            return (Kind.CRASH,) if self.changed else ()
        if not self.changed:
            return (Kind.FAIL_BEFORE,)
        return (Kind.FAIL_BEFORE, Kind.FAIL_AFTER) if self.holds else tuple(Kind)


@dataclass
class Wire:
    """Sees every call of a port while it is armed, and lets the one numbered ``at`` fail.

    ``state`` tells one content of all stores from another: whether a call has changed something is seen, not listed.
    """

    kind: Kind = Kind.CRASH
    at: int | None = None
    armed: bool = False
    dead: bool = False
    made: list[Call] = field(default_factory=list)
    state: Callable[[], Hashable] = lambda: None
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def calls(self) -> list[str]:
        """The names of the calls that were made."""
        return [call.name for call in self.made]

    def points(self) -> list[tuple[int, Call, Kind]]:
        """Where, and how, the flow that was recorded may be broken into."""
        return [(number, call, kind) for number, call in enumerate(self.made) for kind in call.ways_to_break()]

    def revive(self) -> None:
        """The next process: nothing more is broken into."""
        self.armed = self.dead = False

    def call(self, name: str, make: Callable[[], Any], *, inner: bool = False, always: bool = False) -> Any:
        """``make``, unless something else is to happen. ``always``: what it changes is not in ``state``."""
        with self.lock:
            if self.dead:
                raise Crash(name)  # also what stands in a ``finally`` is not done any more
            if not self.armed:
                return make()
            number, call = len(self.made), Call(name=name, inner=inner)
            self.made.append(call)
            if number != self.at:
                return self._made(call, number, make, always=always)
            if self.kind is not Kind.FAIL_BEFORE:
                self._made(call, number, make, always=always)
            if self.kind is Kind.CRASH:
                self.dead = True
                raise Crash(name)
            raise UnavailableError(name, "broken on purpose")

    def _made(self, call: Call, number: int, make: Callable[[], Any], *, always: bool) -> Any:
        before = self.state()
        answer = make()
        call.changed = always or self.state() != before
        call.holds = any(later.inner and later.changed for later in self.made[number + 1 :])
        return answer


_LOOKS = frozenset({"get", "list", "takes", "ping"})
"""Methods of ports outside the databases that change nothing."""


class Watched:
    """A port whose calls go through the wire. ``counted``: what it changes is seen in the wire's state."""

    def __init__(self, wire: Wire, name: str, inner: Any, *, counted: bool = True) -> None:
        self._wire, self._name, self._inner, self._counted = wire, name, inner, counted

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        label = f"{self._name}.{name}"
        always = not self._counted and name not in _LOOKS
        if not inspect.iscoroutinefunction(method):
            return lambda *args, **named: self._wire.call(label, lambda: method(*args, **named), always=always)

        async def send(*args: Any, **named: Any) -> Any:
            """The flow goes on in a thread of its own while others wait for theirs, so that a call is one step."""
            return self._wire.call(label, lambda: _finished(method(*args, **named)), always=always)

        return send


def _finished(waiting: Any) -> Any:
    """The answer of a coroutine, which runs in a thread of its own: this one has a loop already."""
    answers: list[Any] = []

    def run() -> None:
        try:
            answers.append((asyncio.run(waiting), None))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits for it
            answers.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    ((answer, error),) = answers
    if error is not None:
        raise error
    return answer


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as it went to a lane."""

    lane: Any
    outgoing: Outgoing[Any]


class WatchedLane(Watched):
    """A lane that remembers what was sent, so that it can be delivered again."""

    def __init__(self, wire: Wire, name: str, inner: Any, sent: list[Sent]) -> None:
        super().__init__(wire, name, inner)
        self._sent = sent

    def send(self, outgoing: Sequence[Outgoing[Any]]) -> None:
        """See the port."""

        def make() -> None:
            self._inner.send(outgoing)
            self._sent.extend(Sent(self._inner, each) for each in outgoing)

        self._wire.call(f"{self._name}.send", make)


def watched_fields(wire: Wire, ports: D) -> D:
    """A dataclass of ports, and of such dataclasses, with each of them watched: whatever is added is as well."""
    changes: dict[str, Any] = {}
    for each in fields(ports):  # type: ignore[arg-type]
        port = getattr(ports, each.name)
        if each.name not in UNWATCHED:
            inner = (
                watched_fields(wire, port) if is_dataclass(port) else Watched(wire, each.name.replace("_", " "), port)
            )
            changes[each.name] = inner
    return replace(ports, **changes)  # type: ignore[type-var]

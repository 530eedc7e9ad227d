"""What breaks during a step, and who comes between its calls."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from typing import Any

from tests.chaos.crash.wire import Call, Kind, Wire

NARROW, SLOW = "narrow", "slow"
"""The queues of a life."""

DEEDS = ("twin", "work", "begin", "sync", "pause", "cancel", "delete", "resume", "retry", "put")
"""What somebody else may do in the middle of a step; ``twin``: a worker that gets the newest messages as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Break:
    """What happens at the writing call number ``at`` of a step, if there are so many.

    The call breaks as ``kind`` says; or, where that is None, somebody else comes before it: ``deed`` of ``DEEDS``, to
    job ``number``.
    """

    at: int
    kind: Kind | None = None
    deed: str = ""
    number: int = 0


_READING = re.compile(
    r"""[^.]+[.](attempts_at|count_|depth|executions_between|find|gate$|gates$|get|known|list|nth_ended|of_scope|page$|parked$
    |ping|read|skips_between|stand_ins|takes|waiting|within_reach|with_waiting)""",
    re.VERBOSE,
)


class Fate(Wire):
    """A wire that only counts calls that write: a crash after one that reads is one after the call before it.

    ``meanwhile`` is done before the call number ``at``, on a thread of its own, by a process that nothing happens to.
    """

    meanwhile: Callable[[], Any] | None = None

    def call(self, name: str, make: Callable[[], Any], **how: bool) -> Any:
        """See the class."""
        if not self.armed or self.dead:
            return super().call(name, make, **how)
        if _READING.match(name):
            return make()
        if self.meanwhile is None:
            return super().call(name, make, **how)
        if len(self.made) == self.at:
            self.armed = False
            other = Thread(target=self.meanwhile)
            other.start()
            other.join()
            self.armed = True
        self.made.append(Call(name=name))
        return make()

"""Where a reading of a range of instants may end; the same on both engines."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tickwell.application.ports import Span
from tickwell.domain.execution import Execution

REACHING_IN = 10
"""So many skips that begin before a range are looked at, to find those that reach into it."""

_MILLISECOND = timedelta(milliseconds=1)


def execution_span(found: Sequence[Execution], *, since: datetime, last_due_at: datetime | None) -> Span[Execution]:
    """Of what was ``found`` from ``since`` on, the occurrences that are there as a whole.

    ``last_due_at``: the occurrence of the last row that was read, where more may follow, of that occurrence too; None:
    all was read. One that fills all of the reading by itself is given as it is: else nobody would get any further.
    """
    if last_due_at is None or last_due_at <= since:
        return Span(items=tuple(found), reached=last_due_at)
    whole = tuple(execution for execution in found if execution.due_at < last_due_at)
    return Span(items=whole, reached=last_due_at - _MILLISECOND)

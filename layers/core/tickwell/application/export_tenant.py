"""Give a tenant all that it has, in pages (X26): nothing works behind them, and nothing keeps how far they came."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tickwell.application.export_walk import ExportWalk, Holding
from tickwell.application.ports import Clock, ExportCursors
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.export import ExportPlace
from tickwell.domain.instant import instant

MOST_EXPORTED: Final = 500
"""On one page."""

LARGEST_PAGE_BYTES: Final = 4 * 1024 * 1024
"""Lambda answers 6 MB at most. A thing that is larger comes alone; the largest payload, of 1 MiB, is 3 MB as ASCII."""

LONGEST_PAGE: Final = timedelta(seconds=12)
"""A page ends then: the API's function has 20 seconds, and the last read takes its time, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportPage:
    """What is exported, each thing as JSON in ASCII. A page may be short, or even empty, although more follows.

    ``next_cursor`` is None when all has been given.
    """

    lines: tuple[str, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportTenant:
    """The use case; see ``__call__``."""

    walk: ExportWalk
    cursors: ExportCursors
    clock: Clock

    def __call__(
        self, tenant_id: str, *, limit: int, cursor: str | None, present: Callable[[Holding], str]
    ) -> ExportPage:
        """Up to ``limit`` things behind ``cursor``, as ``present`` spells them: JSON in ASCII.

        What was there when the first page was asked for, and stays, comes on one of the pages, once, as it is when it
        is met. Of what comes into being meanwhile some may come. Raises InvalidInputError ("cursor", "limit"),
        NotFoundError where there is no such tenant.
        """
        if not 1 <= limit <= MOST_EXPORTED:
            raise InvalidInputError("limit", f"must be from 1 to {MOST_EXPORTED}")
        now = self.clock.now()
        place = ExportPlace(begun_at=instant(now)) if cursor is None else self.cursors.read(tenant_id, cursor)
        until = now + LONGEST_PAGE
        lines: list[str] = []
        left_bytes = LARGEST_PAGE_BYTES
        for step in self.walk(tenant_id, place):
            if step.holding is not None:
                line = present(step.holding)
                if lines and len(line) > left_bytes:
                    break
                lines.append(line)
                left_bytes -= len(line)
            place = step.place
            if len(lines) == limit or self.clock.now() >= until:
                break
        else:
            return ExportPage(lines=tuple(lines), next_cursor=None)
        return ExportPage(lines=tuple(lines), next_cursor=self.cursors.spell(tenant_id, place))

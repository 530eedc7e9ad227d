"""How an export spells where it goes on: the places of all its pages, and the positions in the history of a job."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tickwell.adapters.cursors import decode_cursor, encode_cursor
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.export import ExportPlace, ExportSection
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms

_EXPORT: Final = "export"
_LATEST_MS: Final = 10**13 - 1
_POSITION: Final = re.compile(r"([EKN])#([0-9]{13})#([0-9]{4,10})#([!-~]{0,512})")
_MARK: Final = re.compile(r"|\.[0-9a-f]{12,64}")


class EncodedExportCursors:
    """The ``ExportCursors`` of both engines. A cursor names its tenant, and is good for no other one."""

    def spell(self, tenant_id: str, place: ExportPlace) -> str:
        """See the port. No id is empty: an empty text stands for none."""
        begun_ms = to_epoch_ms(place.begun_at)
        parts = (tenant_id, begun_ms, place.section.value, place.after or "", place.position or "")
        return encode_cursor(_EXPORT, parts)

    def read(self, tenant_id: str, cursor: str) -> ExportPlace:
        """See the port."""
        tenant, begun, *rest = decode_cursor(_EXPORT, cursor, (str, int, str, str, str))
        section, after, position = (str(part) for part in rest)
        if tenant != tenant_id or not 0 <= int(begun) <= _LATEST_MS or section not in set(ExportSection):
            raise _invalid()
        place = ExportPlace(
            begun_at=from_epoch_ms(int(begun)),
            section=ExportSection(section),
            after=after or None,
            position=position or None,
        )
        if not place.is_possible:
            raise _invalid()
        return place


class HistoryKind(StrEnum):
    """What a history holds, in this order; the values are what both engines spell positions with."""

    EXECUTION = "E"
    SKIP = "K"
    NOTIFICATION = "N"


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryPosition:
    """Where an item stands among those of its kind: by its instant (epoch ms), its attempt, and the rest.

    The rest is the mark of the child that ran an execution, or the id of a notification.
    """

    kind: HistoryKind
    at_ms: int = 0
    attempt: int = 0
    rest: str = ""

    def spell(self) -> str:
        """What ``read_position`` reads; sorts as the items of a kind do."""
        return f"{self.kind.value}#{self.at_ms:013d}#{self.attempt:04d}#{self.rest}"


def read_position(text: str) -> HistoryPosition:
    """The position of a text. Raises InvalidInputError("cursor")."""
    found = _POSITION.fullmatch(text)
    if found is None or (found[1] != HistoryKind.NOTIFICATION and not _MARK.fullmatch(found[4])):
        raise _invalid()
    return HistoryPosition(kind=HistoryKind(found[1]), at_ms=int(found[2]), attempt=int(found[3]), rest=found[4])


def _invalid() -> InvalidInputError:
    return InvalidInputError("cursor", "is not a cursor that an export of this tenant gave")

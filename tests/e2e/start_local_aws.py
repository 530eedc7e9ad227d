"""Starts ministack, in its own environment, with what it lacks for our functions.

On AWS the files of a layer keep their modes. ministack unpacks layers with ``ZipFile.extractall``, which forgets them,
and then the media layer's ffmpeg could not be run.

On AWS a table's stream tells of whatever changes it. ministack's says nothing of what statements (PartiQL) write,
such as the claims of a batch: for the counts, jobs then ended that had never begun.
"""

import stat
import sys
import zipfile
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ministack.app import main
from ministack.services import dynamodb


class _KeepingModes(zipfile.ZipFile):
    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        super().extractall(path, members, pwd)
        for member in self.infolist():
            if (member.external_attr >> 16) & stat.S_IXUSR and not member.is_dir():
                (Path(path or ".") / member.filename).chmod(0o755)


_by_statement: ContextVar[bool] = ContextVar("by_statement", default=False)
_set_item = dynamodb._set_item


def _of_statement(write: Callable[..., Any]) -> Callable[..., Any]:
    """``write``, a statement's, of which the stream is told."""

    def told(*arguments: Any) -> Any:
        token = _by_statement.set(True)
        try:
            return write(*arguments)
        finally:
            _by_statement.reset(token)

    return told


def _set_and_tell(table: Any, partition: Any, sort: Any, item: Any) -> Any:
    before = _set_item(table, partition, sort, item)
    if _by_statement.get():
        kind = "MODIFY" if before else "INSERT"
        dynamodb._emit_stream_event(table["TableName"], kind, before, item)
    return before


if __name__ == "__main__":
    zipfile.ZipFile = _KeepingModes  # type: ignore[misc]
    dynamodb._set_item = _set_and_tell
    dynamodb._partiql_insert = _of_statement(dynamodb._partiql_insert)
    dynamodb._partiql_update = _of_statement(dynamodb._partiql_update)
    sys.exit(main())

"""Writes the export of a tenant as NDJSON."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TextIO

from tickwell.adapters.system import SystemClock
from tickwell.application.export_tenant import MOST_EXPORTED, ExportTenant
from tickwell.http.export_bodies import export_line


def export_to(output: Path | None, export: ExportTenant, tenant_id: str) -> None:
    """Write all that the tenant has to ``output``, or to stdout.

    A file is there once it is complete, readable by its owner only; until then it lies beside as ``.part``. Raises what
    the export raises, and OSError.
    """
    if output is None:
        _write(sys.stdout, export, tenant_id)
        return
    part = output.with_name(f"{output.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            _write(file, export, tenant_id)
            file.flush()
            os.fsync(file.fileno())
        part.replace(output)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write(file: TextIO, export: ExportTenant, tenant_id: str) -> None:
    clock, cursor = SystemClock(), None
    while True:
        present = partial(export_line, now=clock.now())
        page = export(tenant_id, limit=MOST_EXPORTED, cursor=cursor, present=present)
        file.writelines(f"{line}\n" for line in page.lines)
        cursor = page.next_cursor
        if cursor is None:
            return

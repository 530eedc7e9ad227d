"""Files as earlier releases left them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.migrations import steps as migrations


def put_older_file(path: Path, newest: int, *, jobs_of: Path) -> None:
    """Make the file ``path`` of the release that knew the steps up to ``newest``, with the jobs of another file.

    What that release stored of them are the columns that its table has.
    """
    known = migrations.steps()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "steps", lambda: {number: known[number] for number in known if number <= newest})
        Database(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ATTACH ? AS source", (str(jobs_of),))
        columns = ", ".join(row[1] for row in connection.execute("PRAGMA main.table_info(jobs)"))
        connection.execute(f"INSERT INTO main.jobs ({columns}) SELECT {columns} FROM source.jobs")
        connection.commit()

"""Lambda: keeps the history that has expired, from the table's stream."""

from typing import Any

from tickwell.adapters.aws.dynamodb.archive_stream import archive_lines_from
from tickwell.bootstrap.aws import archive

_archive = archive.build()


def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    """Keep one batch of what TTL deleted. A failing bucket raises: then the same batch comes again."""
    lines = archive_lines_from(event)
    return {"lines": len(lines), "objects": _archive.write(lines)}

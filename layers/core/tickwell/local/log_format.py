"""Readable log lines: what happened, and the fields that came along."""

import logging
from typing import Final

_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FieldFormatter(logging.Formatter):
    """``2026-11-22 09:00:00,123 INFO attempt settled lane=high status=success``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        """The line, with every extra field as ``name=value``."""
        fields = [f"{name}={value}" for name, value in vars(record).items() if name not in _PLAIN and value is not None]
        return " ".join([super().formatMessage(record), *fields])

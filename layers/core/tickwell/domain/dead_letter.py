"""Dead letters: the record of an occurrence that will not be tried again."""

from dataclasses import dataclass
from datetime import datetime

OPERATOR_TENANT = "operator"
"""Dead letters that belong to no tenant (unreadable messages) are the operator's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """What is known of an occurrence that was given up, or of a message that could not be read (``body`` is set then).

    ``dead_letter_id`` is derived from the occurrence (or from the message), so that it is recorded once.
    """

    tenant_id: str
    dead_letter_id: str
    job_id: str | None
    job_name: str | None
    user_id: str | None
    task: str | None
    due_at: datetime | None
    attempts: int
    reason: str
    error_code: str | None
    error_message: str | None
    body: str | None = None
    failed_at: datetime
    expires_at: datetime

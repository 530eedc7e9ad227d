"""The export of a tenant: what there is, in which order it comes, and a place in that order."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from tickwell.domain.job_listing import CLOCKS_APART, earliest_id
from tickwell.domain.task_file import LONGEST_FILE_NAME

_LONGEST_ID: Final = LONGEST_FILE_NAME


class ExportSection(StrEnum):
    """What an export goes through, in this order; the histories come between the jobs.

    ``PARENT_HISTORY`` is the history under the parent of a child, where the child is the first that is left of both.
    """

    ORGANIZATION = "organization"
    MEMBERS = "members"
    INVITATIONS = "invitations"
    API_KEYS = "api_keys"
    WEBHOOKS = "webhooks"
    HOOKS = "hooks"
    SECRETS = "secrets"
    QUEUES = "queues"
    JOBS = "jobs"
    PARENT_HISTORY = "parent_history"
    HISTORY = "history"
    DEAD_LETTERS = "dead_letters"
    SENT_MAILS = "sent_mails"
    FILES = "files"
    AUDIT_RECORDS = "audit_records"


HISTORIES: Final = (ExportSection.PARENT_HISTORY, ExportSection.HISTORY)
"""The sections that belong to one job, the one that ``ExportPlace.after`` names."""

_WITH_POSITION: Final = frozenset({ExportSection.JOBS, *HISTORIES})


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportPlace:
    """Behind what an export goes on: behind ``after`` of ``section``; None: at the section's beginning.

    ``begun_at``: when the first page was asked for. What came into being later is left out where that might never end.
    ``position``: in a history how far it was read; among the jobs the one whose history came last, with that of its
    children, which follow it in the order of the ids: so a history comes once.
    """

    begun_at: datetime
    section: ExportSection = ExportSection.ORGANIZATION
    after: str | None = None
    position: str | None = None

    def at(self, section: ExportSection, after: str | None = None, position: str | None = None) -> "ExportPlace":
        """Another place of the same export."""
        return replace(self, section=section, after=after, position=position)

    @property
    def until(self) -> datetime:
        """What came into being later, by any clock, did so after the export had begun."""
        return self.begun_at + CLOCKS_APART

    @property
    def last_id(self) -> str:
        """Sorts behind the ids of all that came into being before the export began."""
        return earliest_id(self.until)

    @property
    def is_possible(self) -> bool:
        """Whether an export can have come to this place."""
        if self.after is not None and not 0 < len(self.after) <= _LONGEST_ID:
            return False
        if self.section in HISTORIES and self.after is None:
            return False
        return self.position is None or (self.after is not None and self.section in _WITH_POSITION)


@dataclass(frozen=True, kw_only=True, slots=True)
class SentMail:
    """The mail that an execution sent, as it is kept: see ``sent_mail_blob``."""

    execution_id: str
    document: dict[str, Any]

"""The port of the keys by which callers call their jobs (X24)."""

from typing import Protocol

from tickwell.application.ports.stores import Page
from tickwell.domain.caller_key import KeyHolder


class CallerKeys(Protocol):
    """Which job has which key. A key is written before its job and may outlive it: the job says whether it stands."""

    def find(self, tenant_id: str, key: str) -> KeyHolder | None:
        """Who has the key; None for a free one, and for what cannot be a key. Consistent."""
        ...

    def take(self, holder: KeyHolder, *, standing: KeyHolder | None) -> bool:
        """Give the key to ``holder``, of whom it is as free (None) or as taken as it was read: ``standing``.

        False, and nothing is written, when somebody else was faster.
        """
        ...

    def release(self, tenant_id: str, key: str, job_id: str) -> None:
        """Free the key; ignored unless this job has it."""
        ...

    def of_scope(self, tenant_id: str, scope: str, *, after: str | None, limit: int) -> Page[KeyHolder]:
        """The next ones of a scope, at most ``limit``, in the order of their keys, behind the key ``after``.

        ``next_cursor`` is the ``after`` of the next page. What a page costs depends on it alone, not on how many other
        keys there are. May be some seconds behind.
        """
        ...

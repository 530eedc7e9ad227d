"""Payloads and descriptions that are too long for a job's item: immutable items of their own, beside it."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from tickwell.adapters.aws.dynamodb.attributes import Item, Value, key_of, optional_text
from tickwell.adapters.aws.dynamodb.items import NAMES, digest, expiry, stamp
from tickwell.adapters.aws.dynamodb.keys import Key, body_key, job_key, parse_job_key
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Write
from tickwell.adapters.documents import content_text, epoch_ms
from tickwell.domain.errors import UnavailableError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job
from tickwell.domain.schedule import OneTime

INLINE_BYTES: Final = 400
"""Payload and description up to this size (as JSON, together) lie in the job's item."""

BODY_LIFE: Final = timedelta(days=65)
"""How long the body of a one-time job outlives its due instant: retries of 30 days, then 35 for the safety sync.

The retention of ended jobs comes on top: whoever runs one again needs its payload.
"""

_CONTENT: Final = NAMES["content"]


class Bodies:
    """The bodies of jobs. A reference is ``{version}#{digest}``: no edit ever overwrites what another one wrote."""

    def __init__(self, table: Table, retention: timedelta) -> None:
        self._table = table
        self._life = BODY_LIFE + retention

    @staticmethod
    def is_long(job: Job) -> bool:
        """Whether the job's content needs a body."""
        return len(content_text(job).encode()) > INLINE_BYTES

    def put(self, job: Job) -> str | None:
        """Write the body of ``job``, before the job itself; its reference, or None where the content is short."""
        return self.put_many([job])[0]

    def put_many(self, jobs: Sequence[Job]) -> list[str | None]:
        """The same for each of ``jobs``, in batches."""
        references: list[str | None] = []
        items: dict[Key, dict[str, Value | None]] = {}
        for job in jobs:
            content = content_text(job)
            encoded = content.encode()
            reference = None
            if len(encoded) > INLINE_BYTES:
                reference = f"{job.version}#{digest(encoded)}"
                expires = expiry(epoch_ms(self._expires_at(job)))
                items[body_key(job.key, reference)] = {**stamp("body"), _CONTENT: content, **expires}
            references.append(reference)
        if items:
            self._table.put_many(items)
        return references

    def standing(self, job: Job) -> str | None:
        """The reference that the job has in the store."""
        item = self._table.get(job_key(job.key))
        return None if item is None else optional_text(item, NAMES["body"])

    def retire(self, job: Job, reference: str) -> None:
        """Let a body expire that ``job`` does not need any more; an attempt claimed before may still read it.

        If that fails it costs storage and nothing else, so it fails silently.
        """
        expires_ms = epoch_ms(job.expires_at) or to_epoch_ms(job.updated_at + BODY_LIFE)
        expires = {name: value for name, value in expiry(expires_ms).items() if value is not None}
        write = Write(update="SET #expires = :ex, #ttl = :ttl", condition="attribute_exists(#content)", values=expires)
        with suppress(UnavailableError):
            self._table.update(body_key(job.key, reference), write, NAMES)

    def contents(self, items: Sequence[Item]) -> list[str | None]:
        """The content of each job's item, in one batch for all that have a body. A missing body reads as None."""
        places = [_place(item) for item in items]
        bodies = self._table.get_many(place for place in places if place is not None)
        return [
            optional_text(item if place is None else bodies.get(place, {}), _CONTENT)
            for item, place in zip(items, places, strict=True)
        ]

    def _expires_at(self, job: Job) -> datetime | None:
        return max(job.schedule.at, job.updated_at) + self._life if isinstance(job.schedule, OneTime) else None


def _place(item: Item) -> Key | None:
    reference = optional_text(item, NAMES["body"])
    if reference is None:
        return None
    return body_key(parse_job_key(key_of(item)), reference)

"""Quotas: how many unfinished jobs and how many members a tenant may have (X26).

Members are counted when one is to be added, exactly. Jobs are not: their number is read every five seconds at most for
each tenant and process, and what this process accepts meanwhile is added in memory, so that an accepted job costs no
write and hardly a read more. Other processes learn of it with their next read: the quota of jobs may be exceeded by
what was accepted elsewhere within some seconds. Nothing that was accepted is ever lost for a quota: runs, retries,
edits, resumed jobs, extra executions and backfills of a job ask for no place.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tickwell.application.ports import ApiKeyStore, Clock, MemberStore, QueueStore, QuotaStore, WebhookStore
from tickwell.application.remembered import FRESH
from tickwell.domain.api_key import MOST_KEYS
from tickwell.domain.errors import NotFoundError, QuotaExceededError
from tickwell.domain.queue import MOST_QUEUES
from tickwell.domain.quota import JobUse, Limits, Origin, QuotaName, QuotaUse, exceeded
from tickwell.domain.webhook import MOST_ENDPOINTS

_MOST_REMEMBERED = 10_000


@dataclass(kw_only=True, slots=True)
class Places:
    """What whoever wants to create jobs was given: ``granted`` places, and ``refusal`` says why not more.

    A place counts until the number of jobs is read anew, unless it is given back; so does one whose job is uncertain.
    """

    granted: int
    refusal: QuotaExceededError | None = None
    given_back: int = 0

    def give_back(self, number: int = 1) -> None:
        """So many of those that were granted are not needed: no job was created in them."""
        self.given_back += number


@dataclass(slots=True)
class _Room:
    """What is known of a tenant: what was read, and what this process has ``accepted`` since or is creating now."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    read_at: datetime | None = None
    limit: int | None = None
    use: JobUse = field(default_factory=JobUse)
    accepted: int = 0
    under_way: int = 0

    @property
    def used(self) -> int:
        return self.use.unfinished + self.accepted + self.under_way

    def is_known(self, now: datetime) -> bool:
        """Whether what was read still counts; the clock may have been set back."""
        return self.read_at is not None and timedelta(0) <= now - self.read_at < FRESH

    def left(self, wanted: int) -> int:
        """How many of ``wanted`` there is room for."""
        return wanted if self.limit is None else max(0, min(wanted, self.limit - self.used))


class Quotas:
    """What tenants may have; ``defaults`` are those of the deployment, one for each quota. Safe for threads."""

    def __init__(self, store: QuotaStore, defaults: Limits, clock: Clock) -> None:
        self.store = store
        self.defaults = defaults
        self._clock = clock
        self._rooms: dict[str, _Room] = {}
        self._lock = threading.Lock()

    @contextmanager
    def places(self, tenant_id: str, wanted: int) -> Iterator[Places]:
        """Places for ``wanted`` new jobs that are created inside the block, or for as many as there is room for.

        Raises UnavailableError: then no job may be created.
        """
        room = self._room(tenant_id)
        places = self._take(tenant_id, room, wanted)
        try:
            yield places
        finally:
            with room.lock:
                room.under_way -= places.granted
                room.accepted += places.granted - places.given_back

    def require_member(self, tenant_id: str, *, members: int) -> None:
        """Whether a tenant of so many ``members`` may have one more. Raises QuotaExceededError."""
        limit = {**self.defaults, **self.store.own(tenant_id)}[QuotaName.MEMBERS]
        if limit is not None and members >= limit:
            raise exceeded(QuotaName.MEMBERS, limit=limit, used=members)

    def _take(self, tenant_id: str, room: _Room, wanted: int) -> Places:
        with room.lock:
            now = self._clock.now()
            if not room.is_known(now) or (room.use.exact and room.left(wanted) < wanted):
                self._read(tenant_id, room, now)
            granted = room.left(wanted)
            refusal = None
            if room.limit is not None and granted < wanted:
                refusal = exceeded(QuotaName.JOBS, limit=room.limit, used=room.used + granted)
            room.under_way += granted
            return Places(granted=granted, refusal=refusal)

    def _read(self, tenant_id: str, room: _Room, now: datetime) -> None:
        """Read anew. What had been accepted before is among what is read; what is under way may not be."""
        room.use = self.store.read(tenant_id)
        room.limit = {**self.defaults, **room.use.limits}[QuotaName.JOBS]
        room.accepted = 0
        room.read_at = now

    def _room(self, tenant_id: str) -> _Room:
        with self._lock:
            if len(self._rooms) >= _MOST_REMEMBERED:
                self._rooms = {tenant: room for tenant, room in self._rooms.items() if room.under_way}
            return self._rooms.setdefault(tenant_id, _Room())


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadQuotas:
    """What a tenant may have, and what it has; see ``__call__``."""

    quotas: Quotas
    members: MemberStore
    queues: QueueStore
    webhooks: WebhookStore
    api_keys: ApiKeyStore

    def __call__(self, tenant_id: str) -> Sequence[QuotaUse]:
        """All quotas; the fixed ones last. Unfinished jobs as they are counted, on AWS a few seconds behind."""
        use = self.quotas.store.read(tenant_id)
        own = self.quotas.store.own(tenant_id)
        used = {QuotaName.JOBS: use.unfinished, QuotaName.MEMBERS: len(self.members.members(tenant_id))}
        limits = {**self.quotas.defaults, **own}
        fixed = (
            ("queues", MOST_QUEUES, len(self.queues.list_queues(tenant_id))),
            ("webhooks", MOST_ENDPOINTS, len(self.webhooks.read(tenant_id).endpoints)),
            ("api_keys", MOST_KEYS, len(self.api_keys.list_keys(tenant_id))),
        )
        return [
            *(
                QuotaUse(
                    name=name.value,
                    limit=limits[name],
                    used=used[name],
                    origin=Origin.OWN if name in own else Origin.DEFAULT,
                )
                for name in QuotaName
            ),
            *(QuotaUse(name=name, limit=most, used=number, origin=Origin.FIXED) for name, most, number in fixed),
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class OperateQuotas:
    """What the operator may do about the quotas of one tenant."""

    read: ReadQuotas

    def show(self, tenant_id: str) -> Sequence[QuotaUse]:
        """Raises NotFoundError for an unknown tenant."""
        self._require(tenant_id)
        return self.read(tenant_id)

    def change(self, tenant_id: str, limits: Limits, *, forgotten: Sequence[QuotaName]) -> Sequence[QuotaUse]:
        """Decide ``limits`` for this tenant; for ``forgotten`` ones the deployment's count again. Raises as above.

        What the tenant has beyond a smaller limit it keeps.
        """
        self._require(tenant_id)
        self.read.quotas.store.change(tenant_id, limits, forgotten=forgotten)
        return self.read(tenant_id)

    def _require(self, tenant_id: str) -> None:
        try:
            self.read.members.tenant(tenant_id)
        except NotFoundError as error:
            raise NotFoundError("tenant", tenant_id) from error

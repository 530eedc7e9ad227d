"""The walk through all that a tenant has, from any place on; see ``ExportTenant``."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

from tickwell.application.ports import (
    ApiKeyStore,
    BlobStore,
    Holdings,
    HookStore,
    MemberStore,
    QueueStore,
    SecretNames,
    Stretch,
    WebhookStore,
)
from tickwell.application.read_history import mail_folder, sent_mail_blob, whole_dead_letter
from tickwell.application.whole import HeldJob, sent_mail, whole_execution, whole_job
from tickwell.domain.account import User
from tickwell.domain.api_key import ApiKey
from tickwell.domain.audit import AuditRecord
from tickwell.domain.child import listed_under
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.execution import Execution, Skip
from tickwell.domain.export import HISTORIES, ExportPlace, ExportSection, SentMail
from tickwell.domain.hook import Hook
from tickwell.domain.notification import NotificationRecord
from tickwell.domain.organization import Invitation, Tenant
from tickwell.domain.queue import Queue
from tickwell.domain.secret import SecretInfo
from tickwell.domain.task_file import FileInfo, files_folder
from tickwell.domain.webhook import WebhookEndpoint

_AT_ONCE: Final = 25
"""How much is read at a time: large payloads and outputs are held in memory, and a full page leaves the rest unused."""

_NAMES_AT_ONCE: Final = 500

_ORDER: Final = tuple(section for section in ExportSection if section not in HISTORIES)

T = TypeVar("T")

Holding = (
    Tenant
    | User
    | Invitation
    | ApiKey
    | WebhookEndpoint
    | Hook
    | SecretInfo
    | Queue
    | HeldJob
    | Execution
    | Skip
    | NotificationRecord
    | DeadLetter
    | SentMail
    | FileInfo
    | AuditRecord
)
"""One thing that a tenant has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What came next (None where a read found nothing), and the place behind it."""

    holding: Holding | None
    place: ExportPlace


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportWalk:
    """The walk; see ``__call__``."""

    members: MemberStore
    api_keys: ApiKeyStore
    webhooks: WebhookStore
    hooks: HookStore
    secrets: SecretNames
    queues: QueueStore
    holdings: Holdings
    blobs: BlobStore

    def __call__(self, tenant_id: str, place: ExportPlace) -> Iterator[Step]:
        """All that lies behind ``place``, read as it is asked for. Raises NotFoundError: there is no such tenant."""
        begun = ExportSection.JOBS if place.section in HISTORIES else place.section
        for section in _ORDER[_ORDER.index(begun) :]:
            start = place if section is begun else place.at(section)
            match section:
                case ExportSection.JOBS:
                    yield from self._jobs(tenant_id, start)
                case ExportSection.DEAD_LETTERS:
                    yield from self._dead_letters(tenant_id, start)
                case ExportSection.SENT_MAILS:
                    yield from self._sent_mails(tenant_id, start)
                case ExportSection.FILES:
                    yield from self._files(tenant_id, start)
                case ExportSection.AUDIT_RECORDS:
                    yield from self._audit_records(tenant_id, start)
                case _:
                    yield from self._few(tenant_id, start)

    def _few(self, tenant_id: str, place: ExportPlace) -> Iterator[Step]:
        """What there is little of: read whole each time, in the order of the ids, whatever comes and goes meanwhile."""
        named = self._named(tenant_id, place.section)
        for name in sorted(named):
            if place.after is None or name > place.after:
                yield Step(holding=named[name], place=replace(place, after=name))

    def _named(self, tenant_id: str, section: ExportSection) -> Mapping[str, Holding]:
        """What there is of such a section, by id."""
        named: dict[str, Holding] = {}
        match section:
            case ExportSection.ORGANIZATION:
                named = {tenant_id: self.members.tenant(tenant_id)}
            case ExportSection.MEMBERS:
                named = {user.user_id: user for user in self.members.members(tenant_id)}
            case ExportSection.INVITATIONS:
                named = {each.invitation_id: each for each in self.members.invitations(tenant_id)}
            case ExportSection.API_KEYS:
                named = {key.key_id: key for key in self.api_keys.list_keys(tenant_id)}
            case ExportSection.WEBHOOKS:
                named = {each.endpoint_id: each for each in self.webhooks.read(tenant_id).endpoints}
            case ExportSection.HOOKS:
                named = {hook.hook_id: hook for hook in self.hooks.list_hooks(tenant_id)}
            case ExportSection.SECRETS:
                named = {info.name: info for info in self.secrets.list(tenant_id)}
            case ExportSection.QUEUES:
                named = {queue.name: queue for queue in self.queues.list_queues(tenant_id)}
        return named

    def _jobs(self, tenant_id: str, place: ExportPlace) -> Iterator[Step]:
        """Jobs, each followed by the history that is listed under it."""
        family = place.position
        if place.section in HISTORIES and place.after is not None:
            yield from self._histories(tenant_id, place.after, place)
            family = listed_under(place.after)
        for job_id, job in _behind(place.after, partial(self.holdings.jobs, tenant_id, limit=_AT_ONCE)):
            if job is None:
                yield Step(holding=None, place=place.at(ExportSection.JOBS, job_id, family))
                continue
            if job_id > place.last_id:
                break
            is_first_of_orphans = listed_under(job_id) not in {job_id, family}
            section = ExportSection.PARENT_HISTORY if is_first_of_orphans else ExportSection.HISTORY
            begun = place.at(section, job_id)
            yield Step(holding=whole_job(self.blobs, job), place=begun)
            yield from self._histories(tenant_id, job_id, begun)
            family = listed_under(job_id)

    def _histories(self, tenant_id: str, job_id: str, place: ExportPlace) -> Iterator[Step]:
        """What is left of the history of a job; before it, of that of a parent which is gone."""
        if place.section is ExportSection.PARENT_HISTORY:
            yield from self._history(tenant_id, listed_under(job_id), place)
            place = place.at(ExportSection.HISTORY, job_id)
        yield from self._history(tenant_id, job_id, place)

    def _history(self, tenant_id: str, job_id: str, place: ExportPlace) -> Iterator[Step]:
        read = partial(self.holdings.history, tenant_id, job_id, limit=_AT_ONCE)
        for position, item in _behind(place.position, read):
            holding: Holding | None = item
            if isinstance(item, Execution | NotificationRecord) and item.due_at > place.until:
                holding = None
            elif isinstance(item, Execution):
                holding = whole_execution(self.blobs, item)
            yield Step(holding=holding, place=replace(place, position=position))

    def _dead_letters(self, tenant_id: str, place: ExportPlace) -> Iterator[Step]:
        for position, letter in _behind(place.after, partial(self.holdings.dead_letters, tenant_id, limit=_AT_ONCE)):
            whole = None if letter is None else whole_dead_letter(self.blobs, letter)
            yield Step(holding=whole, place=replace(place, after=position))

    def _audit_records(self, tenant_id: str, place: ExportPlace) -> Iterator[Step]:
        for position, record in _behind(place.after, partial(self.holdings.audit_records, tenant_id, limit=_AT_ONCE)):
            if position > place.last_id:
                break
            yield Step(holding=record, place=replace(place, after=position))

    def _sent_mails(self, tenant_id: str, place: ExportPlace) -> Iterator[Step]:
        """Mails by the ids of their executions, which they outlive."""
        for execution_id, named in _behind(place.after, partial(self._mails_named, tenant_id)):
            mail = None if named is None else sent_mail(self.blobs, tenant_id, named)
            yield Step(holding=mail, place=replace(place, after=execution_id))

    def _files(self, tenant_id: str, place: ExportPlace) -> Iterator[Step]:
        """What there is to say of each; the bytes come by links."""
        for name, info in _behind(place.after, partial(self._files_named, tenant_id)):
            yield Step(holding=info, place=replace(place, after=name))

    def _files_named(self, tenant_id: str, *, after: str | None) -> Stretch[FileInfo]:
        folder = files_folder(tenant_id)
        found = self.blobs.details(folder, after=folder + (after or ""), limit=_NAMES_AT_ONCE)
        files = [
            FileInfo(name=each.name.removeprefix(folder), size_bytes=each.size_bytes, modified_at=each.modified_at)
            for each in found
        ]
        reached = files[-1].name if len(files) == _NAMES_AT_ONCE else None
        return Stretch(items=tuple((info.name, info) for info in files), reached=reached)

    def _mails_named(self, tenant_id: str, *, after: str | None) -> Stretch[str]:
        folder = mail_folder(tenant_id)
        last = folder if after is None else sent_mail_blob(tenant_id, after)
        names = self.blobs.list(folder, after=last, limit=_NAMES_AT_ONCE)
        ids = [name.removeprefix(folder).removesuffix(".json") for name in names]
        return Stretch(items=tuple(zip(ids, ids, strict=True)), reached=ids[-1] if len(ids) == _NAMES_AT_ONCE else None)


def _behind(after: str | None, read: Callable[..., Stretch[T]]) -> Iterator[tuple[str, T | None]]:
    """All items behind a position; None for each stretch that reaches further than its last item."""
    while True:
        stretch = read(after=after)
        for position, item in stretch.items:
            yield position, item
            after = position
        if stretch.reached is None:
            return
        if stretch.reached != after:
            after = stretch.reached
            yield after, None

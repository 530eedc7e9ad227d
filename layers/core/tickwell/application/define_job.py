"""A job under a key of its caller's own: what is asked for is made, or what is there becomes it (X24)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tickwell.application.claim_check import load_payload, store_payload_by_digest
from tickwell.application.create_job import CreateJob, NewJob
from tickwell.application.manage_job import ChangeJob, GetJob, JobDetail
from tickwell.application.ports import CallerKeys
from tickwell.domain.account import Principal
from tickwell.domain.caller_key import KeyHolder, is_caller_key, require_caller_key
from tickwell.domain.definition import FieldChange, asked_schedule, differences
from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.job_edit import redefined

_TRIES = 8


class DefineAction(StrEnum):
    """What was done, or would be done, so that a job is what its definition says."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyedJob:
    """A whole definition of the job that has ``key``: what it leaves out has its default.

    ``scope``: None leaves the job the one that it has. ``adopts``: a job of another scope is taken over.
    """

    key: str
    job: NewJob
    scope: str | None = None
    adopts: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Defined:
    """What was done, and the job as it is then; in a dry run as it is, or, if it is to be created, as it would be.

    ``launched`` False: the lane was not reachable, and the safety sync will send the message.
    """

    key: str
    action: DefineAction
    job: Job
    changes: tuple[FieldChange, ...] = ()
    launched: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class DefineJob:
    """The use case; see ``__call__``."""

    create_job: CreateJob
    change_job: ChangeJob
    caller_keys: CallerKeys

    def __call__(self, principal: Principal, wanted: KeyedJob, *, dry_run: bool = False) -> Defined:
        """Create, change, or leave alone. Where nothing differs, nothing is written; nor is anything in a dry run.

        The key is taken before the job is written. So of all who want it at once one makes the job, and the others find
        it; one that died in between leaves a key whose job the next one makes. A deleted job's key is free. Pausing
        and cancelling are no part of a definition: they stay, but a job that has ended is taken up when it gets another
        schedule.

        Raises InvalidInputError, IllegalTransitionError (see ``redefined``), ConflictError (another scope's, or changed
        by others all the time), QuotaExceededError, UnavailableError, StaleDueItemError.
        """
        key = require_caller_key(wanted.key)
        now = self.create_job.clock.now()
        outline = self.create_job.outline(principal, wanted.job, now)
        asked = replace(outline, caller_key=key, scope=wanted.scope)
        for _ in range(_TRIES):
            holder = self.caller_keys.find(principal.tenant_id, key)
            standing = None if holder is None else self._job_of(holder)
            if holder is None or standing is None or standing.status is JobStatus.DELETED:
                defined = self._create(asked, now, holder, standing, dry_run=dry_run)
            elif dry_run:
                defined = self._foresee(standing, asked, now, adopts=wanted.adopts)
            else:
                defined = self._change(principal, holder, standing, asked, adopts=wanted.adopts)
            if defined is not None:
                return defined
        raise ConflictError("the job of this key is being changed by others; please try again")

    def _create(
        self, asked: Job, now: datetime, holder: KeyHolder | None, deleted: Job | None, *, dry_run: bool
    ) -> Defined | None:
        """Take the key, then make its job; None when somebody else was faster with either."""
        key, due_at = str(asked.caller_key), self.create_job.require_due(asked, now)
        if dry_run:
            return Defined(key=key, action=DefineAction.CREATED, job=asked)
        with self.create_job.quotas.places(asked.tenant_id, 1) as places:
            if places.refusal is not None:
                raise places.refusal
            mine = self._taken(asked, now, holder, deleted)
            if mine is None:
                places.give_back()
                return None
            job = self._with_payload_kept(replace(asked, job_id=mine.job_id))
            created = self.create_job.accept(job, due_at, now, places, since=mine.taken_at)
        if created.job is not job:
            return None
        return Defined(key=key, action=DefineAction.CREATED, job=job, launched=created.launched)

    def _taken(self, asked: Job, now: datetime, holder: KeyHolder | None, deleted: Job | None) -> KeyHolder | None:
        """The key as ours; None when somebody else was faster.

        Whoever took it a moment ago may be writing its job now: theirs and ours must be one, whose id the key says. The
        job of a key that was taken long ago gets an id of today, for ids tell the order of creation.
        """
        is_missing = holder is not None and deleted is None
        if holder is not None and is_missing and holder.is_joined(now) and holder.scope == asked.scope:
            return holder
        job_id = asked.job_id
        if holder is not None and is_missing and not holder.is_abandoned(now):
            job_id = holder.job_id
        mine = KeyHolder(
            tenant_id=asked.tenant_id, key=str(asked.caller_key), job_id=job_id, taken_at=now, scope=asked.scope
        )
        return mine if self.caller_keys.take(mine, standing=holder) else None

    def _change(
        self, principal: Principal, holder: KeyHolder, standing: Job, asked: Job, *, adopts: bool
    ) -> Defined | None:
        """Make the job what is asked for; None when it is gone, or its key somebody else's."""
        noted = self._changes(standing, asked, adopts=adopts)
        # The key first: only what says the same in both places is deleted with its scope.
        moved = replace(holder, scope=asked.scope or holder.scope)
        if moved != holder and not self.caller_keys.take(moved, standing=holder):
            return None
        if not noted:
            return Defined(key=holder.key, action=DefineAction.UNCHANGED, job=standing)

        def edit(read: Job, now: datetime) -> Job:
            nonlocal noted
            if read.status is JobStatus.DELETED:
                return read
            noted = self._changes(read, asked, adopts=adopts)
            return self._redefined(read, asked, now, noted, keeps_payload=True) if noted else read

        try:
            job = self.change_job.change(principal, holder.job_id, edit)
        except NotFoundError:
            return None
        if job.status is JobStatus.DELETED:
            return None
        action = DefineAction.CHANGED if noted else DefineAction.UNCHANGED
        return Defined(key=holder.key, action=action, job=job, changes=noted)

    def _foresee(self, standing: Job, asked: Job, now: datetime, *, adopts: bool) -> Defined:
        """What ``_change`` would do, or raise."""
        changes = self._changes(standing, asked, adopts=adopts)
        if changes:
            self._redefined(standing, asked, now, changes, keeps_payload=False)
        action = DefineAction.CHANGED if changes else DefineAction.UNCHANGED
        return Defined(key=str(asked.caller_key), action=action, job=standing, changes=changes)

    def _changes(self, standing: Job, asked: Job, *, adopts: bool) -> tuple[FieldChange, ...]:
        """In what they differ. Raises ConflictError for a job of another scope, unless that is to be taken over."""
        if asked.scope is None:
            asked = replace(asked, scope=standing.scope)
        elif standing.scope not in {None, asked.scope} and not adopts:
            raise ConflictError(
                f"the job of this key carries the scope {standing.scope}; "
                'take it out there and delete it, or take it over with "adopt": true'
            )
        return differences(replace(standing, payload=self._payload_of(standing)), asked)

    def _redefined(
        self, read: Job, asked: Job, now: datetime, changes: tuple[FieldChange, ...], *, keeps_payload: bool
    ) -> Job:
        """``read`` as ``asked`` says, with a new version. Only a new schedule must have something to come."""
        schedule = asked_schedule(read.schedule, asked.schedule)
        if schedule is not None:
            self.create_job.require_due(asked, now)
        fields: dict[str, Any] = {
            name: getattr(asked, name) for name in ("name", "description", "task", "queue", "lane", "policy", "tags")
        }
        fields["scope"] = asked.scope or read.scope
        if any(change.field == "payload" for change in changes):
            kept = self._with_payload_kept(replace(asked, job_id=read.job_id)) if keeps_payload else asked
            fields |= {"payload": kept.payload, "payload_blob": kept.payload_blob}
        changed = redefined(read, now, fields=fields, schedule=schedule)
        return changed.completed_if_over(expires_at=now + self.change_job.retention)

    def _with_payload_kept(self, job: Job) -> Job:
        payload, blob = store_payload_by_digest(self.create_job.blobs, job.tenant_id, job.job_id, job.payload)
        return replace(job, payload=payload, payload_blob=blob)

    def _payload_of(self, job: Job) -> Any:
        """The payload of a stored job; None where its blob is gone."""
        try:
            return load_payload(self.create_job.blobs, job.payload, job.payload_blob)
        except NotFoundError:
            return None

    def _job_of(self, holder: KeyHolder) -> Job | None:
        try:
            return self.create_job.jobs.get(holder.tenant_id, holder.job_id)
        except NotFoundError:
            return None


@dataclass(frozen=True, kw_only=True, slots=True)
class FindJob:
    """The job that has a key."""

    caller_keys: CallerKeys
    get_job: GetJob

    def __call__(self, principal: Principal, key: str) -> JobDetail:
        """Raises NotFoundError, also for what cannot be a key, and for a deleted job."""
        holder = self.caller_keys.find(principal.tenant_id, key) if is_caller_key(key) else None
        if holder is None:
            raise NotFoundError("job with the key", key)
        try:
            detail = self.get_job(principal, holder.job_id)
        except NotFoundError:
            raise NotFoundError("job with the key", key) from None
        if detail.job.status is JobStatus.DELETED:
            raise NotFoundError("job with the key", key)
        return detail

"""Jobs, attempts and records with defaults: a test says only what it is about."""

from datetime import timedelta
from typing import Any

from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tickwell.application.ports import Claim, Claimed
from tickwell.domain.account import Role, User
from tickwell.domain.cron import CronExpression
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.execution import Execution, ExecutionStatus, OccurrenceKey, Skip
from tickwell.domain.job import Job
from tickwell.domain.message import JobMessage
from tickwell.domain.retry import Completed
from tickwell.domain.schedule import Cron, OneTime

TENANT = "tenant-1"
RETENTION = timedelta(days=30)
DAILY = Cron(expression=CronExpression.parse("0 12 * * *"))
TOMORROW = NOON + timedelta(days=1)


def job(stores: Stores, **changes: Any) -> Job:
    """A one-time job that is due at noon."""
    fields: dict[str, Any] = {
        "tenant_id": TENANT,
        "job_id": stores.ids.new(),
        "version": 1,
        "user_id": "user-1",
        "name": "a job",
        "task": "echo",
        "payload": {"greeting": "hello"},
        "schedule": OneTime(at=NOON),
        "next_run_at": NOON,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Job(**fields | changes)


def created(stores: Stores, **changes: Any) -> Job:
    """The same, and in the store."""
    made = job(stores, **changes)
    stores.jobs.create(made)
    return made


def recurring(stores: Stores, **changes: Any) -> Job:
    """A job that is due at noon every day, in the store."""
    return created(stores, **{"schedule": DAILY} | changes)


def message(of: Job, **changes: Any) -> JobMessage:
    """The message for the first attempt at noon."""
    fields: dict[str, Any] = {
        "tenant_id": of.tenant_id,
        "job_id": of.job_id,
        "version": of.version,
        "due_at": NOON,
        "attempt": 1,
        "run_at": NOON,
        "lane": of.lane,
        "recurring": of.is_recurring,
    }
    return JobMessage(**fields | changes)


def claim(of: Job, token: str = "token-1", **changes: Any) -> Claim:
    """A claim by the message of ``of``; what is no field of a claim changes the message."""
    own = {name: changes.pop(name) for name in ("next_run_at", "now") if name in changes}
    fields: dict[str, Any] = {"message": message(of, **changes), "token": token, "now": NOON}
    return Claim(**fields | own)


def claimed(stores: Stores, of: Job, token: str = "token-1", **changes: Any) -> Job:
    """``of`` after a claim that must be won."""
    (result,) = stores.jobs.claim_many([claim(of, token, **changes)])
    assert isinstance(result, Claimed)
    return result.job


def execution(of: Job, **changes: Any) -> Execution:
    """A successful attempt that took a second and a half, with the token that holds the slot of ``of``."""
    slot = of.slot
    fields: dict[str, Any] = {
        "tenant_id": of.tenant_id,
        "job_id": of.job_id,
        "due_at": NOON if slot is None else slot.due_at,
        "attempt": 1 if slot is None else slot.attempt,
        "status": ExecutionStatus.SUCCESS,
        "token": "token-1" if slot is None else slot.token,
        "decision": Completed(),
        "recurring": of.is_recurring,
        "started_at": NOON,
        "finished_at": NOON + timedelta(seconds=1.5),
        "expires_at": NOON + RETENTION,
    }
    return Execution(**fields | changes)


def finished(stores: Stores, attempt: Execution) -> bool:
    """Whether finishing the attempt succeeds; a second after noon."""
    (done,) = stores.jobs.finish_many([attempt], now=NOON + timedelta(seconds=2))
    return done


def skip(of: Job, **changes: Any) -> Skip:
    """The occurrence of noon, left out."""
    fields: dict[str, Any] = {
        "tenant_id": of.tenant_id,
        "job_id": of.job_id,
        "first_due_at": NOON,
        "last_due_at": NOON,
        "count": 1,
        "reason": "overlap",
        "expires_at": NOON + RETENTION,
    }
    return Skip(**fields | changes)


def dead_letter(of: Job, **changes: Any) -> DeadLetter:
    """The occurrence of noon, given up."""
    fields: dict[str, Any] = {
        "tenant_id": of.tenant_id,
        "dead_letter_id": OccurrenceKey(job=of.key, due_at=changes.get("due_at") or NOON).idempotency_key,
        "job_id": of.job_id,
        "job_name": of.name,
        "user_id": of.user_id,
        "task": of.task,
        "due_at": NOON,
        "attempts": 4,
        "reason": "all 4 attempts failed",
        "error_code": "HTTP_STATUS",
        "error_message": "503",
        "failed_at": NOON + timedelta(minutes=20),
        "expires_at": NOON + RETENTION,
    }
    return DeadLetter(**fields | changes)


def user(**changes: Any) -> User:
    """An owner, to be registered with a tenant of its own."""
    fields: dict[str, Any] = {
        "tenant_id": "tenant-1",
        "user_id": "user-1",
        "email": "Ada@Example.com",
        "password_hash": "$argon2id$",
        "role": Role.OWNER,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return User(**fields | changes)

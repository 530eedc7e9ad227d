"""The consumer of a lane's dead letter queue: what the lane gave up on is retried, or recorded as a dead letter."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from tickwell.application.claim_attempts import ClaimAttempts
from tickwell.application.ports import Clock, Delivery, History
from tickwell.application.recover import Recover
from tickwell.domain.dead_letter import OPERATOR_TENANT, DeadLetter
from tickwell.domain.errors import UnavailableError
from tickwell.domain.execution import Failure
from tickwell.domain.job import JobKey
from tickwell.domain.message import JobMessage, Unreadable

_MOST_RECEIVES = 20
"""A message that cannot be dealt with although it came so often leaves a dead letter, and comes no more."""

_LONGEST_BODY_KEPT = 1024
_LONGEST_ID = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLettersConsumed:
    """How many bodies could not be read, and how many attempts were counted as lost; the rest was stale.

    ``unknown`` counts messages of jobs that do not exist, ``given_up`` those that could not be dealt with.
    """

    unreadable: int
    lost: int
    unknown: int = 0
    given_up: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsumeDeadLetters:
    """The use case; see ``__call__``."""

    claim_attempts: ClaimAttempts
    recover: Recover
    history: History
    clock: Clock
    retention: timedelta

    def __call__(self, deliveries: Sequence[Delivery[JobMessage]]) -> DeadLettersConsumed:
        """Deal with messages that a lane delivered again and again without success.

        What cannot be read becomes a dead letter of the operator, and so does what names a job that does not exist.
        For the rest the attempt is claimed, which proves that no worker ever began it, and counted as lost: the job is
        enqueued again with the next attempt, or becomes a dead letter when that was the second loss. So a message that
        kills every worker ends after two rounds. Raises UnavailableError; may be repeated. What the store refuses to
        deal with again and again is a dead letter of the operator in the end; the safety sync still has its due item.
        """
        now = self.clock.now()
        unreadable = [d for d in deliveries if isinstance(d.message, Unreadable)]
        self._record(unreadable, _UNREADABLE, now)
        messages = [d.message for d in deliveries if isinstance(d.message, JobMessage)]
        batch = self.claim_attempts(messages, now=now)
        settled = [*self.recover(batch.claimed, started=False), *self.recover(batch.abandoned)]
        known = {job.key for job in (*batch.claimed, *batch.abandoned)} | {message.key for message in batch.again}
        unknown = self._unknown([d for d in deliveries if isinstance(d.message, JobMessage)], known)
        self._record(unknown, _UNKNOWN_JOB, now)
        again = [d for d in deliveries if d.message in batch.again]
        given_up = [d for d in again if d.receive_count >= _MOST_RECEIVES]
        self._record(given_up, _NOT_CLAIMABLE, now)
        if len(given_up) < len(again):
            raise UnavailableError("store", "not all messages could be dealt with")
        return DeadLettersConsumed(
            unreadable=len(unreadable), lost=len(settled), unknown=len(unknown), given_up=len(given_up)
        )

    def _unknown(
        self, deliveries: Sequence[Delivery[JobMessage]], known: Collection[JobKey]
    ) -> list[Delivery[JobMessage]]:
        """Those whose jobs do not exist; ``known`` are some that do."""
        keys = {d.message.key for d in deliveries if isinstance(d.message, JobMessage)} - set(known)
        missing = keys - set(self.claim_attempts.jobs.get_many(list(keys))) if keys else set()
        return [d for d in deliveries if isinstance(d.message, JobMessage) and d.message.key in missing]

    def _record(self, deliveries: Sequence[Delivery[JobMessage]], fault: Failure, now: datetime) -> None:
        if deliveries:
            self.history.put_dead_letters([_operator_dead_letter(d, fault, now, self.retention) for d in deliveries])


_UNREADABLE = Failure(code="UNREADABLE_MESSAGE", message="the message could not be read")
_UNKNOWN_JOB = Failure(code="UNKNOWN_JOB", message="the message names a job that does not exist")
_NOT_CLAIMABLE = Failure(code="NOT_CLAIMABLE", message="the store did not let its attempt be claimed")


def _operator_dead_letter(
    delivery: Delivery[JobMessage], fault: Failure, now: datetime, retention: timedelta
) -> DeadLetter:
    message = delivery.message
    if isinstance(message, Unreadable):
        body, job_id, due_at, attempts, reason = message.body, _job_in(message.body), None, 0, message.reason
    else:
        body, job_id, due_at, attempts = _body(message), message.job_id, message.due_at, message.attempt
        reason = fault.message
    return DeadLetter(
        tenant_id=OPERATOR_TENANT,
        dead_letter_id=f"message-{delivery.message_id}",
        job_id=job_id,
        job_name=None,
        user_id=None,
        task=None,
        due_at=due_at,
        attempts=attempts,
        reason=fault.message,
        error_code=fault.code,
        error_message=reason,
        body=body,
        failed_at=now,
        expires_at=now + retention,
    )


def _body(message: JobMessage) -> str:
    """What the message said, for people."""
    return json.dumps(asdict(message), default=str)[:_LONGEST_BODY_KEPT]


def _job_in(body: str) -> str | None:
    """The job that an unreadable body names, if it is still JSON and names one."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    job_id = document.get("job") if isinstance(document, dict) else None
    return job_id[:_LONGEST_ID] if isinstance(job_id, str) else None

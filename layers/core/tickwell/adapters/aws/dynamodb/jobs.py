"""Jobs in DynamoDB. Each write is one conditional UpdateItem or PutItem; see ``JobStore`` for what they promise.

What only reads is in ``job_reads``.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import cycle, islice

from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.aws.dynamodb.attributes import Item, Value, optional_text
from tickwell.adapters.aws.dynamodb.items import (
    NAMES,
    definition_attributes,
    is_expired,
    job_from,
    job_item,
    slot_token,
)
from tickwell.adapters.aws.dynamodb.job_finish import Finishing
from tickwell.adapters.aws.dynamodb.job_reads import JobReads
from tickwell.adapters.aws.dynamodb.job_shown import is_armed, is_still, shows, shows_retry, waits_for
from tickwell.adapters.aws.dynamodb.job_writes import (
    claim_write,
    last_skip_writes,
    let_go_write,
    note_probe_write,
    pass_on_writes,
    replace_writes,
    sign_writes,
    skip_write,
    slot_of_head,
)
from tickwell.adapters.aws.dynamodb.statements import MOST_STATEMENTS, Placed
from tickwell.adapters.aws.dynamodb.writes import SERVICE, Refused, Write, Written
from tickwell.adapters.documents import content_text, definition_text, epoch_ms, is_later_form, pending_text
from tickwell.application.ports import (
    Claim,
    Claimed,
    ClaimLost,
    ClaimResult,
    PendingChange,
    SignAnswer,
    Signed,
    TokenGone,
)
from tickwell.domain.completion import Outside
from tickwell.domain.errors import ConflictError, UnavailableError
from tickwell.domain.execution import Execution
from tickwell.domain.handover import Handover
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import KEEPS_RETRY, Job, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.progress import Progress

_FORM_TRIES = 8


class DynamoJobStore(JobReads):
    """The ``JobStore`` of the ``aws`` engine."""

    def create(self, job: Job) -> None:
        """See the port. The body is written before the job. An expired job of the same id gives way."""
        self._create(job, self._placed(job, self._bodies.put(job)))

    def create_many(self, jobs: Sequence[Job]) -> Sequence[bool]:
        """See the port. Bodies in batches of 25, then the jobs likewise; what such a batch leaves open, one by one."""
        placed = [self._placed(*each) for each in zip(jobs, self._bodies.put_many(jobs), strict=True)]
        steps = [placed[at : at + MOST_STATEMENTS] for at in range(0, len(placed), MOST_STATEMENTS)]
        written = [done for step in self._table.each(self._create_new, steps) for done in step]
        left = [one for one, done in zip(zip(jobs, placed, strict=True), written, strict=True) if done is None]
        alone = iter(self._table.each(self._is_created, left))
        return [next(alone) if done is None else done for done in written]

    def replace(self, job: Job, *, read: Job) -> bool:
        """See the port."""
        key = keys.job_key(job.key)
        old_body = self._bodies.standing(read) if self._bodies.is_long(read) else None
        body = old_body if _keeps_body(job, read) else None
        if body is None:
            body = self._bodies.put(job)
        attributes = definition_attributes(job, definition_text(job), content_text(job), body)
        if job.failures_in_a_row != read.failures_in_a_row:  # only then: finishing counts them beside all edits
            attributes["failures_in_a_row"] = job.failures_in_a_row or None
        goes_on = job.status in KEEPS_RETRY
        if not goes_on:
            attributes["pending"] = None
        writes = replace_writes(attributes, read=read, empties_slot=job.slot is None or not goes_on)
        outcome = self._one_of(key, writes, lambda item: is_still(item, read))
        if isinstance(outcome, Refused):
            return outcome.retried and outcome.item is not None and shows(outcome.item, attributes)
        if old_body is not None and (body != old_body or job.expires_at is not None):
            self._bodies.retire(job, old_body)
        return True

    def claim_many(self, claims: Sequence[Claim]) -> Sequence[ClaimResult]:
        """See the port. All in one request, or the only one by itself; bodies are read together afterwards."""
        writes = [(keys.job_key(claim.message.key), claim_write(claim)) for claim in claims]
        made = self._table.update_many(writes, NAMES)
        outcomes = [self._won(claim, outcome) for claim, outcome in zip(claims, made, strict=True)]
        standing = [item for _, item in outcomes if item is not None]
        jobs = iter(self._with_content(standing))
        results: list[ClaimResult] = []
        for won, item in outcomes:
            job = None if item is None else next(jobs)
            results.append(Claimed(job=job) if won and job is not None else ClaimLost(job=job))
        return results

    def skip(
        self,
        message: JobMessage,
        *,
        next_run_at: datetime | None,
        now: datetime,
        if_busy: bool = True,
        waiting: PendingChange | None = None,
        expires_at: datetime | None = None,
    ) -> bool:
        """See the port. One UpdateItem; for a last occurrence that meets a busy slot a second one."""
        if next_run_at is None and not if_busy and expires_at is not None:
            writes: tuple[Write, ...] = last_skip_writes(message, now, expires_at)
        else:
            writes = (skip_write(message, next_run_at, now, if_busy=if_busy, waiting=waiting),)
        outcome = self._one_of(
            keys.job_key(message.key), writes, lambda item: len(writes) > 1 and is_armed(item, message)
        )
        if isinstance(outcome, Written):
            self._retire_body(outcome.item)
            return True
        expected: dict[str, Value | None] = {
            "version": message.version,
            "next_run": epoch_ms(next_run_at),
            "updated": to_epoch_ms(now),
        }
        if waiting is not None:
            expected["pending"] = pending_text(waiting.written)
        return outcome.retried and outcome.item is not None and shows(outcome.item, expected)

    def pass_on(self, job: Job, handover: Handover, *, now: datetime, expires_at: datetime) -> bool:
        """See the port. One UpdateItem; a second one where the job's schedule is over, or was when it was read."""
        slot = job.slot
        if slot is None:
            return False
        writes = pass_on_writes(job, slot, handover, now, expires_at)
        known = pending_text(handover.known)

        def waits(item: Item) -> bool:
            """The conditions that both forms share."""
            return len(writes) > 1 and waits_for(item, slot) and item.get(NAMES["pending"]) == known

        outcome = self._one_of(keys.job_key(job.key), writes, waits)
        if isinstance(outcome, Written):
            self._retire_body(outcome.item)
            return True
        expected: dict[str, Value | None] = {**slot_of_head(handover), "pending": pending_text(handover.rest)}
        return outcome.retried and outcome.item is not None and shows(outcome.item, expected)

    def finish_many(
        self, executions: Sequence[Execution], *, now: datetime, handovers: Mapping[str, Handover] | None = None
    ) -> Sequence[bool]:
        """See the port. What is likeliest in one request; where a job is not in that status, one by one."""
        given = handovers or {}
        finishing = [Finishing.of(execution, given.get(execution.token), now) for execution in executions]
        together = [number for number, one in enumerate(finishing) if one.adds_to_what_is_there]
        likeliest = [(finishing[number].key, finishing[number].writes[0]) for number in together]
        tried = dict(zip(together, self._table.update_many(likeliest, NAMES, returning=False), strict=True))
        left = [number for number in range(len(finishing)) if not isinstance(tried.get(number), Written)]
        alone = self._table.each(lambda number: self._finish(finishing[number], tried.get(number)), left)
        finished = dict.fromkeys(range(len(finishing)), True) | dict(zip(left, alone, strict=True))
        return list(finished.values())

    def sign(self, job: Job, *, now: datetime, progress: Progress | None) -> SignAnswer:
        """See the port."""
        token = job.held_token
        writes = sign_writes(job, token, now, progress)
        return self._answer(self._one_of(keys.job_key(job.key), writes, lambda item: slot_token(item) == token))

    def let_go_many(self, handed_on: Sequence[tuple[Job, Outside]]) -> Sequence[SignAnswer]:
        """See the port. All in one request, or the only one by itself."""
        writes = [(keys.job_key(job.key), let_go_write(job.held_token, outside)) for job, outside in handed_on]
        return [self._answer(outcome) for outcome in self._table.update_many(writes, NAMES)]

    def note_probe(self, job: Job, *, at: datetime) -> None:
        """See the port."""
        self._table.update(keys.job_key(job.key), note_probe_write(job.held_token, at), NAMES)

    def _placed(self, job: Job, body: str | None) -> Placed:
        return keys.job_key(job.key), job_item(job, definition_text(job), content_text(job), body)

    def _create(self, job: Job, placed: Placed) -> None:
        standing = self._table.put_if_absent(*placed, now_ms=self._now_ms())
        if standing is not None and not is_later_form(self._with_content([standing])[0], job):
            raise ConflictError(f"another job has the id {job.job_id}")

    def _create_new(self, placed: Sequence[Placed]) -> list[bool | None]:
        """True for what was new and is written now; None for what is to be tried alone; False where nothing is known.

        A request that failed is not followed by others: a due item must not wait for them.
        """
        try:
            return [True if is_written else None for is_written in self._table.put_new_many(placed)]
        except UnavailableError:
            return [False] * len(placed)

    def _is_created(self, one: tuple[Job, Placed]) -> bool:
        try:
            self._create(*one)
        except UnavailableError:
            return False
        return True

    def _won(self, claim: Claim, outcome: Written | Refused) -> tuple[bool, Item | None]:
        """Whether the claim was won, and the item as it stands; an expired one does not stand."""
        if isinstance(outcome, Written):
            return True, outcome.item
        item = outcome.item
        if item is None or is_expired(item, self._now_ms()):
            return False, None
        return slot_token(item) == claim.token, item

    def _answer(self, outcome: Written | Refused) -> SignAnswer:
        """What a write to a slot found, whose condition was the token."""
        if isinstance(outcome, Refused) or is_expired(outcome.item, self._now_ms()):
            return TokenGone()
        return Signed(job=job_from(outcome.item, None))

    def _finish(self, one: Finishing, tried: Written | Refused | None) -> bool:
        """Finish by whichever form applies; ``tried``: the likeliest was refused already, but not by what all share."""
        outcome, writes = tried, one.writes
        if isinstance(outcome, Refused):
            writes = (*writes[1:], writes[0])
        if not isinstance(outcome, Refused) or (outcome.item is not None and one.is_held(outcome.item)):
            outcome = self._one_of(one.key, writes, one.is_held)
        if isinstance(outcome, Written):
            self._retire_body(outcome.item)
            return True
        return outcome.retried and outcome.item is not None and shows_retry(outcome.item, one.execution)

    def _retire_body(self, item: Item) -> None:
        """Let the body of a recurring job expire that has just been completed; that of a one-time job does anyway."""
        body = optional_text(item, NAMES["body"])
        if body is not None and item[NAMES["recurring"]] and item[NAMES["status"]] == JobStatus.COMPLETED:
            self._bodies.retire(job_from(item, None), body)

    def _one_of(self, key: keys.Key, writes: Sequence[Write], shared: Callable[[Item], bool]) -> Written | Refused:
        """Make whichever of ``writes`` applies; refused when what their conditions share does not hold.

        It starts over when the job changes between two tries, which somebody else's edit must have done each time.
        """
        for write in islice(cycle(writes), _FORM_TRIES):
            outcome = self._table.update(key, write, NAMES)
            if isinstance(outcome, Written) or outcome.item is None or not shared(outcome.item):
                return outcome
        raise UnavailableError(SERVICE, "the job is being edited too often")


def _keeps_body(job: Job, read: Job) -> bool:
    """Whether an edit leaves the body as it is: neither the content changes, nor what it lives by.

    That is the schedule, and whether the job has ended: the body of a job that runs again must not expire with the old.
    """
    runs_again = read.expires_at is not None and job.expires_at is None
    return not runs_again and content_text(job) == content_text(read) and job.schedule == read.schedule

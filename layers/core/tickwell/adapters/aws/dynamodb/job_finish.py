"""The conditional writes that finish an attempt (rule 3), in their several forms; see ``job_writes``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from tickwell.adapters.aws.dynamodb.attributes import Item, Value
from tickwell.adapters.aws.dynamodb.items import NAMES, slot_token
from tickwell.adapters.aws.dynamodb.job_writes import OVER, SLOT, any_of, assign, completed, pending_is, slot_of_head
from tickwell.adapters.aws.dynamodb.keys import Key, job_key
from tickwell.adapters.aws.dynamodb.writes import Write
from tickwell.adapters.documents import pending_text
from tickwell.domain.execution import Execution, ExecutionStatus
from tickwell.domain.handover import Handover
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import KEEPS_RETRY, JobStatus, PauseReason, sources
from tickwell.domain.retry import RetryAt

_EMPTY_SLOT = ", ".join(f"#{name}" for name in SLOT)
_PAUSES = (
    "#status = :active AND #recurring = :true AND attribute_exists(#pause_from)"
    " AND (#pause_from = :none_before OR #failures_in_a_row >= #pause_from)"
)
"""Whether this failure is the one that pauses the job (X23). No failures so far: the attribute is not there."""

_COUNT = "ADD #executions :one, #successful :successful, #failed :failed, #duration :duration"
_ALSO_COUNTED = {ExecutionStatus.TIMEOUT: ", #timeouts :one", ExecutionStatus.LOST: ", #lost :one"}
"""What tells the failures apart, for the counts of the tenant; most jobs never have these attributes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finishing:
    """What finishing ``execution`` takes: the forms of the write, the likeliest first, and what they all ask for."""

    execution: Execution
    key: Key
    writes: tuple[Write, ...]
    asks_who_waits: bool
    known: str | None

    @classmethod
    def of(cls, execution: Execution, handover: Handover | None, now: datetime) -> Self:
        """``handover`` as in ``finish_writes``."""
        return cls(
            execution=execution,
            key=job_key(execution.job_key),
            writes=finish_writes(execution, now, handover),
            asks_who_waits=handover is not None or not isinstance(execution.decision, RetryAt),
            known=None if handover is None else pending_text(handover.known),
        )

    def is_held(self, item: Item) -> bool:
        """Whether the conditions hold that all forms share."""
        waits = not self.asks_who_waits or item.get(NAMES["pending"]) == self.known
        return waits and slot_token(item) == self.execution.token

    @property
    def adds_to_what_is_there(self) -> bool:
        """Whether the likeliest form counts only what each job has counted from its creation: a statement can do that.

        Nor does it ever complete a recurring job, whose body would have to go as well.
        """
        return self.writes[0].update.endswith(_COUNT)


def finish_writes(execution: Execution, now: datetime, handover: Handover | None) -> tuple[Write, ...]:
    """Empty the slot that holds the execution's token (rule 3), or hand it over, and count; the likeliest form first.

    A decision to retry: the retry is left waiting where the job's status allows that, or the slot is emptied. A
    final decision: a one-time job whose status allows that ends, and so does a recurring one whose schedule is over,
    or the job only loses the slot; a failure may also be the one that pauses a recurring job. All forms share the
    conditions on the token and on those that wait.
    """
    counts = execution.counts
    values: dict[str, Value] = {
        "token": execution.token,
        "one": 1,
        "successful": counts.successful,
        "failed": counts.failed,
        "duration": counts.duration_ms,
    }
    succeeds = handover is not None and handover.head is not None
    if isinstance(execution.decision, RetryAt) and not succeeds:
        return _retry_writes(execution, execution.decision, values, handover)
    target = execution.ends_as or JobStatus.CANCELLED
    return _final_writes(execution, target, values, now, handover or Handover(known=()))


def _final_writes(
    execution: Execution, target: JobStatus, values: dict[str, Value], now: datetime, handover: Handover
) -> tuple[Write, ...]:
    emptied: dict[str, Value | None] = dict(slot_of_head(handover))
    if handover.known:
        emptied["pending"] = pending_text(handover.rest)
    if target is JobStatus.COMPLETED:
        emptied["failures_in_a_row"] = None
    still, known = pending_is(handover.known)
    held = f"#slot_token = :token AND {still}"
    statuses, allowed = any_of(sources(target))
    ends = f"#recurring = :once AND #status IN ({statuses})"
    judging = values | allowed | known | {"once": False}
    going_on: dict[str, Value] = {"active": JobStatus.ACTIVE.value, "true": True}
    counting = _counting(execution)
    ended = {**emptied, **completed(now, execution.expires_at), "status": target.value}
    end = _counted(ended, counting, f"{held} AND {ends}", judging)
    if target is JobStatus.FAILED:
        counting += ", #failures_in_a_row :one"
    others, not_over = f"{held} AND NOT ({ends})", ""
    overs: tuple[Write, ...] = ()
    if handover.head is None:
        last = {**emptied, **completed(now, execution.expires_at)}
        overs = (_counted(last, counting, f"{held} AND {OVER}", values | known | going_on),)
        not_over = f" AND NOT ({OVER})"
        judging |= going_on
    if target is not JobStatus.FAILED:
        go_on = _counted(emptied, counting, f"{others}{not_over}", judging)
        return (go_on, *overs, end) if execution.recurring else (end, go_on, *overs)
    pausing = going_on | {"none_before": 0}
    go_on = _counted(emptied, counting, f"{others}{not_over} AND NOT ({_PAUSES})", judging | pausing)
    paused = {**emptied, **_paused(now)}
    pauses = f"{held}{not_over} AND {_PAUSES}"
    pause = _counted(paused, f"{counting}, #version :one", pauses, values | known | pausing)
    return (go_on, pause, *overs, end) if execution.recurring else (end, go_on, pause, *overs)


def _counted(changes: Mapping[str, Value | None], counting: str, condition: str, values: dict[str, Value]) -> Write:
    """One form of a finishing write."""
    update, assigned = assign(changes)
    return Write(update=f"{update} {counting}", condition=condition, values=values | assigned)


def _paused(now: datetime) -> dict[str, Value | None]:
    """What a recurring job that pauses itself changes; the condition on statuses is that of a pause."""
    now_ms = to_epoch_ms(now)
    return {
        "status": JobStatus.PAUSED.value,
        "paused": now_ms,
        "updated": now_ms,
        "pause_reason": PauseReason.FAILURES.value,
        "next_run": None,
        "upcoming": None,
    }


def _retry_writes(
    execution: Execution, decision: RetryAt, values: dict[str, Value], handover: Handover | None
) -> tuple[Write, Write]:
    """``handover``: those that are known to wait, of whom none is to take the slot; None: whoever waits."""
    statuses, keeping = any_of(KEEPS_RETRY)
    keeps = f"#status IN ({statuses})"
    counting = _counting(execution)
    values = values | keeping
    held = "#slot_token = :token"
    others: dict[str, Value | None] = {}
    if handover is not None:
        still, known = pending_is(handover.known)
        held, values = f"{held} AND {still}", values | known
        others["pending"] = pending_text(handover.rest)
    waiting, slot = assign(
        {
            **others,
            "slot_attempt": decision.attempt,
            "slot_losses": execution.losses,
            "slot_returns": execution.returns or None,
            "slot_token": None,
            "lease_until": None,
            "progress": None,
            "probe_at": None,
            "outside": None,
        }
    )
    wait = Write(update=f"{waiting} {counting}", condition=f"{held} AND {keeps}", values=values | slot)
    drop = Write(
        update=f"REMOVE {_EMPTY_SLOT} {counting}",
        condition=f"{held} AND NOT ({keeps})",
        values=values,
    )
    return wait, drop


def _counting(execution: Execution) -> str:
    """What finishing ``execution`` adds to the tally."""
    return _COUNT + _ALSO_COUNTED.get(execution.status, "")

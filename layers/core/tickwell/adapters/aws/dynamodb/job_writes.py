"""Every conditional write of a job, as expressions. Conditions on status come from the domain's table of transitions.

Where a write has two forms, their conditions are complements of each other besides what they share: when one is refused
although the shared part holds, the other one is due.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from tickwell.adapters.aws.dynamodb.attributes import Value
from tickwell.adapters.aws.dynamodb.items import expiry
from tickwell.adapters.aws.dynamodb.table import Write
from tickwell.adapters.aws.dynamodb.upcoming_keys import upcoming_sort
from tickwell.adapters.documents import progress_text
from tickwell.application.ports import Claim
from tickwell.domain.execution import Execution, ExecutionStatus
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import KEEPS_RETRY, LEASE_MARGIN, Job, JobStatus, PauseReason, sources
from tickwell.domain.message import JobMessage
from tickwell.domain.progress import Progress
from tickwell.domain.retry import RetryAt

_SLOT = ("slot_due", "slot_attempt", "slot_losses", "slot_returns", "slot_token", "lease_until", "progress", "probe_at")
_EMPTY_SLOT = ", ".join(f"#{name}" for name in _SLOT)
_GOES_ON = "#status = :active AND #recurring = :true"
_OVER = f"{_GOES_ON} AND attribute_not_exists(#next_run)"
"""Whether this was the last occurrence of a schedule; a job that is paused has no next run either."""

_PAUSES = (
    f"{_GOES_ON} AND attribute_exists(#next_run) AND attribute_exists(#pause_from)"
    " AND (#pause_from = :none_before OR #failures_in_a_row >= #pause_from)"
)
"""Whether this failure is the one that pauses the job (X23). No failures so far: the attribute is not there."""

_COUNT = "ADD #executions :one, #successful :successful, #failed :failed, #duration :duration"
_ALSO_COUNTED = {ExecutionStatus.TIMEOUT: ", #timeouts :one", ExecutionStatus.LOST: ", #lost :one"}
"""What tells the failures apart, for the counts of the tenant; most jobs never have these attributes."""


def claim_write(claim: Claim) -> Write:
    """Take the slot (rule 2). The lease is computed in the write itself, from the job's own policy."""
    message = claim.message
    update = ["#slot_token = :token", "#lease_until = #lease_ms + :now_plus_margin", "#last_executed = :now"]
    values: dict[str, Value] = {
        "token": claim.token,
        "now": to_epoch_ms(claim.now),
        "now_plus_margin": to_epoch_ms(claim.now + LEASE_MARGIN),
        "due": to_epoch_ms(message.due_at),
        "active": JobStatus.ACTIVE.value,
    }
    if message.attempt > 1:
        return Write(
            update=f"SET {', '.join(update)} REMOVE #progress, #probe_at",
            condition="#status = :active AND #slot_due = :due AND #slot_attempt = :attempt"
            " AND attribute_not_exists(#slot_token)",
            values=values | {"attempt": message.attempt},
        )
    update += ["#slot_due = :due", "#slot_attempt = :one", "#slot_losses = :zero"]
    moved = _next_run(message, claim.next_run_at)
    rearm, rearmed = _assign({**moved, "progress": None, "probe_at": None}, update)
    return Write(
        update=rearm,
        condition="#status = :active AND #version = :version AND #next_run = :due AND attribute_not_exists(#slot_due)",
        values=values | rearmed | {"version": message.version, "one": 1, "zero": 0},
    )


def skip_write(message: JobMessage, next_run_at: datetime | None, now: datetime) -> Write:
    """Move past an occurrence that met a busy slot."""
    update, values = _assign({**_next_run(message, next_run_at), "updated": to_epoch_ms(now)})
    return Write(
        update=update,
        condition="#status = :active AND #version = :version AND #next_run = :due AND attribute_exists(#slot_due)",
        values=values
        | {"active": JobStatus.ACTIVE.value, "version": message.version, "due": to_epoch_ms(message.due_at)},
    )


def replace_writes(attributes: Mapping[str, Value | None], *, read: Job, empties_slot: bool) -> tuple[Write, ...]:
    """Set what an edit of ``read`` changes. With ``empties_slot`` two forms: nobody holds the slot, somebody does."""
    update, values = _assign(attributes)
    shared = "#version = :read_version AND #status = :read_status"
    values |= {"read_version": read.version, "read_status": read.status.value}
    if read.next_run_at is None:
        shared += " AND attribute_not_exists(#next_run)"
    else:
        shared += " AND #next_run = :read_next_run"
        values["read_next_run"] = to_epoch_ms(read.next_run_at)
    if not empties_slot:
        return (Write(update=update, condition=shared, values=values),)
    emptied, _ = _assign({**attributes, **dict.fromkeys(_SLOT)})
    return (
        Write(update=emptied, condition=f"{shared} AND attribute_not_exists(#slot_token)", values=values),
        Write(update=update, condition=f"{shared} AND attribute_exists(#slot_token)", values=values),
    )


def finish_writes(execution: Execution, now: datetime) -> tuple[Write, ...]:
    """Empty the slot that holds the execution's token (rule 3) and count; the likeliest form first.

    A decision to retry: the retry is left waiting where the job's status allows that, or the slot is emptied. A
    final decision: a one-time job whose status allows that ends, and an active recurring one that has no next run is
    completed, or the job only loses the slot; a failure may also be the one that pauses a recurring job.
    """
    counts = execution.counts
    values: dict[str, Value] = {
        "token": execution.token,
        "one": 1,
        "successful": counts.successful,
        "failed": counts.failed,
        "duration": counts.duration_ms,
    }
    if isinstance(execution.decision, RetryAt):
        return _retry_writes(execution, execution.decision, values)
    target = execution.ends_as
    assert target is not None  # noqa: S101 - only a retry ends nothing
    return _final_writes(execution, target, values, now)


def _final_writes(
    execution: Execution, target: JobStatus, values: dict[str, Value], now: datetime
) -> tuple[Write, ...]:
    empty = f"REMOVE {_EMPTY_SLOT}"
    counting = _counting(execution)
    if target is JobStatus.COMPLETED:
        empty += ", #failures_in_a_row"
    statuses, allowed = _any_of(sources(target))
    ends = f"#recurring = :once AND #status IN ({statuses})"
    ending = values | allowed | {"once": False}
    going_on: dict[str, Value] = {"active": JobStatus.ACTIVE.value, "true": True}
    end = _end_write(f"{empty} {counting}", ends, target, ending, execution, now)
    if target is JobStatus.FAILED:
        counting += ", #failures_in_a_row :one"
    over = _end_write(f"{empty} {counting}", _OVER, JobStatus.COMPLETED, values | going_on, execution, now)
    others = f"#slot_token = :token AND NOT ({ends}) AND NOT ({_OVER})"
    ending |= going_on
    if target is not JobStatus.FAILED:
        go_on = Write(update=f"{empty} {counting}", condition=others, values=ending)
        return (go_on, over, end) if execution.recurring else (end, go_on, over)
    ending |= {"none_before": 0}
    go_on = Write(update=f"{empty} {counting}", condition=f"{others} AND NOT ({_PAUSES})", values=ending)
    pausing = values | going_on | {"none_before": 0}
    pause = _pause_write(f"{empty}, #next_run, #upcoming {counting}, #version :one", pausing, now)
    return (go_on, pause, over, end) if execution.recurring else (end, go_on, pause, over)


def _end_write(
    update: str, ends: str, target: JobStatus, values: Mapping[str, Value], execution: Execution, now: datetime
) -> Write:
    """The finishing write of a job that ends as ``target``: it expires with its last execution."""
    expires = expiry(to_epoch_ms(execution.expires_at))
    ended, changes = _assign(
        {"status": target.value, "updated": to_epoch_ms(now), "expires": expires["ex"], "ttl": expires["ttl"]}
    )
    return Write(update=f"{ended} {update}", condition=f"#slot_token = :token AND {ends}", values={**values, **changes})


def _pause_write(update: str, values: Mapping[str, Value], now: datetime) -> Write:
    """The finishing write of a recurring job that pauses itself; its condition on statuses is that of a pause."""
    now_ms = to_epoch_ms(now)
    paused, changes = _assign(
        {
            "status": JobStatus.PAUSED.value,
            "paused": now_ms,
            "updated": now_ms,
            "pause_reason": PauseReason.FAILURES.value,
        }
    )
    condition = f"#slot_token = :token AND {_PAUSES}"
    return Write(update=f"{paused} {update}", condition=condition, values={**values, **changes})


def sign_writes(job: Job, token: str, now: datetime, progress: Progress | None) -> tuple[Write, Write]:
    """Extend the lease that ``token`` holds, or leave it where it ends later already; the likelier form first."""
    noted: dict[str, Value | None] = {"slot_token": token}
    if progress is not None:
        noted["progress"] = progress_text(progress)
    until_ms = to_epoch_ms(job.lease_after_sign(now))
    extended, longer = _assign(noted | {"lease_until": until_ms})
    kept, same = _assign(noted)
    held: dict[str, Value] = {"token": token, "until": until_ms}
    return (
        Write(
            update=extended,
            condition="#slot_token = :token AND #lease_until <= :until",
            values=longer | held,
        ),
        Write(
            update=kept,
            condition="#slot_token = :token AND NOT (#lease_until <= :until)",
            values=same | held,
        ),
    )


def note_probe_write(token: str, at: datetime) -> Write:
    """Note when the newest probe looks, unless a later one is noted."""
    return Write(
        update="SET #probe_at = :at",
        condition="#slot_token = :token AND (attribute_not_exists(#probe_at) OR #probe_at < :at)",
        values={"token": token, "at": to_epoch_ms(at)},
    )


def _retry_writes(execution: Execution, decision: RetryAt, values: dict[str, Value]) -> tuple[Write, Write]:
    statuses, keeping = _any_of(KEEPS_RETRY)
    keeps = f"#status IN ({statuses})"
    counting = _counting(execution)
    values = values | keeping
    waiting, slot = _assign(
        {
            "slot_attempt": decision.attempt,
            "slot_losses": execution.losses,
            "slot_returns": execution.returns or None,
            "slot_token": None,
            "lease_until": None,
            "progress": None,
            "probe_at": None,
        }
    )
    wait = Write(update=f"{waiting} {counting}", condition=f"#slot_token = :token AND {keeps}", values=values | slot)
    drop = Write(
        update=f"REMOVE {_EMPTY_SLOT} {counting}",
        condition=f"#slot_token = :token AND NOT ({keeps})",
        values=values,
    )
    return wait, drop


def _next_run(message: JobMessage, next_run_at: datetime | None) -> dict[str, Value | None]:
    """The next run, and the place in the index of what is to come."""
    if next_run_at is None:
        return {"next_run": None, "upcoming": None}
    next_run_ms = to_epoch_ms(next_run_at)
    return {"next_run": next_run_ms, "upcoming": upcoming_sort(next_run_ms, message.job_id)}


def _counting(execution: Execution) -> str:
    """What finishing ``execution`` adds to the tally."""
    return _COUNT + _ALSO_COUNTED.get(execution.status, "")


def _assign(attributes: Mapping[str, Value | None], already_set: Collection[str] = ()) -> tuple[str, dict[str, Value]]:
    """SET what has a value and REMOVE what is None; with the values, each named ``new_`` and the attribute."""
    values = {f"new_{name}": value for name, value in attributes.items() if value is not None}
    sets = [*already_set, *(f"#{name} = :new_{name}" for name in attributes if attributes[name] is not None)]
    removes = [f"#{name}" for name in attributes if attributes[name] is None]
    update = f"SET {', '.join(sets)}" if sets else ""
    if removes:
        update = f"{update} REMOVE {', '.join(removes)}"
    return update.strip(), values


def _any_of(statuses: Collection[JobStatus]) -> tuple[str, dict[str, Value]]:
    """The operands of an IN, and their values."""
    values: dict[str, Value] = {f"is_{status.value}": status.value for status in sorted(statuses)}
    return ", ".join(f":{name}" for name in values), values

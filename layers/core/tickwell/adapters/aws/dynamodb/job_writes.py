"""The conditional writes of a job, as expressions; those that finish attempts are in ``job_finish``.

Where a write has two forms, their conditions are complements of each other besides what they share: when one is refused
although the shared part holds, the other one is due.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from tickwell.adapters.aws.dynamodb.attributes import Value
from tickwell.adapters.aws.dynamodb.items import expiry
from tickwell.adapters.aws.dynamodb.upcoming_keys import upcoming_sort
from tickwell.adapters.aws.dynamodb.writes import Write
from tickwell.adapters.documents import outside_text, pending_text, progress_text
from tickwell.application.ports import Claim, PendingChange
from tickwell.domain.completion import Outside
from tickwell.domain.handover import Handover
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.pending import Pending
from tickwell.domain.progress import Progress
from tickwell.domain.slot import LEASE_MARGIN, TAKEOVER_DELAY, Slot

SLOT = (
    "slot_due",
    "slot_attempt",
    "slot_losses",
    "slot_returns",
    "slot_token",
    "lease_until",
    "progress",
    "probe_at",
    "outside",
)
_ARMED = "#status = :active AND #version = :version AND #next_run = :due"


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
    if not claim.is_first:
        return Write(
            update=f"SET {', '.join(update)} REMOVE #progress, #probe_at, #outside",
            condition="#status = :active AND #slot_due = :due AND #slot_attempt = :attempt"
            " AND attribute_not_exists(#slot_token)",
            values=values | {"attempt": message.attempt},
        )
    update += ["#slot_due = :due", "#slot_attempt = :one", "#slot_losses = :zero"]
    moved = {**_next_run(message, claim.next_run_at), "progress": None, "probe_at": None, "outside": None}
    slot_is, known = "attribute_not_exists(#slot_due)", dict[str, Value]()
    if claim.over is not None:
        slot_is, known = _waits(claim.over, claim.over_pending)
        moved["slot_returns"] = None
    if claim.pending or claim.over is not None:
        moved["pending"] = pending_text(claim.pending)
    rearm, rearmed = assign(moved, update)
    return Write(
        update=rearm,
        condition=f"{_ARMED} AND {slot_is}",
        values=values | rearmed | known | {"version": message.version, "one": 1, "zero": 0},
    )


OVER = "#status = :active AND #recurring = :true AND attribute_not_exists(#next_run)"
"""Whether the schedule of a recurring job has no more occurrences; a job that is paused has no next run either."""


def completed(now: datetime, expires_at: datetime) -> dict[str, Value | None]:
    """What a job changes whose schedule is over."""
    expires = expiry(to_epoch_ms(expires_at))
    ended: dict[str, Value | None] = {"status": JobStatus.COMPLETED.value, "updated": to_epoch_ms(now)}
    return {**ended, "expires": expires["ex"], "ttl": expires["ttl"]}


def last_skip_writes(message: JobMessage, now: datetime, expires_at: datetime) -> tuple[Write, Write]:
    """Move past the last occurrence: nothing is in the slot, and the job is completed, or something still is."""
    empty = skip_write(message, None, now, if_busy=False, waiting=None)
    update, values = assign({**_next_run(message, None), **completed(now, expires_at)})
    return (
        Write(
            update=update,
            condition=f"{_ARMED} AND attribute_not_exists(#slot_due)",
            values=values | _armed_values(message),
        ),
        Write(update=empty.update, condition=f"{_ARMED} AND attribute_exists(#slot_due)", values=empty.values),
    )


def _armed_values(message: JobMessage) -> dict[str, Value]:
    return {"active": JobStatus.ACTIVE.value, "version": message.version, "due": to_epoch_ms(message.due_at)}


def skip_write(
    message: JobMessage, next_run_at: datetime | None, now: datetime, *, if_busy: bool, waiting: PendingChange | None
) -> Write:
    """Move past an occurrence without claiming it; with ``waiting``, it may be put to those that wait for the slot."""
    changes: dict[str, Value | None] = {**_next_run(message, next_run_at), "updated": to_epoch_ms(now)}
    condition = f"{_ARMED} AND attribute_exists(#slot_due)" if if_busy else _ARMED
    known: dict[str, Value] = {}
    if waiting is not None:
        changes["pending"] = pending_text(waiting.written)
        still, known = pending_is(waiting.read)
        condition = f"{condition} AND {still}"
    update, values = assign(changes)
    return Write(update=update, condition=condition, values=values | known | _armed_values(message))


def pass_on_writes(job: Job, slot: Slot, handover: Handover, now: datetime, expires_at: datetime) -> tuple[Write, ...]:
    """Give a slot that waits to the handover's head, or empty it, which may complete the job; the likelier first."""
    changes = {**slot_of_head(handover), "pending": pending_text(handover.rest)}
    update, values = assign(changes)
    condition, known = _waits(slot, handover.known)
    if handover.head is not None:
        return (Write(update=update, condition=condition, values=values | known),)
    known |= {"active": JobStatus.ACTIVE.value, "true": True}
    emptied = Write(update=update, condition=f"{condition} AND NOT ({OVER})", values=values | known)
    update, values = assign({**changes, **completed(now, expires_at)})
    over = Write(update=update, condition=f"{condition} AND {OVER}", values=values | known)
    return (over, emptied) if job.next_run_at is None else (emptied, over)


def replace_writes(attributes: Mapping[str, Value | None], *, read: Job, empties_slot: bool) -> tuple[Write, ...]:
    """Set what an edit of ``read`` changes. With ``empties_slot`` two forms: nobody holds the slot, somebody does."""
    update, values = assign(attributes)
    shared = "#version = :read_version AND #status = :read_status"
    values |= {"read_version": read.version, "read_status": read.status.value}
    if read.next_run_at is None:
        shared += " AND attribute_not_exists(#next_run)"
    else:
        shared += " AND #next_run = :read_next_run"
        values["read_next_run"] = to_epoch_ms(read.next_run_at)
    if not empties_slot:
        return (Write(update=update, condition=shared, values=values),)
    emptied, _ = assign({**attributes, **dict.fromkeys(SLOT)})
    return (
        Write(update=emptied, condition=f"{shared} AND attribute_not_exists(#slot_token)", values=values),
        Write(update=update, condition=f"{shared} AND attribute_exists(#slot_token)", values=values),
    )


def slot_of_head(handover: Handover) -> dict[str, Value | None]:
    """The slot as the handover leaves it."""
    slot = handover.slot
    if slot is None:
        return dict.fromkeys(SLOT)
    taken: dict[str, Value | None] = {
        "slot_due": to_epoch_ms(slot.due_at),
        "slot_attempt": slot.attempt,
        "slot_losses": slot.losses,
    }
    return {**dict.fromkeys(SLOT), **taken}


def pending_is(pending: tuple[Pending, ...]) -> tuple[str, dict[str, Value]]:
    """The condition that those who wait for the slot are ``pending``."""
    text = pending_text(pending)
    if text is None:
        return "attribute_not_exists(#pending)", {}
    return "#pending = :known_pending", {"known_pending": text}


def _waits(slot: Slot, pending: tuple[Pending, ...]) -> tuple[str, dict[str, Value]]:
    """The condition that the slot waits for the attempt of ``slot``, and ``pending`` for it."""
    still, values = pending_is(pending)
    condition = "#slot_due = :slot_due AND #slot_attempt = :slot_attempt AND attribute_not_exists(#slot_token)"
    values |= {"slot_due": to_epoch_ms(slot.due_at), "slot_attempt": slot.attempt}
    return f"{condition} AND {still}", values


def sign_writes(job: Job, token: str, now: datetime, progress: Progress | None) -> tuple[Write, Write]:
    """Extend the lease that ``token`` holds, or leave it where it ends later already; the likelier form first."""
    noted: dict[str, Value | None] = {"slot_token": token}
    if progress is not None:
        noted["progress"] = progress_text(progress)
    until_ms = to_epoch_ms(job.lease_after_sign(now))
    extended, longer = assign(noted | {"lease_until": until_ms})
    kept, same = assign(noted)
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


def let_go_write(token: str, outside: Outside) -> Write:
    """What the attempt that holds ``token`` is about goes on outside."""
    until = outside.until(outside.since)
    update, values = assign(
        {
            "lease_until": to_epoch_ms(until),
            "probe_at": to_epoch_ms(until + TAKEOVER_DELAY),
            "outside": outside_text(outside),
        }
    )
    return Write(update=update, condition="#slot_token = :token", values=values | {"token": token})


def note_probe_write(token: str, at: datetime) -> Write:
    """Note when the newest probe looks, unless a later one is noted."""
    return Write(
        update="SET #probe_at = :at",
        condition="#slot_token = :token AND (attribute_not_exists(#probe_at) OR #probe_at < :at)",
        values={"token": token, "at": to_epoch_ms(at)},
    )


def _next_run(message: JobMessage, next_run_at: datetime | None) -> dict[str, Value | None]:
    """The next run, and the place in the index of what is to come."""
    if next_run_at is None:
        return {"next_run": None, "upcoming": None}
    next_run_ms = to_epoch_ms(next_run_at)
    return {"next_run": next_run_ms, "upcoming": upcoming_sort(next_run_ms, message.job_id)}


def assign(attributes: Mapping[str, Value | None], already_set: Collection[str] = ()) -> tuple[str, dict[str, Value]]:
    """SET what has a value and REMOVE what is None; with the values, each named ``new_`` and the attribute."""
    values = {f"new_{name}": value for name, value in attributes.items() if value is not None}
    sets = [*already_set, *(f"#{name} = :new_{name}" for name in attributes if attributes[name] is not None)]
    removes = [f"#{name}" for name in attributes if attributes[name] is None]
    update = f"SET {', '.join(sets)}" if sets else ""
    if removes:
        update = f"{update} REMOVE {', '.join(removes)}"
    return update.strip(), values


def any_of(statuses: Collection[JobStatus]) -> tuple[str, dict[str, Value]]:
    """The operands of an IN, and their values."""
    values: dict[str, Value] = {f"is_{status.value}": status.value for status in sorted(statuses)}
    return ", ".join(f":{name}" for name in values), values

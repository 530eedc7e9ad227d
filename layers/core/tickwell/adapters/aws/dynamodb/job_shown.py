"""What the item of a job shows after a refused write: which conditions held, or that it came through before."""

from collections.abc import Mapping

from tickwell.adapters.aws.dynamodb.attributes import Item, Value, optional_number
from tickwell.adapters.aws.dynamodb.items import NAMES, slot_token
from tickwell.adapters.documents import epoch_ms
from tickwell.domain.execution import Execution
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.slot import Slot


def is_armed(item: Item, message: JobMessage) -> bool:
    """Whether the occurrence of ``message`` is the job's next one."""
    armed: dict[str, Value | None] = {
        "version": message.version,
        "status": JobStatus.ACTIVE.value,
        "next_run": to_epoch_ms(message.due_at),
    }
    return shows(item, armed)


def waits_for(item: Item, slot: Slot) -> bool:
    """Whether the slot waits for the attempt of ``slot``."""
    waiting: dict[str, Value | None] = {"slot_due": to_epoch_ms(slot.due_at), "slot_attempt": slot.attempt}
    return slot_token(item) is None and shows(item, waiting)


def is_still(item: Item, read: Job) -> bool:
    """Whether the shared condition of ``replace`` holds for ``item``."""
    seen: dict[str, Value | None] = {
        "version": read.version,
        "status": read.status.value,
        "next_run": epoch_ms(read.next_run_at),
    }
    return shows(item, seen)


def shows(item: Item, attributes: Mapping[str, Value | None]) -> bool:
    """Whether ``item`` has just these ``attributes``: after a retry of the SDK, that its first try came through."""
    return all(item.get(NAMES[name]) == value for name, value in attributes.items())


def shows_retry(item: Item, execution: Execution) -> bool:
    """Whether the slot waits for the retry that ``execution`` decided on."""
    slot = execution.slot_afterwards()
    if slot is None or slot_token(item) is not None:
        return False
    found = tuple(optional_number(item, NAMES[name]) for name in ("slot_due", "slot_attempt", "slot_losses"))
    return found == (to_epoch_ms(slot.due_at), slot.attempt, slot.losses)

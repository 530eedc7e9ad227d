"""Executions, skips and dead letters as items; their JSON is spelled in ``history_documents``."""

from typing import Final

from tickwell.adapters.aws.dynamodb.attributes import (
    Item,
    Value,
    item_bytes,
    key_of,
    number,
    optional_number,
    optional_text,
    text,
)
from tickwell.adapters.aws.dynamodb.items import digest, expiry, stamp
from tickwell.adapters.aws.dynamodb.keys import (
    Key,
    dead_letter_key,
    detail_key,
    execution_key,
    parse_dead_letter_key,
    parse_execution_key,
    parse_skip_key,
    skip_key,
)
from tickwell.adapters.dead_letter_documents import Mark, dead_letter_from, dead_letter_text
from tickwell.adapters.history_documents import execution_from, execution_texts, skip_from, skip_text
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.execution import Execution, ExecutionStatus, Skip
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import JobKey

DEAD_LETTER: Final = "dead_letter"
"""The kind of a dead letter's item, which readers of the table's stream look for."""

EXECUTION: Final = "execution"
"""The kind of an execution's item."""

DETAIL: Final = "detail"
"""The kind of the item with an execution's long parts."""

SKIP_LAST: Final = "last"
"""The attribute with a skip's last instant: the longer range stands."""

EVENT: Final = "ev"
"""Only an attempt that ran out of time has this attribute, with its status: readers of the stream look for it."""

OUTCOME: Final = "out"
"""The attribute with output and failure, of a record or of its detail."""

RECORD_BYTES: Final = 1000
"""Up to this size an execution is one item, which costs one write."""

MARK_NAMES: Final = {"kind": "kind", "expires": "ex", "retried_as": "ra", "retried_ms": "rt"}
"""What marking a dead letter looks at and sets, by the short spelling in the table."""

LOGS: Final = "log"
"""The attribute with logs, in the same place."""

DOCUMENT: Final = "doc"
"""The attribute with the JSON of an execution's summary, a skip or a dead letter."""

DETAIL_REFERENCE: Final = "ref"
"""The attribute of a record that names its detail."""

Placed = tuple[Key, dict[str, Value | None]]


def execution_items(execution: Execution) -> tuple[Placed, Placed | None]:
    """The record of an execution, and the detail to be written before it where the whole does not fit."""
    texts = execution_texts(execution)
    due_ms, expires = to_epoch_ms(execution.due_at), expiry(to_epoch_ms(execution.expires_at))
    key = execution_key(execution.job_key, due_ms, execution.attempt)
    event = execution.status.value if execution.status is ExecutionStatus.TIMEOUT else None
    head: dict[str, Value | None] = {**stamp(EXECUTION), **expires, EVENT: event, DOCUMENT: texts.summary}
    long: dict[str, Value | None] = {OUTCOME: texts.outcome, LOGS: texts.logs}
    whole = head | long
    if item_bytes(whole | {"pk": key.pk, "sk": key.sk}) <= RECORD_BYTES:
        return (key, whole), None
    reference = digest(f"{texts.outcome}\n{texts.logs}".encode())
    detail = detail_key(execution.job_key, due_ms, execution.attempt, reference)
    return (key, head | {DETAIL_REFERENCE: reference}), (detail, {**stamp(DETAIL), **expires, **long})


def detail_of(item: Item) -> Key | None:
    """Where the long parts of a record lie, if not in itself."""
    reference = optional_text(item, DETAIL_REFERENCE)
    if reference is None:
        return None
    job, due_ms, attempt = parse_execution_key(key_of(item))
    return detail_key(job, due_ms, attempt, reference)


def execution_of(item: Item, long: Item, *, with_logs: bool) -> Execution:
    """The execution of a record; ``long`` is the item that holds its long parts, the record itself where it fits."""
    job, due_ms, attempt = parse_execution_key(key_of(item))
    return execution_from(
        job,
        due_ms=due_ms,
        attempt=attempt,
        expires_ms=number(item, "ex"),
        summary=text(item, DOCUMENT),
        outcome=optional_text(long, OUTCOME),
        logs=optional_text(long, LOGS) if with_logs else None,
    )


def job_of(item: Item) -> JobKey:
    """The job that ran the execution of a record."""
    return parse_execution_key(key_of(item))[0]


def skip_item(skip: Skip) -> Placed:
    """The item of a skip."""
    key = skip_key(JobKey(tenant_id=skip.tenant_id, job_id=skip.job_id), to_epoch_ms(skip.first_due_at))
    last_ms = to_epoch_ms(skip.last_due_at)
    return key, {
        **stamp("skip"),
        **expiry(to_epoch_ms(skip.expires_at)),
        SKIP_LAST: last_ms,
        DOCUMENT: skip_text(skip),
    }


def skip_of(item: Item) -> Skip:
    """The skip of an item."""
    job, first_ms = parse_skip_key(key_of(item))
    return skip_from(job, first_ms=first_ms, expires_ms=number(item, "ex"), text=text(item, DOCUMENT))


def dead_letter_item(dead_letter: DeadLetter) -> Placed:
    """The item of a dead letter."""
    key = dead_letter_key(dead_letter.tenant_id, dead_letter.dead_letter_id)
    expires = expiry(to_epoch_ms(dead_letter.expires_at))
    return key, {**stamp(DEAD_LETTER), **expires, DOCUMENT: dead_letter_text(dead_letter)}


def dead_letter_of(item: Item) -> DeadLetter:
    """The dead letter of an item."""
    tenant_id, identifier = parse_dead_letter_key(key_of(item))
    mark = Mark(
        retried_as=optional_text(item, MARK_NAMES["retried_as"]),
        retried_ms=optional_number(item, MARK_NAMES["retried_ms"]),
    )
    return dead_letter_from(tenant_id, identifier, expires_ms=number(item, "ex"), text=text(item, DOCUMENT), mark=mark)

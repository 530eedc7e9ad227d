"""What was due in a range of instants, in DynamoDB; see ``History``. One query of a partition, in the order of keys."""

from datetime import datetime

from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.aws.dynamodb.history_items import execution_of, job_of, skip_of
from tickwell.adapters.aws.dynamodb.items import is_expired
from tickwell.adapters.aws.dynamodb.listing import Range, in_order
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.spans import REACHING_IN, execution_span
from tickwell.application.ports import Span
from tickwell.domain.child import parent_of
from tickwell.domain.execution import Execution, Skip
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import JobKey


def read_executions(
    table: Table, key: JobKey, *, since: datetime, until: datetime, limit: int, consistent: bool, now_ms: int
) -> Span[Execution]:
    """``History.executions_between``. Details that lie elsewhere are left there."""
    partition = keys.executions_partition(key)
    all_of_it = parent_of(key.job_id) is None
    low, _ = keys.attempts_range(to_epoch_ms(since))
    _, high = keys.attempts_range(to_epoch_ms(until))
    listed = in_order(
        table,
        [partition],
        Range(low=low, high=high, ascending=True, consistent=consistent),
        limit=limit,
        wanted=lambda item: not is_expired(item, now_ms) and (all_of_it or job_of(item) == key),
    )
    last_due_at = None
    if listed.last is not None:
        last_due_at = from_epoch_ms(keys.parse_execution_key(keys.Key(partition, listed.last))[1])
    found = [execution_of(item, {}, with_logs=False) for item in listed.items]
    return execution_span(found, since=since, last_due_at=last_due_at)


def read_skips(table: Table, key: JobKey, *, since: datetime, until: datetime, limit: int, now_ms: int) -> Span[Skip]:
    """``History.skips_between``. Two queries; eventually consistent."""
    partition, since_ms = keys.history_partition(key), to_epoch_ms(since)
    before = in_order(
        table,
        [partition],
        Range(low=keys.skip_sort(0), high=keys.skip_sort(since_ms)),
        limit=REACHING_IN,
        wanted=lambda item: not is_expired(item, now_ms),
    )
    within = in_order(
        table,
        [partition],
        Range(low=keys.skip_sort(since_ms - 1), high=keys.skip_sort(to_epoch_ms(until)), ascending=True),
        limit=limit,
        wanted=lambda item: not is_expired(item, now_ms),
    )
    reached = None
    if within.last is not None:
        reached = from_epoch_ms(keys.parse_skip_key(keys.Key(partition, within.last))[1])
    listed = [skip_of(item) for item in [*before.items[::-1], *within.items]]
    return Span(items=tuple(skip for skip in listed if skip.last_due_at >= since), reached=reached)

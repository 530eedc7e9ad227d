"""Keys of the table: every builder has a parser, and sort keys sort as what they spell."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickwell.adapters.aws.dynamodb import (
    account_keys,
    api_key_keys,
    keys,
    limit_keys,
    queue_keys,
    tenant_keys,
    upcoming_keys,
)
from tickwell.adapters.aws.dynamodb.keys import Key, UnknownKeyError
from tickwell.domain.child import child_id
from tickwell.domain.due import DUE_SHARDS, DueItem
from tickwell.domain.instant import from_epoch_ms
from tickwell.domain.job import JobKey
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.rate import RateKey
from tickwell.domain.submission import SubmissionKey

words = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="-_."), min_size=1, max_size=40)
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
instants_ms = st.integers(min_value=0, max_value=keys.LATEST_MS)
attempts = st.integers(min_value=1, max_value=9999)
digests = st.from_regex(r"[0-9a-f]{16}", fullmatch=True)
job_keys = st.builds(lambda tenant, job: JobKey(tenant_id=tenant, job_id=job), words, words)


@st.composite
def due_items(draw: st.DrawFn) -> DueItem:
    """Due items of any job and instant."""
    job = draw(job_keys)
    due_at = from_epoch_ms(draw(instants_ms))
    message = JobMessage(
        tenant_id=job.tenant_id,
        job_id=job.job_id,
        version=draw(st.integers(min_value=1)),
        due_at=due_at,
        attempt=draw(attempts),
        run_at=due_at,
        lane=Lane.MEDIUM,
        recurring=False,
    )
    return DueItem(message=message, look_at=from_epoch_ms(draw(instants_ms)), sent=True)


@given(job_keys)
def test_job_keys_round_trip(job: JobKey) -> None:
    assert keys.parse_job_key(keys.job_key(job)) == job


@given(job_keys, st.integers(min_value=1), digests)
def test_body_keys_round_trip(job: JobKey, version: int, digest: str) -> None:
    reference = f"{version}#{digest}"
    assert keys.parse_body_key(keys.body_key(job, reference)) == (job, reference)


@given(job_keys, instants_ms, attempts)
def test_execution_keys_round_trip(job: JobKey, due_ms: int, attempt: int) -> None:
    assert keys.parse_execution_key(keys.execution_key(job, due_ms, attempt)) == (job, due_ms, attempt)


@given(job_keys, instants_ms, attempts, digests)
def test_detail_keys_round_trip(job: JobKey, due_ms: int, attempt: int, digest: str) -> None:
    parsed = keys.parse_detail_key(keys.detail_key(job, due_ms, attempt, digest))
    assert parsed == (job, due_ms, attempt, digest)


@given(job_keys, instants_ms)
def test_skip_keys_round_trip(job: JobKey, first_ms: int) -> None:
    assert keys.parse_skip_key(keys.skip_key(job, first_ms)) == (job, first_ms)


@given(job_keys, instants_ms, st.integers(min_value=0, max_value=9999), texts)
def test_notification_keys_round_trip(job: JobKey, due_ms: int, attempt: int, notification_id: str) -> None:
    parsed = keys.parse_notification_key(keys.notification_key(job, due_ms, attempt, notification_id))
    assert parsed == (job, due_ms, attempt, notification_id)


@given(words, texts)
def test_dead_letter_keys_round_trip(tenant_id: str, dead_letter_id: str) -> None:
    key = keys.dead_letter_key(tenant_id, dead_letter_id)
    assert keys.parse_dead_letter_key(key) == (tenant_id, dead_letter_id)


@given(due_items())
def test_due_keys_round_trip(item: DueItem) -> None:
    assert keys.parse_due_key(keys.due_key(item)) == (item.shard, item.position)


@given(st.integers(min_value=0, max_value=DUE_SHARDS - 1))
def test_watermark_keys_round_trip(shard: int) -> None:
    assert keys.parse_watermark_key(keys.watermark_key(shard)) == shard


@given(words, texts)
def test_account_keys_round_trip(tenant_id: str, text: str) -> None:
    assert account_keys.parse_user_key(account_keys.user_key(tenant_id, text)) == (tenant_id, text)
    assert account_keys.parse_tenant_key(account_keys.tenant_key(tenant_id)) == tenant_id
    assert tenant_keys.parse_webhooks_key(tenant_keys.webhooks_key(tenant_id)) == tenant_id
    assert account_keys.parse_address_key(account_keys.address_key(text)) == text
    assert api_key_keys.parse_api_key_key(api_key_keys.api_key_key(tenant_id, text)) == (tenant_id, text)


@given(job_keys, instants_ms, attempts, digests)
def test_keys_of_what_children_ran_round_trip(job: JobKey, due_ms: int, attempt: int, digest: str) -> None:
    parent_id = str(UUID(int=zlib.crc32(job.job_id.encode())))
    child = replace(job, job_id=child_id(parent_id, from_epoch_ms(due_ms), "00ff"))
    key, detail = keys.execution_key(child, due_ms, attempt), keys.detail_key(child, due_ms, attempt, digest)
    assert keys.parse_execution_key(key) == (child, due_ms, attempt)
    assert keys.parse_detail_key(detail) == (child, due_ms, attempt, digest)
    assert {key.pk, detail.pk} == {keys.history_partition(replace(job, job_id=parent_id))}
    assert keys.parse_job_key(keys.job_key(child)) == child


@given(words, texts)
def test_keys_of_invitations_round_trip(tenant_id: str, text: str) -> None:
    assert account_keys.parse_invitation_key(account_keys.invitation_key(tenant_id, text)) == (tenant_id, text)


@given(st.lists(st.tuples(instants_ms, attempts), min_size=2))
def test_executions_sort_by_occurrence_and_attempt(places: list[tuple[int, int]]) -> None:
    spelled = [keys.execution_sort(*place) for place in sorted(places)]
    assert spelled == sorted(spelled)


@given(st.lists(due_items(), min_size=2, max_size=5))
def test_due_items_sort_by_position(items: list[DueItem]) -> None:
    positions = sorted(item.position for item in items)
    spelled = [keys.due_sort(position) for position in positions]
    assert spelled == sorted(spelled, key=str.encode)


@given(instants_ms.map(from_epoch_ms))
def test_a_minute_is_one_partition(at: datetime) -> None:
    start = at.replace(second=0, microsecond=0)
    assert keys.due_partition(at, 3) == keys.due_partition(start, 3)
    assert keys.due_partition(start, 3) < keys.due_partition(start + timedelta(minutes=1), 3)


@given(words, words, instants_ms, texts, attempts)
def test_keys_of_queues_round_trip(tenant_id: str, name: str, at_ms: int, job_id: str, attempt: int) -> None:
    assert queue_keys.parse_queue_key(queue_keys.queue_key(tenant_id, name)) == (tenant_id, name)
    assert queue_keys.parse_gate_key(queue_keys.gate_key(tenant_id, name)) == (tenant_id, name)
    assert queue_keys.parse_with_waiting_key(queue_keys.with_waiting_key(tenant_id, name)) == (tenant_id, name)
    parked = (tenant_id, name, at_ms, job_id, attempt, attempt + 1)
    assert queue_keys.parse_parked_key(queue_keys.parked_key(*parked)) == parked
    ended = (tenant_id, name, "C", at_ms, job_id)
    assert queue_keys.parse_ended_key(queue_keys.ended_key(*ended)) == ended
    assert tenant_keys.parse_stop_key(tenant_keys.stop_key(tenant_id)) == tenant_id
    assert tenant_keys.parse_stopped_key(tenant_keys.stopped_key(tenant_id)) == tenant_id
    assert tenant_keys.parse_deletion_key(tenant_keys.deletion_key(tenant_id)) == tenant_id
    assert tenant_keys.parse_secret_key(tenant_keys.secret_key(tenant_id, name)) == (tenant_id, name)
    assert tenant_keys.parse_audit_key(tenant_keys.audit_key(tenant_id, job_id)) == (tenant_id, job_id)


@pytest.mark.parametrize("tenant_id", ["t", None])
@given(words, words, instants_ms)
def test_count_keys_round_trip(tenant_id: str | None, who: str, what: str, end_ms: int) -> None:
    key = RateKey(tenant_id=tenant_id, who=who, what=what)
    assert limit_keys.parse_count_key(limit_keys.count_key(key, end_ms)) == (key, end_ms)


PARSERS: dict[str, Callable[[Key], object]] = {
    "job": keys.parse_job_key,
    "body": keys.parse_body_key,
    "execution": keys.parse_execution_key,
    "detail": keys.parse_detail_key,
    "skip": keys.parse_skip_key,
    "notification": keys.parse_notification_key,
    "dead letter": keys.parse_dead_letter_key,
    "due item": keys.parse_due_key,
    "watermark": keys.parse_watermark_key,
    "address": account_keys.parse_address_key,
    "API key": api_key_keys.parse_api_key_key,
    "user": account_keys.parse_user_key,
    "tenant": account_keys.parse_tenant_key,
    "invitation": account_keys.parse_invitation_key,
    "queue": queue_keys.parse_queue_key,
    "gate": queue_keys.parse_gate_key,
    "parked": queue_keys.parse_parked_key,
    "with waiting": queue_keys.parse_with_waiting_key,
    "ended": queue_keys.parse_ended_key,
    "webhooks": tenant_keys.parse_webhooks_key,
    "stop": tenant_keys.parse_stop_key,
    "stopped": tenant_keys.parse_stopped_key,
    "secret": tenant_keys.parse_secret_key,
    "audit": tenant_keys.parse_audit_key,
    "deletion": tenant_keys.parse_deletion_key,
    "count": limit_keys.parse_count_key,
    "submission": limit_keys.parse_submission_key,
}
JOB = JobKey(tenant_id="t", job_id="j")
KEYS: dict[str, Key] = {
    "job": keys.job_key(JOB),
    "body": keys.body_key(JOB, "1#00ff"),
    "execution": keys.execution_key(JOB, 1, 1),
    "detail": keys.detail_key(JOB, 1, 1, "00ff"),
    "skip": keys.skip_key(JOB, 1),
    "notification": keys.notification_key(JOB, 1, 1, "failed-1.email"),
    "dead letter": keys.dead_letter_key("t", "d"),
    "due item": Key("D#202611221200#3", "1795348800000#t#j#1795348800000#1#1"),
    "watermark": keys.watermark_key(3),
    "address": account_keys.address_key("ada@example.com"),
    "API key": api_key_keys.api_key_key("t", "k"),
    "user": account_keys.user_key("t", "u"),
    "tenant": account_keys.tenant_key("t"),
    "invitation": account_keys.invitation_key("t", "i"),
    "queue": queue_keys.queue_key("t", "q"),
    "gate": queue_keys.gate_key("t", "q"),
    "parked": queue_keys.parked_key("t", "q", 1, "j", 1, 1),
    "with waiting": queue_keys.with_waiting_key("t", "q"),
    "ended": queue_keys.ended_key("t", "q", "F", 1, "j"),
    "webhooks": tenant_keys.webhooks_key("t"),
    "stop": tenant_keys.stop_key("t"),
    "stopped": tenant_keys.stopped_key("t"),
    "secret": tenant_keys.secret_key("t", "s"),
    "audit": tenant_keys.audit_key("t", "r"),
    "deletion": tenant_keys.deletion_key("t"),
    "count": limit_keys.count_key(RateKey(tenant_id="t", who="u", what="write"), 1),
    "submission": limit_keys.submission_key(SubmissionKey(tenant_id="t", who="u", key="k")),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("parser", PARSERS)
def test_a_parser_reads_keys_of_its_kind_only(kind: str, parser: str) -> None:
    if kind == parser:
        PARSERS[parser](KEYS[kind])
        return
    with pytest.raises(UnknownKeyError):
        PARSERS[parser](KEYS[kind])


def test_no_two_kinds_share_a_key() -> None:
    assert len(set(KEYS.values())) == len(KEYS)


def test_a_tenants_jobs_are_spread_over_all_shards() -> None:
    partitions = {keys.job_key(JobKey(tenant_id="t", job_id=f"job {number}")).pk for number in range(1000)}
    assert partitions == {keys.job_partition("t", shard) for shard in range(keys.SHARDS)}


@given(st.integers(0, keys.LATEST_MS), st.text("0123456789abcdef-", min_size=1, max_size=40))
def test_a_place_in_the_index_of_what_is_to_come_is_read_back_and_sorts_by_time(at_ms: int, job_id: str) -> None:
    sort = upcoming_keys.upcoming_sort(at_ms, job_id)
    assert upcoming_keys.parse_upcoming_sort(sort) == (at_ms, job_id)
    assert sort < upcoming_keys.upcoming_sort(at_ms + 1, "") or at_ms == keys.LATEST_MS


def test_a_key_is_no_place_in_the_index() -> None:
    with pytest.raises(keys.UnknownKeyError):
        upcoming_keys.parse_upcoming_sort("J#job")

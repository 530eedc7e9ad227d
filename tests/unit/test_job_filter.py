"""Which jobs a filter means."""

from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.job_filter import STATUS_WORDS, JobFilter
from tickwell.domain.schedule import Interval, JobType, OneTime
from tickwell.domain.slot import Slot

MINUTE = timedelta(minutes=1)


def job(**changes: Any) -> Job:
    fields: dict[str, Any] = {
        "tenant_id": "tenant-1",
        "job_id": "job-1",
        "version": 1,
        "user_id": "user-1",
        "name": "a job",
        "task": "echo",
        "schedule": OneTime(at=NOON),
        "queue": "campaign",
        "tags": ("a", "b"),
        "next_run_at": NOON,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Job(**fields | changes)


RUNNING = Slot(due_at=NOON, attempt=1, token="t", lease_until=NOON + MINUTE)
WAITING_RETRY = Slot(due_at=NOON, attempt=2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, {"active", "waiting", "pending"}),
        ({"next_run_at": NOON + MINUTE}, {"active", "delayed", "pending"}),
        ({"slot": RUNNING}, {"active", "running"}),
        ({"slot": WAITING_RETRY}, {"active", "retrying"}),
        ({"status": "cancelled", "slot": RUNNING}, {"cancelled", "running"}),
        ({"status": "failed"}, {"failed"}),
        ({"status": "paused"}, {"paused"}),
    ],
    ids=["waiting", "delayed", "running", "retrying", "cancelled while running", "failed", "paused"],
)
def test_status_and_state_both_take_statuses_states_and_aliases(changes: dict[str, Any], words: set[str]) -> None:
    made = job(**{**changes, "status": JobStatus(changes.get("status", "active"))})
    assert {word for word in STATUS_WORDS if JobFilter(status=word).matches(made, NOON)} == words
    assert {word for word in STATUS_WORDS if JobFilter(state=word).matches(made, NOON)} == words


@pytest.mark.parametrize(
    ("chosen", "matches"),
    [
        ({}, True),
        ({"task": "echo", "job_type": JobType.ONE_TIME, "tag": "b", "queue": "campaign"}, True),
        ({"task": "other"}, False),
        ({"job_type": JobType.RECURRING}, False),
        ({"tag": "c"}, False),
        ({"queue": "other"}, False),
        ({"created_after": NOON}, True),
        ({"created_after": NOON + MINUTE}, False),
        ({"created_before": NOON}, False),
        ({"created_before": NOON + MINUTE}, True),
        ({"status": "active", "state": "running"}, False),
    ],
    ids=str,
)
def test_a_filter_means_what_has_all_that_it_names(chosen: dict[str, Any], matches: bool) -> None:
    assert JobFilter(**chosen).matches(job(), NOON) is matches


def test_recurring_jobs_can_be_meant() -> None:
    made = job(schedule=Interval(seconds=60, anchor_at=NOON))
    assert JobFilter(job_type=JobType.RECURRING).matches(made, NOON)


def test_a_listing_is_left_when_nothing_younger_can_follow() -> None:
    chosen = JobFilter(created_after=NOON)
    assert not chosen.is_beyond(job(created_at=NOON - timedelta(seconds=59)))
    assert chosen.is_beyond(job(created_at=NOON - timedelta(seconds=61)))
    assert not JobFilter().is_beyond(job())

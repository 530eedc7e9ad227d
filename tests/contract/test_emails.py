"""Mails among all jobs: found by how far they have come, counted alike, and read whole, on every engine."""

from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import pytest

from tests.contract.counted import Counted
from tests.contract.dynamodb_probe import counted as calls_counted
from tests.contract.listing_lab import RUNNING, WAITING_RETRY, walk
from tests.contract.makers import DAILY, TENANT, TOMORROW, created, job
from tests.contract.sqlite_probe import steps
from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb import listing
from tickwell.application.ports import JobsFound
from tickwell.domain.email import (
    EMAIL_QUEUE,
    EMAIL_TASK,
    EmailStatus,
    email_status,
    emails_chosen,
    emails_counted,
    is_email,
)
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.job_listing import JobQuery
from tickwell.domain.schedule import OneTime

OF_MAIL: dict[str, Any] = {"task": EMAIL_TASK, "queue": EMAIL_QUEUE}
OTHERS: list[dict[str, Any]] = [
    {**OF_MAIL, "queue": None},
    {**OF_MAIL, "queue": "images"},
    {**OF_MAIL, "schedule": DAILY},
    {**OF_MAIL, "tenant_id": "tenant-2"},
    {**OF_MAIL, "status": JobStatus.DELETED, "next_run_at": None},
]


def mails(stores: Stores) -> list[Job]:
    """One of every kind, and jobs that are none beside them."""
    made = []
    for status, slot, next_run_at in product(JobStatus, (None, RUNNING, WAITING_RETRY), (None, NOON, TOMORROW)):
        if status in {JobStatus.PAUSED, JobStatus.DELETED} or (status is not JobStatus.ACTIVE and next_run_at):
            continue
        made.append(created(stores, **OF_MAIL, status=status, slot=slot, next_run_at=next_run_at))
    for changes in OTHERS:
        assert not is_email(created(stores, **changes)) or "tenant_id" in changes
    return made


def _page(stores: Stores, query: JobQuery, cursor: str | None) -> JobsFound:
    return stores.listing.find(TENANT, query, limit=4, cursor=cursor)


def test_each_status_finds_its_mails_and_counts_as_many(counted: Counted) -> None:
    stores = counted.stores
    made = mails(stores)
    expected = Counter(email_status(one) for one in made)
    assert set(expected) == set(EmailStatus)
    for status in (None, *EmailStatus):
        query = JobQuery(chosen=emails_chosen(status), counted=False)
        found = walk(partial(_page, stores, query), 4)
        assert found == [one.job_id for one in reversed(made) if status in {None, email_status(one)}]
    assert emails_counted(counted.read()).by_status == expected
    assert emails_counted(counted.read()).total == len(made)


def test_jobs_are_read_whole_and_those_of_others_not(stores: Stores) -> None:
    short = created(stores, **OF_MAIL, payload={"to": "ada@example.com"})
    long = created(stores, **OF_MAIL, payload={"body": "x" * 5000}, description="long")
    expired = created(stores, **OF_MAIL, status=JobStatus.FAILED, next_run_at=None, expires_at=NOON)
    theirs = created(stores, **OF_MAIL, tenant_id="tenant-2")
    keys = [short.key, long.key, short.key, expired.key, JobKey(tenant_id=TENANT, job_id=theirs.job_id)]
    stores.clock.advance(1)
    assert stores.jobs.get_many_whole(keys) == {short.key: short, long.key: long}
    assert stores.jobs.get_many_whole([]) == {}
    assert stores.jobs.get_many(keys)[long.key].payload is None


def test_reading_many_jobs_whole_takes_two_requests(dynamodb: DynamoStores) -> None:
    made = [created(dynamodb.stores, payload={"body": "x" * 1000}) for _ in range(20)]
    with calls_counted(dynamodb) as calls:
        assert len(dynamodb.stores.jobs.get_many_whole([one.key for one in made])) == 20
    assert calls == {"BatchGetItem": 2}


@pytest.mark.parametrize("status", [None, EmailStatus.SCHEDULED, EmailStatus.FAILED])
def test_on_sqlite_a_page_of_mails_costs_the_same_beside_many_other_jobs(
    sqlite: EmbeddedStores, status: EmailStatus | None
) -> None:
    stores = sqlite.stores
    query = JobQuery(chosen=emails_chosen(status), counted=False)
    taken = []
    for others in (0, 2000):
        plain = {"schedule": OneTime(at=TOMORROW), "next_run_at": TOMORROW}
        failed = {"status": JobStatus.FAILED, "next_run_at": None}
        stores.jobs.create_many([job(stores, **(plain if at % 2 else failed)) for at in range(others)])
        if not others:
            for at in range(30):
                created(stores, **OF_MAIL, **(plain if at % 2 else failed))
        with steps(sqlite.database) as counting:
            page = stores.listing.find(TENANT, query, limit=10)
        assert len(page.items) == 10
        assert page.total is None
        taken.append(counting.taken)
    assert taken[1] <= 1.1 * taken[0]


def test_on_dynamodb_a_page_of_mails_is_filled_from_behind_many_other_jobs(
    dynamodb: DynamoStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = dynamodb.stores
    failed: dict[str, Any] = {"status": JobStatus.FAILED, "next_run_at": None}
    old = [created(stores, **OF_MAIL, **failed).job_id for _ in range(3)]
    stores.jobs.create_many([job(stores, **failed) for _ in range(1200)])
    stores.jobs.create_many([job(stores, **OF_MAIL) for _ in range(50)])
    new = created(stores, **OF_MAIL, **failed).job_id
    query = JobQuery(chosen=emails_chosen(EmailStatus.FAILED), counted=False)
    with calls_counted(dynamodb) as calls:
        page = stores.listing.find(TENANT, query, limit=10)
    assert ([one.job_id for one in page.items], page.next_cursor) == ([new, *reversed(old)], None)
    assert calls["Query"] <= 16 * 4
    oldest_first = replace(query, descending=False)
    monkeypatch.setattr(listing, "_MOST_FILTERED", 200)
    for each, expected in ((query, [new, *reversed(old)]), (oldest_first, [*old, new])):
        short = stores.listing.find(TENANT, each, limit=10)
        assert short.next_cursor is not None
        assert walk(partial(_page, stores, each), 4) == expected

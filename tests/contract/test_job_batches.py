"""Many jobs written at once: each as if it were alone."""

from dataclasses import replace

import pytest

from tests.contract.dynamodb_probe import counted, first_answer, items, puts_fail, throttled
from tests.contract.makers import TENANT, TOMORROW, job
from tests.contract.store_engines import DynamoStores, Stores
from tests.doubles import NOON
from tickwell.domain.errors import ConflictError, NotFoundError, UnavailableError
from tickwell.domain.job import JobStatus


def test_all_are_written_whatever_their_size(stores: Stores) -> None:
    made = [job(stores, payload="p" * size) for size in (1, 5000, 2, 300_000, *range(3, 40))]
    assert list(stores.jobs.create_many(made)) == [True] * len(made)
    assert [stores.jobs.get(TENANT, one.job_id) for one in made] == made


def test_none_are_written_for_none(stores: Stores) -> None:
    assert list(stores.jobs.create_many([])) == []


def test_writing_them_again_is_harmless_also_after_one_of_them_went_on(stores: Stores) -> None:
    made = [job(stores), job(stores)]
    stores.jobs.create_many(made)
    gone_on = made[0].cancel(NOON, expires_at=TOMORROW)
    assert stores.jobs.replace(gone_on, read=made[0])
    assert list(stores.jobs.create_many(made)) == [True, True]
    assert stores.jobs.get(TENANT, made[0].job_id) == gone_on


def test_another_job_of_an_id_is_refused(stores: Stores) -> None:
    made = job(stores)
    stores.jobs.create_many([made])
    with pytest.raises(ConflictError):
        stores.jobs.create_many([replace(made, name="another")])
    assert stores.jobs.get(TENANT, made.job_id) == made


def test_an_expired_job_gives_way(stores: Stores) -> None:
    old = job(stores, status=JobStatus.COMPLETED, next_run_at=None, expires_at=TOMORROW)
    stores.jobs.create_many([old])
    stores.clock.set(TOMORROW)
    new = replace(old, name="new", expires_at=None)
    assert list(stores.jobs.create_many([new])) == [True]
    assert stores.jobs.get(TENANT, old.job_id) == new


def test_one_that_the_store_refuses_does_not_refuse_the_others(dynamodb: DynamoStores) -> None:
    made = [job(dynamodb.stores) for _ in range(5)]
    throttling = first_answer(dynamodb, "BatchExecuteStatement", throttled)
    with throttling, puts_fail(dynamodb, made[2].job_id, ["PutItem"]):
        assert list(dynamodb.stores.jobs.create_many(made)) == [True, True, False, True, True]
    with pytest.raises(NotFoundError):
        dynamodb.stores.jobs.get(TENANT, made[2].job_id)


def test_of_a_request_that_failed_nothing_is_known(dynamodb: DynamoStores) -> None:
    made = [job(dynamodb.stores) for _ in range(30)]
    with puts_fail(dynamodb, made[2].job_id), counted(dynamodb) as calls:
        written = dynamodb.stores.jobs.create_many(made)
    assert list(written) == [False] * 25 + [True] * 5
    assert calls == {"BatchExecuteStatement": 2}, "its jobs are not tried again: their due items must not wait"


def test_bodies_go_in_batches_and_before_all_jobs(dynamodb: DynamoStores) -> None:
    made = [job(dynamodb.stores, payload="p" * 1000) for _ in range(30)]
    with counted(dynamodb) as calls:
        dynamodb.stores.jobs.create_many(made)
    assert calls == {"BatchWriteItem": 2, "BatchExecuteStatement": 2}
    assert len(items(dynamodb, "body")) == 30


def test_no_job_is_written_when_its_body_is_not(dynamodb: DynamoStores) -> None:
    made = [job(dynamodb.stores, payload="p" * 1000), job(dynamodb.stores)]
    with puts_fail(dynamodb, made[0].job_id), pytest.raises(UnavailableError):
        dynamodb.stores.jobs.create_many(made)
    assert items(dynamodb) == []

"""What it costs on AWS to tell the occurrences of a job, and to backfill them: calls, counted."""

from datetime import timedelta
from pathlib import Path

from tests.contract.dynamodb_probe import counted
from tests.contract.makers import execution
from tests.contract.store_engines import DynamoStores
from tests.doubles import NOON
from tests.new_world import new_world
from tests.occurring import backfill, occurrences
from tests.world import ADA
from tickwell.application.list_occurrences import ListOccurrences
from tickwell.domain.cron import CronExpression

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OFTEN = CronExpression.parse("*/10 * * * *")
MINUTELY = CronExpression.parse("* * * * *")


def test_a_page_costs_the_same_however_long_the_history_is(dynamodb: DynamoStores, tmp_path: Path) -> None:
    world = new_world(tmp_path, dynamodb.stores)
    calls = []
    for records in (20, 700):
        job = world.create(schedule=OFTEN)
        done = [execution(job, due_at=NOON + number * MINUTE) for number in range(records)]
        world.core.history.record_many(done)
        core = world.core
        listing = ListOccurrences(
            jobs=core.jobs, history=core.history, listing=core.listing, directory=core.directory, clock=core.clock
        )
        world.clock.set(NOON + 1000 * MINUTE)
        with counted(dynamodb) as count:
            page = listing(ADA, job.job_id, since=NOON, limit=5)
        assert len(page.entries) == 5
        calls.append(count)
        world.clock.set(NOON)
    world.close()
    assert calls[0] == calls[1]
    assert calls[0]["Query"] <= 2 + 1 + 16


def test_a_page_of_the_far_future_reads_nothing_but_the_job(dynamodb: DynamoStores, tmp_path: Path) -> None:
    world = new_world(tmp_path, dynamodb.stores)
    job = world.create(schedule=OFTEN)
    world.core.directory.past_kept(ADA.tenant_id, world.clock.now())
    with counted(dynamodb) as count:
        assert len(occurrences(world, job, since=NOON + HOUR, until=NOON + 2 * HOUR)) == 7
    world.close()
    assert count == {"GetItem": 1}


def test_a_backfill_writes_what_is_missing_and_no_more(dynamodb: DynamoStores, tmp_path: Path) -> None:
    """Due items and children in batches of 25; nothing is written when it is asked for again."""
    world = new_world(tmp_path, dynamodb.stores)
    job = world.create(schedule=MINUTELY)
    world.core.directory.past_kept(ADA.tenant_id, world.clock.now())
    with counted(dynamodb) as calls:
        assert backfill(world, job, NOON - 29 * MINUTE).created == 30
    with counted(dynamodb) as again:
        assert backfill(world, job, NOON - 29 * MINUTE).existing == 30
    world.close()
    assert calls == {"GetItem": 1, "Query": 1, "BatchGetItem": 1, "BatchWriteItem": 2, "BatchExecuteStatement": 2}
    assert again == {"GetItem": 1, "Query": 1, "BatchGetItem": 1}

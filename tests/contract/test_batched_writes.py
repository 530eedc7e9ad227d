"""Writes of a batch go in one request on AWS (ADR 0042): each holds or fails by itself, as a call of its own would."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.dynamodb_probe import answers_lost, counted, first_answer, throttled
from tests.contract.makers import TENANT, TOMORROW, claim, created, execution, recurring
from tests.contract.store_engines import DynamoStores, Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb.keys import Key
from tickwell.adapters.aws.dynamodb.statements import insert_statement, update_statement
from tickwell.adapters.aws.dynamodb.writes import Write
from tickwell.application.ports import Claimed, ClaimLost
from tickwell.domain.execution import Execution, ExecutionStatus
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.retry import GiveUp, RetryAt

LONG = "x" * 2000
BATCH = "BatchExecuteStatement"
RETRY = RetryAt(at=TOMORROW, attempt=2)


def running(stores: Stores, number: int, **fields: Any) -> list[Job]:
    """Jobs whose attempts have been claimed together."""
    made = [created(stores, **fields) for _ in range(number)]
    results = stores.jobs.claim_many([claim(one, token=one.job_id) for one in made])
    return [result.job for result in results if isinstance(result, Claimed)]


def jobs_of(stores: Stores, jobs: list[Job]) -> list[Job]:
    return [stores.jobs.get(TENANT, one.job_id) for one in jobs]


def test_ten_jobs_take_three_requests(dynamodb: DynamoStores) -> None:
    made = [created(dynamodb.stores, payload=LONG if number < 2 else "short") for number in range(10)]
    with counted(dynamodb) as calls:
        results = dynamodb.stores.jobs.claim_many([claim(one) for one in made])
        jobs = [result.job for result in results if isinstance(result, Claimed)]
        attempts = [execution(one) for one in jobs]
        assert dynamodb.stores.history.record_many(attempts) == attempts
        assert dynamodb.stores.jobs.finish_many(attempts, now=NOON) == [True] * 10
    assert calls == {BATCH: 3, "BatchGetItem": 1}, "and one read for the two long payloads"
    assert [one.payload for one in jobs] == [one.payload for one in made]
    assert {one.status for one in jobs_of(dynamodb.stores, jobs)} == {JobStatus.COMPLETED}


def test_thirty_take_two_requests_each(dynamodb: DynamoStores) -> None:
    with counted(dynamodb) as calls:
        assert len(running(dynamodb.stores, 30)) == 30
    assert calls[BATCH] == 2


def test_each_claim_is_won_or_lost_by_itself(stores: Stores) -> None:
    made = [created(stores) for _ in range(4)]
    stores.jobs.claim_many([claim(made[1], token="another's")])
    assert stores.jobs.replace(replace(made[2], version=2, name="edited"), read=made[2])
    unknown = claim(replace(made[3], job_id="nobody"))
    results = stores.jobs.claim_many([*(claim(one) for one in made), unknown])
    assert [isinstance(result, Claimed) for result in results] == [True, False, False, True, False]
    held, edited, gone = results[1].job, results[2].job, results[4].job
    assert held is not None
    assert held.held_token == "another's"
    assert edited is not None
    assert edited.version == 2
    assert gone is None


def test_a_claim_that_is_repeated_is_won_again(stores: Stores) -> None:
    claims = [claim(created(stores)) for _ in range(3)]
    for _ in range(2):
        assert all(isinstance(result, Claimed) for result in stores.jobs.claim_many(claims))
    assert all(isinstance(one, ClaimLost) for one in stores.jobs.claim_many([replace(c, token="x") for c in claims]))


def test_one_job_may_be_spoken_of_twice(stores: Stores) -> None:
    made = created(stores)
    results = stores.jobs.claim_many([claim(made, token="one"), claim(made, token="other"), claim(created(stores))])
    assert sorted(isinstance(result, Claimed) for result in results) == [False, True, True]


def test_claims_whose_answer_was_lost_are_won(dynamodb: DynamoStores) -> None:
    claims = [claim(created(dynamodb.stores)) for _ in range(3)]
    with answers_lost(dynamodb, BATCH):
        results = dynamodb.stores.jobs.claim_many(claims)
    assert all(isinstance(result, Claimed) for result in results)


def test_an_answer_without_the_item_costs_a_call_and_no_claim(dynamodb: DynamoStores) -> None:
    claims = [claim(created(dynamodb.stores)) for _ in range(3)]
    dynamodb.stores.jobs.claim_many(claims)
    with first_answer(dynamodb, BATCH, lambda sent: {"Responses": [{} for _ in sent["Statements"]]}):
        results = dynamodb.stores.jobs.claim_many(claims)
    assert all(isinstance(result, Claimed) for result in results)


def test_what_was_throttled_in_a_batch_is_done_alone(dynamodb: DynamoStores) -> None:
    made = [created(dynamodb.stores) for _ in range(3)]
    with first_answer(dynamodb, BATCH, throttled), counted(dynamodb) as calls:
        results = dynamodb.stores.jobs.claim_many([claim(one) for one in made])
    assert calls == {BATCH: 1, "UpdateItem": 3}
    jobs = [result.job for result in results if isinstance(result, Claimed)]
    attempts = [execution(one) for one in jobs]
    with first_answer(dynamodb, BATCH, throttled):
        assert dynamodb.stores.history.record_many(attempts) == attempts
    with first_answer(dynamodb, BATCH, throttled):
        assert dynamodb.stores.jobs.finish_many(attempts, now=NOON) == [True] * 3


def test_what_was_throttled_among_others_is_told_of_its_own(dynamodb: DynamoStores) -> None:
    made = [created(dynamodb.stores) for _ in range(3)]
    dynamodb.stores.jobs.claim_many([claim(made[0], token="another's")])

    def partly(sent: dict[str, Any]) -> dict[str, Any]:
        refused = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
        return {"Responses": [{"Error": refused}, *throttled(sent)["Responses"][1:]]}

    with first_answer(dynamodb, BATCH, partly):
        results = dynamodb.stores.jobs.claim_many([claim(one) for one in made])
    assert [isinstance(result, Claimed) for result in results] == [False, True, True]
    assert [result.job.job_id for result in results[1:] if result.job] == [one.job_id for one in made[1:]]


def test_the_record_that_was_there_first_stands(stores: Stores) -> None:
    jobs = running(stores, 3)
    first = execution(jobs[1], status=ExecutionStatus.LOST, output=LONG)
    stores.history.record_many([first])
    attempts = [execution(one, output=LONG) for one in jobs]
    assert stores.history.record_many(attempts) == [attempts[0], first, attempts[2]]


def test_records_that_have_expired_give_way(stores: Stores) -> None:
    jobs = running(stores, 2)
    stores.history.record_many([execution(one, expires_at=TOMORROW) for one in jobs])
    stores.clock.set(TOMORROW)
    attempts = [execution(one, output="new") for one in jobs]
    assert stores.history.record_many(attempts) == attempts


def test_records_whose_answer_was_lost_stand(dynamodb: DynamoStores) -> None:
    attempts = [execution(one) for one in running(dynamodb.stores, 3)]
    with answers_lost(dynamodb, BATCH):
        assert dynamodb.stores.history.record_many(attempts) == attempts


def of_all_kinds(stores: Stores) -> list[Execution]:
    """Attempts that end in every form that a finish has, each in a job of its own."""
    jobs = running(stores, 7)
    claims = [claim(recurring(stores), token=f"r{number}", next_run_at=TOMORROW) for number in range(2)]
    claims.append(claim(recurring(stores), token="last"))
    jobs += [result.job for result in stores.jobs.claim_many(claims) if isinstance(result, Claimed)]
    jobs += running(stores, 1)
    give_up = GiveUp(reason="it broke")
    for number, ended in ((1, JobStatus.CANCELLED), (2, JobStatus.PAUSED), (10, JobStatus.PAUSED)):
        read = stores.jobs.get(TENANT, jobs[number].job_id)
        assert stores.jobs.replace(replace(read, status=ended, version=2), read=read)
    failed: dict[str, Any] = {"status": ExecutionStatus.FAILED, "decision": give_up}
    return [
        execution(jobs[0]),
        execution(jobs[1]),
        execution(jobs[2]),
        execution(jobs[3], **failed),
        execution(jobs[4], status=ExecutionStatus.TIMEOUT, decision=give_up),
        execution(jobs[5], token="gone"),
        execution(jobs[6], status=ExecutionStatus.FAILED, decision=RETRY),
        execution(jobs[7]),
        execution(jobs[8], **failed),
        execution(jobs[9]),
        execution(jobs[10], status=ExecutionStatus.FAILED, decision=RETRY),
    ]


def test_all_forms_of_a_finish_together_are_what_they_are_alone(stores: Stores) -> None:
    together, alone = of_all_kinds(stores), of_all_kinds(stores)
    finished = list(stores.jobs.finish_many(together, now=NOON))
    assert finished == [stores.jobs.finish_many([one], now=NOON)[0] for one in alone]
    assert finished.count(False) == 1
    for one, other in zip(together, alone, strict=True):
        left, right = (stores.jobs.get(TENANT, each.job_id) for each in (one, other))
        same: dict[str, Any] = {"job_id": "", "slot": None, "created_at": NOON}
        assert replace(left, **same) == replace(right, **same)
        assert (left.slot is None) == (right.slot is None)


def test_of_many_claims_each_is_won_or_lost_by_itself(stores: Stores) -> None:
    made = [created(stores, payload=number) for number in range(63)]
    lost = set(range(0, 63, 7))
    stores.jobs.claim_many([claim(made[number], token="another's") for number in lost])
    results = stores.jobs.claim_many([claim(one) for one in made])
    assert {number for number, result in enumerate(results) if isinstance(result, ClaimLost)} == lost
    assert [result.job and result.job.payload for result in results] == list(range(63))
    assert all(result.job == stores.jobs.get(TENANT, one.job_id) for result, one in zip(results, made, strict=True))


def test_of_many_attempts_each_is_recorded_and_finished_by_itself(stores: Stores) -> None:
    attempts = [execution(one, output=number) for number, one in enumerate(running(stores, 63))]
    earlier = replace(attempts[8], output="earlier")
    stores.history.record_many([earlier])
    assert stores.history.record_many(attempts) == [*attempts[:8], earlier, *attempts[9:]]
    gone = set(range(3, 63, 10))
    sent = [replace(one, token="gone") if number in gone else one for number, one in enumerate(attempts)]
    assert list(stores.jobs.finish_many(sent, now=NOON)) == [number not in gone for number in range(63)]
    jobs = [stores.jobs.get(TENANT, one.job_id) for one in attempts]
    assert [one.tally.executions for one in jobs] == [int(number not in gone) for number in range(63)]
    assert {number for number, one in enumerate(jobs) if one.status is not JobStatus.COMPLETED} == gone


def test_an_attempt_that_is_finished_twice_in_a_batch_counts_once(stores: Stores) -> None:
    one, other = (execution(each) for each in running(stores, 2))
    stale = replace(one, token="stale")
    assert list(stores.jobs.finish_many([one, other, one, stale], now=NOON)) == [True, True, False, False]
    assert stores.jobs.get(TENANT, one.job_id).tally.executions == 1


def test_what_is_finished_again_and_again_is_counted_each_time(stores: Stores) -> None:
    jobs = [recurring(stores) for _ in range(2)]
    for day in range(3):
        due_at, next_run_at = (NOON + timedelta(days=number) for number in (day, day + 1))
        claims = [claim(one, due_at=due_at, run_at=due_at, next_run_at=next_run_at, now=due_at) for one in jobs]
        claimed = [result.job for result in stores.jobs.claim_many(claims) if isinstance(result, Claimed)]
        assert list(stores.jobs.finish_many([execution(one) for one in claimed], now=NOON)) == [True, True]
        jobs = jobs_of(stores, jobs)
    assert [(one.tally.executions, one.tally.successful) for one in jobs] == [(3, 3)] * 2


def test_finishes_whose_answer_was_lost_leave_their_retries_waiting(dynamodb: DynamoStores) -> None:
    jobs = running(dynamodb.stores, 3)
    attempts = [execution(one, status=ExecutionStatus.FAILED, decision=RETRY) for one in jobs]
    with answers_lost(dynamodb, BATCH):
        assert dynamodb.stores.jobs.finish_many(attempts, now=NOON) == [True] * 3
    assert [one.tally.executions for one in jobs_of(dynamodb.stores, jobs)] == [1] * 3


def test_a_statement_says_what_its_write_does() -> None:
    write = Write(
        update="SET #a = :x, #b = #c + :y REMOVE #d, #e ADD #f :one, #g :y",
        condition="#a = :old AND (#h IN (:p, :q) OR NOT (attribute_exists(#d))) AND attribute_not_exists(#e)",
        values={"x": "x", "y": 5, "one": 1, "old": True, "p": "p", "q": "q"},
    )
    names = {name: name * 2 for name in "abcdefgh"}
    made = update_statement("t", Key("P", "S"), write, names, returning=True)
    assert made["Statement"] == (
        'UPDATE "t" SET "aa" = ? SET "bb" = "cc" + ? REMOVE "dd" REMOVE "ee" SET "ff" = "ff" + ? SET "gg" = "gg" + ?'
        ' WHERE "pk" = ? AND "sk" = ? AND ("aa" = ? AND (("hh" = ? OR "hh" = ?) OR NOT (attribute_exists("dd")))'
        ' AND attribute_not_exists("ee")) RETURNING ALL NEW *'
    )
    texts = [next(iter(value.values())) for value in made["Parameters"]]
    assert texts == ["x", "5", "1", "5", "P", "S", True, "p", "q"]


def test_what_a_statement_cannot_say_is_refused() -> None:
    write = Write(update="SET #a = if_not_exists(#a, :x)", condition="attribute_exists(#a)", values={"x": 1})
    with pytest.raises(ValueError, match="if_not_exists"):
        update_statement("t", Key("P", "S"), write, {"a": "a"}, returning=False)


def test_an_insert_names_what_is_there() -> None:
    made = insert_statement("t", Key("P", "S"), {"a": 1, "b": None, "c": "x"})
    assert made == {
        "Statement": """INSERT INTO "t" VALUE {'pk': ?, 'sk': ?, 'a': ?, 'c': ?}""",
        "Parameters": [{"S": "P"}, {"S": "S"}, {"N": "1"}, {"S": "x"}],
    }

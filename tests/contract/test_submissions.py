"""The contract of ``Submissions``, on every engine."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores
from tests.doubles import NOON
from tickwell.adapters.embedded.expiry import EmbeddedExpiry
from tickwell.domain.submission import (
    HOLD,
    SUBMISSION_LIFE,
    KeptAnswer,
    Submission,
    SubmissionKey,
    new_submission,
)

ANSWER = KeptAnswer(status=201, packed="eJw=")
NOT_KEPT = KeptAnswer(status=200, packed=None)


def submission(token: str = "token", **key: str) -> Submission:
    place = SubmissionKey(**{"tenant_id": "t", "who": "u", "key": "k", **key})
    return new_submission(place, "print", seed=f"seed of {token}", token=token, now=NOON)


def standing(stores: Stores) -> Submission | None:
    """What is there, seen by somebody who writes nothing if there is something."""
    return stores.submissions.begin(submission("onlooker"))


def test_the_first_one_begins_and_all_others_get_what_stands(stores: Stores) -> None:
    assert stores.submissions.begin(submission("first")) is None
    assert stores.submissions.begin(submission("second")) == submission("first")


def test_tenants_users_and_keys_are_apart(stores: Stores) -> None:
    others: list[dict[str, Any]] = [{}, {"tenant_id": "t2"}, {"who": "u2"}, {"key": "K"}, {"key": "k" * 255}]
    assert [stores.submissions.begin(submission(**key)) for key in others] == [None] * 5


def test_an_answer_is_kept(stores: Stores) -> None:
    for number, answer in enumerate((ANSWER, NOT_KEPT)):
        mine = submission(key=str(number))
        stores.submissions.begin(mine)
        assert stores.submissions.finish(mine, answer)
        assert stores.submissions.begin(submission("late", key=str(number))) == replace(mine, answer=answer)


def test_a_long_answer_is_kept_whole(stores: Stores) -> None:
    mine, answer = submission(), KeptAnswer(status=200, packed="x" * 300_000)
    stores.submissions.begin(mine)
    assert stores.submissions.finish(mine, answer)
    assert standing(stores) == replace(mine, answer=answer)


def test_what_was_let_go_is_taken_over_by_one_and_the_one_before_has_no_say_any_more(stores: Stores) -> None:
    mine = submission("first")
    stores.submissions.begin(mine)
    stores.submissions.release(mine)
    found = standing(stores)
    assert found is not None
    assert found.held_until < NOON
    taken = found.taken_over("second", NOON)
    assert stores.submissions.take(found, taken)
    assert not stores.submissions.take(found, found.taken_over("third", NOON))
    assert not stores.submissions.finish(mine, ANSWER)
    stores.submissions.release(mine)
    stores.submissions.forget(mine)
    assert standing(stores) == taken
    assert stores.submissions.finish(taken, ANSWER)


def test_what_is_done_is_not_taken_over(stores: Stores) -> None:
    mine = submission()
    stores.submissions.begin(mine)
    stores.submissions.finish(mine, ANSWER)
    assert not stores.submissions.take(mine, mine.taken_over("second", NOON + HOLD))


def test_a_forgotten_key_is_free(stores: Stores) -> None:
    stores.submissions.begin(submission("first"))
    stores.submissions.forget(submission("first"))
    assert stores.submissions.begin(submission("second")) is None


def test_an_expired_key_is_free(stores: Stores) -> None:
    mine = submission("first")
    stores.submissions.begin(mine)
    stores.submissions.finish(mine, ANSWER)
    stores.clock.advance(SUBMISSION_LIFE - timedelta(milliseconds=1))
    assert standing(stores) == replace(mine, answer=ANSWER)
    stores.clock.advance(timedelta(milliseconds=1))
    assert stores.submissions.begin(submission("second")) is None


def test_of_many_threads_one_begins_and_one_takes_over(stores: Stores) -> None:
    start = threading.Barrier(8)

    def begin(number: int) -> Submission | None:
        start.wait(10)
        return stores.submissions.begin(submission(str(number)))

    with ThreadPoolExecutor(8) as threads:
        assert [found is None for found in threads.map(begin, range(8))].count(True) == 1
    found = standing(stores)
    assert found is not None

    def take(number: int) -> bool:
        start.wait(10)
        return stores.submissions.take(found, found.taken_over(f"next {number}", NOON + HOLD))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(take, range(8))).count(True) == 1


def test_dynamodb_deletes_them_by_ttl_and_never_sees_the_callers_key(dynamodb: DynamoStores) -> None:
    dynamodb.stores.submissions.begin(submission(key="ada@example.com"))
    (item,) = dynamodb.client.scan(TableName="tickwell")["Items"]
    assert item["ttl"] == {"N": str(int((NOON + SUBMISSION_LIFE).timestamp()))}
    assert "ada@" not in str(item)


def test_sqlite_deletes_them_when_they_have_expired(sqlite: EmbeddedStores) -> None:
    sqlite.stores.submissions.begin(submission())
    expiry = EmbeddedExpiry(sqlite.database, sqlite.stores.clock)
    assert expiry.sweep() == 0
    sqlite.stores.clock.advance(SUBMISSION_LIFE)
    assert expiry.sweep() == 1

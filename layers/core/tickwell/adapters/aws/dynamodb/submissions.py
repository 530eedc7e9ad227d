"""Requests that may be sent again, in DynamoDB; see ``Submissions`` for what they promise."""

from typing import Final

from tickwell.adapters.aws.dynamodb.attributes import Item, Value, number, optional_number, optional_text, text
from tickwell.adapters.aws.dynamodb.items import expiry, stamp
from tickwell.adapters.aws.dynamodb.limit_keys import submission_key
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Write, Written
from tickwell.application.ports import Clock
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.submission import KeptAnswer, Submission, SubmissionKey

_NAMES: Final = {
    "fingerprint": "fp",
    "seed": "sd",
    "at": "at",
    "token": "tk",
    "held": "to",
    "tries": "n",
    "status": "st",
    "packed": "an",
}
_MINE: Final = "#token = :token"


class DynamoSubmissions:
    """The ``Submissions`` of the ``aws`` engine: a write to begin, and one to finish."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def begin(self, submission: Submission) -> Submission | None:
        """See the port. A write whose answer was lost is recognised by its token."""
        key, now_ms = submission_key(submission.key), to_epoch_ms(self._clock.now())
        standing = self._table.put_if_absent(key, _item(submission), now_ms=now_ms)
        if standing is None or text(standing, _NAMES["token"]) == submission.token:
            return None
        return _submission(submission.key, standing)

    def take(self, standing: Submission, taken: Submission) -> bool:
        """See the port."""
        write = Write(
            update="SET #token = :token, #held = :held, #tries = :tries",
            condition="#token = :before AND #tries = :seen AND attribute_not_exists(#status)",
            values={
                "token": taken.token,
                "held": to_epoch_ms(taken.held_until),
                "tries": taken.tries,
                "before": standing.token,
                "seen": standing.tries,
            },
        )
        outcome = self._table.update(submission_key(standing.key), write, _NAMES)
        if isinstance(outcome, Written):
            return True
        return outcome.item is not None and text(outcome.item, _NAMES["token"]) == taken.token

    def finish(self, submission: Submission, answer: KeptAnswer) -> bool:
        """See the port."""
        values: dict[str, Value] = {"token": submission.token, "status": answer.status}
        if answer.packed is not None:
            values["packed"] = answer.packed
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in values if name != "token")
        write = Write(update=update, condition=_MINE, values=values)
        return isinstance(self._table.update(submission_key(submission.key), write, _NAMES), Written)

    def release(self, submission: Submission) -> None:
        """See the port."""
        values: dict[str, Value] = {"token": submission.token, "held": 0}
        write = Write(update="SET #held = :held", condition=_MINE, values=values)
        self._table.update(submission_key(submission.key), write, _NAMES)

    def forget(self, submission: Submission) -> None:
        """See the port."""
        write = Write(update="", condition=_MINE, values={"token": submission.token})
        self._table.delete_if(submission_key(submission.key), write, _NAMES)


def _item(submission: Submission) -> dict[str, Value | None]:
    return {
        **stamp("submission"),
        **expiry(to_epoch_ms(submission.expires_at)),
        _NAMES["fingerprint"]: submission.fingerprint,
        _NAMES["seed"]: submission.seed,
        _NAMES["at"]: to_epoch_ms(submission.at),
        _NAMES["token"]: submission.token,
        _NAMES["held"]: to_epoch_ms(submission.held_until),
        _NAMES["tries"]: submission.tries,
    }


def _submission(key: SubmissionKey, item: Item) -> Submission:
    status = optional_number(item, _NAMES["status"])
    return Submission(
        key=key,
        fingerprint=text(item, _NAMES["fingerprint"]),
        seed=text(item, _NAMES["seed"]),
        at=from_epoch_ms(number(item, _NAMES["at"])),
        token=text(item, _NAMES["token"]),
        held_until=from_epoch_ms(number(item, _NAMES["held"])),
        expires_at=from_epoch_ms(number(item, "ex")),
        tries=number(item, _NAMES["tries"]),
        answer=None if status is None else KeptAnswer(status=status, packed=optional_text(item, _NAMES["packed"])),
    )

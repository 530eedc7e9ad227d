"""What must hold of the database when all is over, and of the world outside."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.kills.load import GRID, NARROW_CONCURRENCY, OCCURRENCES, RECURRING, Answers
from tests.chaos.kills.receiver import ONCE, Receiver
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.domain.errors import NotFoundError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.message import JobMessage
from tickwell.messages import decode_job_message

LOST = ("PROCESS_DIED", "WORKER_LOST")
"""Why attempts end that nobody is to blame for but their workers."""

_CALLS = ("call", "delayed-call", "flaky", "narrow", "paced", RECURRING, "slow")
_GRID_MS = int(GRID.total_seconds() * 1000)
_MESSAGES = "SELECT queue, body FROM queue_messages"
_LEFT = {
    "parked": "SELECT name || ' ' || message FROM parked",
    "permits": "SELECT name || ' ' || document FROM gates WHERE json_array_length(document, '$.permits') > 0",
    "outcomes": "SELECT document FROM outcomes",
    "slots": "SELECT job_id || ' ' || slot_due_ms FROM jobs WHERE slot_due_ms IS NOT NULL",
}
_BLOBS = """
    SELECT json_extract(definition, '$.blob') AS blob FROM jobs WHERE blob IS NOT NULL
    UNION SELECT json_extract(summary, '$.blob') AS blob FROM executions WHERE blob IS NOT NULL
"""
_COUNTED_ANEW = {
    "job_counts": """
        SELECT tenant_id, status, recurring, jobs, counted FROM (
            SELECT tenant_id, status, recurring, SUM(jobs) AS jobs FROM job_counts GROUP BY 1, 2, 3
        ) FULL JOIN (
            SELECT tenant_id, status, recurring, COUNT(*) AS counted
            FROM jobs WHERE substr(job_id, 37, 1) <> '.' GROUP BY 1, 2, 3
        ) USING (tenant_id, status, recurring) WHERE COALESCE(jobs, 0) <> COALESCE(counted, 0)
    """,
    "dead_letter_counts": """
        SELECT tenant_id, dead_letters FROM dead_letter_counts
        WHERE dead_letters <> (SELECT COUNT(*) FROM dead_letters d WHERE d.tenant_id = dead_letter_counts.tenant_id)
    """,
    "execution_counts": """
        SELECT tenant_id, SUM(success), SUM(failed), SUM(lost) FROM execution_counts c GROUP BY 1
        HAVING SUM(success + failed + timeout + cancelled + lost)
            <> (SELECT COUNT(*) FROM executions e WHERE e.tenant_id = c.tenant_id)
        OR SUM(success) <> (SELECT SUM(json_extract(summary, '$.status') = 'success')
            FROM executions e WHERE e.tenant_id = c.tenant_id)
        OR SUM(lost) <> (SELECT SUM(json_extract(summary, '$.status') = 'lost')
            FROM executions e WHERE e.tenant_id = c.tenant_id)
    """,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """A recorded attempt: how it ended, what was to follow (``completed``, ``retry``, ``give up``), why it failed."""

    number: int
    status: str
    then: str
    code: str | None


Occurrences = Mapping[tuple[str, int], list[Attempt]]
"""Attempts in order, by job and due instant (epoch ms)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What is in the database when all is over."""

    names: Mapping[str, str]
    statuses: Mapping[str, str]
    totals: Mapping[str, tuple[int, int, int]]
    occurrences: Occurrences
    skipped: Mapping[str, list[tuple[int, int]]]
    failed: frozenset[str]
    unreadable: list[str]
    remains: list[str]
    miscounted: list[str]

    @property
    def given_up(self) -> int:
        """Occurrences that ended because two workers died in them, or one where nothing may run twice."""
        return sum(attempts[-1].then == "give up" and _is_loss(attempts[-1]) for attempts in self.occurrences.values())


def read(path: Path) -> Left:
    """Read it all."""
    with closing(sqlite3.connect(path)) as connection:
        execute = connection.execute
        occurrences = defaultdict(list)
        for job_id, due_ms, attempt, summary, outcome in execute(
            "SELECT job_id, due_ms, attempt, summary, outcome FROM executions ORDER BY job_id, due_ms, attempt"
        ):
            occurrences[job_id, due_ms].append(_attempt(attempt, json.loads(summary), json.loads(outcome)))
        skipped = defaultdict(list)
        for job_id, first_ms, document in execute("SELECT job_id, first_due_ms, document FROM skips"):
            skipped[job_id].append((first_ms, json.loads(document)["last"]))
        jobs = execute("SELECT job_id, json_extract(definition, '$.name'), status FROM jobs").fetchall()
        totals = execute("SELECT job_id, executions, successful, lost FROM jobs").fetchall()
        return Left(
            names={job_id: name for job_id, name, _ in jobs},
            statuses={job_id: status for job_id, _, status in jobs},
            totals={job_id: (total, successful, lost) for job_id, total, successful, lost in totals},
            occurrences=dict(occurrences),
            skipped=dict(skipped),
            failed=frozenset(row[0] for row in execute("SELECT json_extract(document, '$.job') FROM dead_letters")),
            unreadable=_unreadable([row[0] for row in execute(_BLOBS)], path.parent / "blobs"),
            remains=[
                *_to_be_done(execute(_MESSAGES).fetchall(), occurrences),
                *(f"{what} left: {row[0]}" for what, query in _LEFT.items() for row in execute(query)),
            ],
            miscounted=[f"{what}: {row}" for what, query in _COUNTED_ANEW.items() for row in execute(query)],
        )


def _to_be_done(messages: Sequence[tuple[str, str]], occurrences: Occurrences) -> Iterator[str]:
    """Messages that ask for something: for no attempt that is recorded.

    A safety sync that stood still before it sent a message again, while another server did the job, may send it when
    all is over and no message was left, and all servers stop before one of them is done with it.
    """
    for queue, body in messages:
        message = decode_job_message(body)
        if not isinstance(message, JobMessage) or not _is_recorded(message, occurrences):
            yield f"messages left: {queue} {body}"


def _is_recorded(message: JobMessage, occurrences: Occurrences) -> bool:
    attempts = occurrences.get((message.job_id, to_epoch_ms(message.due_at)), [])
    return any(attempt.number >= message.attempt for attempt in attempts)


def _unreadable(names: Sequence[str], folder: Path) -> list[str]:
    """Files that jobs and attempts refer to, and that are not there, or not whole."""
    blobs, faults = FileBlobs(folder), []
    for name in names:
        try:
            json.loads(blobs.get(name))
        except (NotFoundError, ValueError) as error:
            faults.append(f"the file {name}: {error}")
    return faults


def _attempt(number: int, summary: dict[str, Any], outcome: dict[str, Any]) -> Attempt:
    failure = outcome.get("failure")
    return Attempt(number=number, status=summary["status"], then=summary["then"][0], code=failure and failure[0])


def _is_loss(attempt: Attempt) -> bool:
    return attempt.status == "lost" or attempt.code in LOST


def _key(job_id: str, due_ms: int) -> str:
    return f"{job_id}-{due_ms:012x}"


Told = tuple[int, int, str]
"""The first and the last instant (epoch ms) of what the API lists as one, and what became of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Each method gives the breaches of one promise, in sentences. ``told``: what the API lists of recurring jobs."""

    left: Left
    answers: Answers
    receiver: Receiver
    told: Mapping[str, Sequence[Told]]

    def lost(self) -> Iterator[str]:
        """Accepted, and not there, not whole, or not finished; or an instant that nothing accounts for."""
        yield from self.left.unreadable
        by_job = Counter(job_id for job_id, _ in self.left.occurrences)
        for name, job_id in self.answers.accepted.items():
            status = self.left.statuses.get(job_id)
            if status not in {"completed", "failed"}:
                yield f"{name} ({job_id}) was accepted and is {status}"
            elif not by_job[job_id] and not self.left.skipped.get(job_id):
                yield f"{name} ({job_id}) is {status}, and nothing is recorded of it"
            elif status == "failed" and not self._may_fail(name, job_id):
                yield f"{name} ({job_id}) failed: {self._attempts_of(job_id)}"
        for name, job_id in self.answers.accepted.items():
            if name.startswith(RECURRING):
                yield from self._unaccounted(name, job_id)
        yield from (
            f"{self.left.names.get(job_id)} ({job_id}) failed, and no webhook told of it"
            for job_id in self.left.failed
            if not self.receiver.told[job_id]
        )

    def twice(self) -> Iterator[str]:
        """Completions recorded twice, work that went on after its end, requests carried out twice, calls repeated."""
        for (job_id, due_ms), attempts in self.left.occurrences.items():
            ends = [attempt for attempt in attempts if attempt.then != "retry"]
            if len(ends) != 1 or attempts[-1] is not ends[0]:
                yield f"{self.left.names.get(job_id)}, {_key(job_id, due_ms)}: {attempts}"
            if [attempt.number for attempt in attempts] != list(range(1, len(attempts) + 1)):
                yield f"{self.left.names.get(job_id)}, {_key(job_id, due_ms)} lacks an attempt: {attempts}"
        for name, count in Counter(self.left.names.values()).items():
            retried = sum(self.left.names[job_id] == name for job_id in self.left.failed)
            if count > 1 + retried:
                yield f"{name} is there {count} times, and was retried at most {retried} times"
        names = set(self.left.names.values())
        yield from (f"{name} was refused, and is there" for name in self.answers.late if name in names)
        for key, count in self.receiver.keys.get(ONCE, Counter[str]()).items():
            if count > 1:
                yield f"{key} must not run twice, and was seen {count} times"
        if self.receiver.most_at_once > NARROW_CONCURRENCY:
            yield f"a queue for {NARROW_CONCURRENCY} at a time had {self.receiver.most_at_once}"

    def never_seen(self) -> Iterator[str]:
        """Keys of occurrences that count as done, of which the world outside knows nothing; keys of nobody."""
        seen = self.receiver.seen
        for (job_id, due_ms), attempts in self.left.occurrences.items():
            name = self.left.names.get(job_id, "?")
            must = name.rpartition("-")[0].partition("-b")[0] in _CALLS and attempts[-1].status == "success"
            if must and not seen[_key(job_id, due_ms)]:
                yield f"{name}: {_key(job_id, due_ms)} was never seen: {attempts}"
        known = {_key(*occurrence) for occurrence in self.left.occurrences}
        yield from (f"the receiver saw {key}, of which nothing is recorded" for key in seen if key not in known)

    def orphans(self) -> Iterator[str]:
        """What no job explains, and what is counted otherwise than it is."""
        yield from self.left.remains
        yield from self.left.miscounted
        of_job: dict[str, list[Attempt]] = defaultdict(list)
        for (job_id, _), attempts in self.left.occurrences.items():
            of_job[job_id] += attempts
            if job_id not in self.left.statuses:
                yield f"{job_id} has attempts, and is not there"
        for job_id, totals in self.left.totals.items():
            found = of_job[job_id]
            counted = Counter(attempt.status for attempt in found)
            if totals != (len(found), counted["success"], counted["lost"]):
                yield f"{self.left.names[job_id]} ({job_id}) counts {totals}, and {found} are recorded"

    def _may_fail(self, name: str, job_id: str) -> bool:
        """Work that is refused, or that died with its workers: of the latter there is a new job by now."""
        last = [attempts[-1] for (of_job, _), attempts in self.left.occurrences.items() if of_job == job_id]
        return job_id in self.left.failed and (name.startswith("doomed") or any(map(_is_loss, last)))

    def _attempts_of(self, job_id: str) -> list[list[Attempt]]:
        return [attempts for (of_job, _), attempts in self.left.occurrences.items() if of_job == job_id]

    def _unaccounted(self, name: str, job_id: str) -> Iterator[str]:
        """Instants that have no outcome, or two, as the API tells it: an execution overrides a record of a skip.

        There are all from the first that the job was accepted with, or an earlier one, to the last that was asked for.
        """
        told = self.told.get(job_id, [])
        instants = [due_ms for first_ms, last_ms, _ in told for due_ms in range(first_ms, last_ms + 1, _GRID_MS)]
        first_ms, last_ms = self.answers.due[name]
        first_ms = min([first_ms, *instants])
        is_whole = instants == list(range(first_ms, last_ms + 1, _GRID_MS)) and len(instants) <= OCCURRENCES
        if not is_whole or any(outcome not in {"executed", "skipped"} for _, _, outcome in told):
            due = f"each {_GRID_MS} ms from {first_ms} to {last_ms}"
            yield f"{name} ({job_id}) should have one outcome of what is due {due}, and has {told}"
        executed = [first for first, _, outcome in told if outcome == "executed"]
        if executed != sorted(due_ms for of_job, due_ms in self.left.occurrences if of_job == job_id):
            yield f"{name} ({job_id}) tells other executions than there are: {told}"

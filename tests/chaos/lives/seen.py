"""Ports that tell the ledger of each call that reached them; whatever is broken on purpose is broken above them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.chaos.lives.ledger import Ledger, bare
from tickwell.application.ports import Outgoing
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.due import DueItem, Watermark
from tickwell.domain.execution import Execution, OccurrenceKey, Skip
from tickwell.domain.job import JobKey
from tickwell.domain.message import JobMessage


class Seen:
    """A port that is itself; a subclass tells of some of its calls."""

    def __init__(self, inner: Any, ledger: Ledger) -> None:
        self.inner, self.ledger = inner, ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


_WRITTEN: dict[str, Callable[..., Iterable[JobKey]]] = {
    "create": lambda job: [job.key],
    "create_many": lambda jobs: [job.key for job in jobs],
    "replace": lambda job, **_: [job.key],
    "claim_many": lambda claims: [claim.message.key for claim in claims],
    "skip": lambda message, **_: [message.key],
    "pass_on": lambda job, *_, **__: [job.key],
    "finish_many": lambda executions, **_: [execution.job_key for execution in executions],
    "sign": lambda job, **_: [job.key],
    "let_go_many": lambda handed_on: [job.key for job, _ in handed_on],
    "note_probe": lambda job, **_: [job.key],
}
"""Which jobs each writing call of the port may change."""

_READ = frozenset({"get", "get_many", "list_jobs", "count_by_status", "ping"})


class SeenJobs(Seen):
    """Each job that was written is read again, and compared with how it stood before."""

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if name in _READ:
            return method
        concerned = _WRITTEN[name]  # a new call of the port must be told of: KeyError

        def write(*arguments: Any, **named: Any) -> Any:
            try:
                return method(*arguments, **named)
            finally:
                self._look(name, list(dict.fromkeys(concerned(*arguments, **named))))

        return write

    def _look(self, call: str, keys: Sequence[JobKey]) -> None:
        found = self.inner.get_many(keys) if keys else {}
        for key in keys:
            before, after = self.ledger.jobs.get(key), found.get(key)
            if before is not None or after is not None:
                self.ledger.job_written(call, before, None if after is None else bare(after))


class SeenHistory(Seen):
    """Records are read again, past what the call itself answered."""

    def record_many(self, executions: Sequence[Execution]) -> Sequence[Execution]:
        """See the port."""
        standing: Sequence[Execution] = self.inner.record_many(executions)
        for one in standing:
            self.ledger.recorded(one)  # also one that is over already, as where its worker slept for long
            at = OccurrenceKey(job=one.job_key, due_at=one.due_at)
            for stored in self.inner.attempts_at(at):
                self.ledger.recorded(stored)
        return standing

    def put_skip(self, skip: Skip) -> None:
        """See the port."""
        self.inner.put_skip(skip)
        self.ledger.skipped(skip)

    def put_dead_letters(self, dead_letters: Sequence[DeadLetter]) -> None:
        """See the port."""
        self.inner.put_dead_letters(dead_letters)
        self.ledger.given_up(dead_letters)

    def delete_dead_letter(self, tenant_id: str, dead_letter_id: str) -> None:
        """See the port."""
        self.inner.delete_dead_letter(tenant_id, dead_letter_id)
        self.ledger.letters.pop(dead_letter_id, None)


class SeenDueItems(Seen):
    """What the safety sync will look at, and how far it says that it has come."""

    def put(self, items: Sequence[DueItem]) -> None:
        """See the port."""
        self.inner.put(items)
        self.ledger.armed(items)

    def save(self, shard: int, *, token: str, watermark: Watermark) -> bool:
        """See the port."""
        saved: bool = self.inner.save(shard, token=token, watermark=watermark)
        if saved:
            self.ledger.checked_to[shard] = watermark.checked_to
        return saved


class SeenQueues(Seen):
    """Who waits for a permit."""

    def park(self, messages: Sequence[JobMessage]) -> None:
        """See the port."""
        self.inner.park(messages)
        self.ledger.parked |= {(message.identity, message.version, message.queued) for message in messages}

    def unpark(self, messages: Sequence[JobMessage]) -> None:
        """See the port."""
        self.inner.unpark(messages)
        self.ledger.parked -= {(message.identity, message.version, message.queued) for message in messages}


class SeenLane(Seen):
    """Keeps what was sent, so that it can be delivered once more at any time."""

    def __init__(self, inner: Any, ledger: Ledger, sent: list[Outgoing[JobMessage]]) -> None:
        super().__init__(inner, ledger)
        self.sent = sent

    def send(self, outgoing: Sequence[Outgoing[JobMessage]]) -> None:
        """See the port."""
        self.inner.send(outgoing)
        self.sent += outgoing

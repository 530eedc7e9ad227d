"""Executions, skips and dead letters in SQLite; see ``History`` for what they promise."""

from collections.abc import Callable, Sequence
from datetime import datetime

from tickwell.adapters.cursors import encode_cursor, number_cursor, text_cursor
from tickwell.adapters.dead_letter_documents import Mark, dead_letter_from, dead_letter_rank, dead_letter_text
from tickwell.adapters.embedded.database import Database, bindable
from tickwell.adapters.embedded.execution_rows import find_execution, record_executions
from tickwell.adapters.embedded.history_spans import read_executions, read_skips
from tickwell.adapters.embedded.outcome_feed import put_outcome
from tickwell.adapters.execution_cursors import beginning, encode_execution_cursor, execution_cursor
from tickwell.adapters.history_documents import execution_from, skip_from, skip_text
from tickwell.application.ports import Clock, Page, Span
from tickwell.domain.child import child_mark, listed_under
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.errors import NotFoundError
from tickwell.domain.execution import Execution, ExecutionStatus, OccurrenceKey, Skip, parse_execution_id
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import JobKey
from tickwell.domain.outcome_event import event_of_dead_letter

_SKIPS, _DEAD_LETTERS = "skips", "dead_letters"
_LATEST = 1 << 62
_MOST_READ = 1000

_OF_JOB = """
    SELECT job_id, due_ms, attempt, expires_ms, summary, outcome FROM executions
    WHERE tenant_id = :tenant AND job_id = :job AND (due_ms, attempt, job_id) < (:due, :attempt, :last)
    AND expires_ms > :now AND (:status IS NULL OR json_extract(summary, '$.status') = :status)
    ORDER BY due_ms DESC, attempt DESC LIMIT :reach
"""
_OF_CHILDREN = _OF_JOB.replace("job_id = :job", "parent_id = :job").replace("attempt DESC", "attempt DESC, job_id DESC")
_OF_BOTH = f"""
    SELECT * FROM ({_OF_JOB}) UNION ALL SELECT * FROM ({_OF_CHILDREN})
    ORDER BY due_ms DESC, attempt DESC, job_id DESC LIMIT -1 OFFSET :skip
"""
_OF_ONE = f"SELECT * FROM ({_OF_JOB}) LIMIT -1 OFFSET :skip"
_ATTEMPTS = """
    SELECT job_id, due_ms, attempt, expires_ms, summary, outcome FROM executions
    WHERE tenant_id = ? AND job_id = ? AND due_ms = ? AND expires_ms > ? ORDER BY attempt
"""
_PUT_SKIP = """
    INSERT INTO skips (tenant_id, job_id, first_due_ms, expires_ms, document) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET expires_ms = excluded.expires_ms, document = excluded.document
    WHERE expires_ms <= ? OR json_extract(document, '$.last') < json_extract(excluded.document, '$.last')
"""
_LIST_SKIPS = """
    SELECT first_due_ms, expires_ms, document FROM skips
    WHERE tenant_id = ? AND job_id = ? AND first_due_ms < ? AND expires_ms > ? ORDER BY first_due_ms DESC LIMIT ?
"""
_PUT_DEAD_LETTER = """
    INSERT INTO dead_letters (tenant_id, rank, dead_letter_id, expires_ms, document) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        expires_ms = excluded.expires_ms, document = excluded.document, retried_as = NULL, retried_ms = NULL
    WHERE expires_ms <= ?
"""
_GET_DEAD_LETTER = """
    SELECT dead_letter_id, expires_ms, retried_as, retried_ms, document FROM dead_letters
    WHERE tenant_id = ? AND rank = ? AND dead_letter_id = ? AND expires_ms > ?
"""
_LIST_DEAD_LETTERS = """
    SELECT dead_letter_id, expires_ms, retried_as, retried_ms, document FROM dead_letters
    WHERE tenant_id = ? AND (rank, dead_letter_id) < (?, ?) AND expires_ms > ?
    ORDER BY rank DESC, dead_letter_id DESC LIMIT ?
"""
_MARK_RETRIED = """
    UPDATE dead_letters SET retried_as = ?, retried_ms = ?
    WHERE tenant_id = ? AND rank = ? AND dead_letter_id = ? AND expires_ms > ? AND (retried_as IS ? OR retried_as = ?)
"""
_DELETE_DEAD_LETTER = "DELETE FROM dead_letters WHERE tenant_id = ? AND rank = ? AND dead_letter_id = ?"


class EmbeddedHistory:
    """The embedded ``History``. A record that has expired gives way to a new one of its id."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def record_many(self, executions: Sequence[Execution]) -> Sequence[Execution]:
        """See the port; all in one transaction."""
        now_ms = self._now_ms()
        with self._database.transaction() as cursor:
            return record_executions(cursor, executions, now_ms)

    def get_execution(self, tenant_id: str, execution_id: str) -> Execution:
        """See the port."""
        job_id, due_at, attempt = parse_execution_id(execution_id)
        key = JobKey(tenant_id=tenant_id, job_id=job_id)
        with self._database.read() as cursor:
            execution = find_execution(cursor, key, to_epoch_ms(due_at), attempt, self._now_ms())
        if execution is None:
            raise NotFoundError("execution", execution_id)
        return execution

    def list_executions(
        self,
        tenant_id: str,
        job_id: str,
        *,
        limit: int,
        cursor: str | None,
        with_children: bool = False,
        status: ExecutionStatus | None = None,
        skip: int | None = None,
    ) -> Page[Execution]:
        """See the port. What children ran has an index of its own, which costs other executions nothing."""
        due_ms, attempt, mark = execution_cursor(cursor) or (_LATEST, _LATEST, "")
        values = {"tenant": tenant_id, "job": bindable(job_id), "due": due_ms, "attempt": attempt}
        values |= {"last": bindable(listed_under(job_id) + mark), "now": self._now_ms()}
        values |= {"status": status, "skip": skip or 0, "reach": (skip or 0) + limit + 1}
        with self._database.read() as reading:
            rows = reading.execute(_OF_BOTH if with_children else _OF_ONE, values).fetchmany(limit + 1)
        found = [_listed(tenant_id, row) for row in rows[:limit]]
        last = None
        if len(rows) > limit == 0:
            last = beginning()
        elif len(rows) > limit:
            ran, due_ms, attempt = rows[limit - 1][:3]
            last = encode_execution_cursor(due_ms, attempt, child_mark(ran))
        return Page(items=tuple(found), next_cursor=last)

    def executions_between(
        self, tenant_id: str, job_id: str, *, since: datetime, until: datetime, limit: int, consistent: bool = False
    ) -> Span[Execution]:
        """See the port. Always consistent."""
        del consistent
        key, now_ms = JobKey(tenant_id=tenant_id, job_id=job_id), self._now_ms()
        return read_executions(self._database, key, since=since, until=until, limit=limit, now_ms=now_ms)

    def attempts_at(self, occurrence: OccurrenceKey) -> Sequence[Execution]:
        """See the port."""
        key = occurrence.job
        values = (bindable(key.tenant_id), bindable(key.job_id), to_epoch_ms(occurrence.due_at), self._now_ms())
        with self._database.read() as cursor:
            return [_listed(key.tenant_id, row) for row in cursor.execute(_ATTEMPTS, values)]

    def put_skip(self, skip: Skip) -> None:
        """See the port."""
        first_ms, expires_ms = to_epoch_ms(skip.first_due_at), to_epoch_ms(skip.expires_at)
        values = (skip.tenant_id, skip.job_id, first_ms, expires_ms, skip_text(skip), self._now_ms())
        with self._database.transaction() as cursor:
            cursor.execute(_PUT_SKIP, values)

    def list_skips(self, tenant_id: str, job_id: str, *, limit: int, cursor: str | None) -> Page[Skip]:
        """See the port."""
        (before,) = number_cursor(_SKIPS, cursor, 1) or (_LATEST,)
        with self._database.read() as reading:
            rows = reading.execute(
                _LIST_SKIPS, (tenant_id, bindable(job_id), before, self._now_ms(), limit + 1)
            ).fetchall()
        key = JobKey(tenant_id=tenant_id, job_id=job_id)
        found = [skip_from(key, first_ms=first, expires_ms=expires, text=text) for first, expires, text in rows[:limit]]
        more = len(rows) > limit
        return Page(items=tuple(found), next_cursor=encode_cursor(_SKIPS, rows[limit - 1][:1]) if more else None)

    def skips_between(self, tenant_id: str, job_id: str, *, since: datetime, until: datetime, limit: int) -> Span[Skip]:
        """See the port."""
        key, now_ms = JobKey(tenant_id=tenant_id, job_id=job_id), self._now_ms()
        return read_skips(self._database, key, since=since, until=until, limit=limit, now_ms=now_ms)

    def put_dead_letters(self, dead_letters: Sequence[DeadLetter]) -> None:
        """See the port. Each insert writes its outcome in the same transaction (rule 9)."""
        now_ms = self._now_ms()
        with self._database.transaction() as cursor:
            for letter in dead_letters:
                expires_ms, text = to_epoch_ms(letter.expires_at), dead_letter_text(letter)
                rank = dead_letter_rank(letter.dead_letter_id)
                values = (letter.tenant_id, rank, letter.dead_letter_id, expires_ms, text, now_ms)
                if cursor.execute(_PUT_DEAD_LETTER, values).rowcount:
                    put_outcome(cursor, event_of_dead_letter(letter))

    def get_dead_letter(self, tenant_id: str, dead_letter_id: str) -> DeadLetter:
        """See the port."""
        with self._database.read() as cursor:
            row = cursor.execute(_GET_DEAD_LETTER, (*_letter(tenant_id, dead_letter_id), self._now_ms())).fetchone()
        if row is None:
            raise NotFoundError("dead letter", dead_letter_id)
        return _dead_letter(tenant_id, row)

    def list_dead_letters(
        self,
        tenant_id: str,
        *,
        limit: int,
        cursor: str | None,
        wanted: Callable[[DeadLetter], bool] | None = None,
    ) -> Page[DeadLetter]:
        """See the port."""
        before = text_cursor(_DEAD_LETTERS, cursor)
        place = ("~", "") if before is None else (dead_letter_rank(before), before)
        most_rows = limit if wanted is None else _MOST_READ
        found: list[DeadLetter] = []
        last = None
        with self._database.read() as reading:
            rows = reading.execute(_LIST_DEAD_LETTERS, (tenant_id, *place, self._now_ms(), most_rows + 1))
            for number, row in enumerate(rows):
                if len(found) == limit or number == most_rows:
                    return Page(items=tuple(found), next_cursor=encode_cursor(_DEAD_LETTERS, [str(last)]))
                letter = _dead_letter(tenant_id, row)
                last = letter.dead_letter_id
                if wanted is None or wanted(letter):
                    found.append(letter)
        return Page(items=tuple(found), next_cursor=None)

    def mark_retried(
        self, tenant_id: str, dead_letter_id: str, *, job_id: str, at: datetime, earlier: str | None
    ) -> bool:
        """See the port."""
        values = (job_id, to_epoch_ms(at), *_letter(tenant_id, dead_letter_id), self._now_ms(), earlier, job_id)
        with self._database.transaction() as cursor:
            return cursor.execute(_MARK_RETRIED, values).rowcount == 1

    def delete_dead_letter(self, tenant_id: str, dead_letter_id: str) -> None:
        """See the port."""
        with self._database.transaction() as cursor:
            cursor.execute(_DELETE_DEAD_LETTER, _letter(tenant_id, dead_letter_id))

    def _now_ms(self) -> int:
        return to_epoch_ms(self._clock.now())


def _letter(tenant_id: str, dead_letter_id: str) -> tuple[str, str, str]:
    return tenant_id, dead_letter_rank(dead_letter_id), bindable(dead_letter_id)


def _dead_letter(tenant_id: str, row: tuple[str, int, str | None, int | None, str]) -> DeadLetter:
    identifier, expires_ms, retried_as, retried_ms, text = row
    mark = Mark(retried_as=retried_as, retried_ms=retried_ms)
    return dead_letter_from(tenant_id, identifier, expires_ms=expires_ms, text=text, mark=mark)


def _listed(tenant_id: str, row: tuple[str, int, int, int, str, str]) -> Execution:
    job_id, due_ms, attempt, expires_ms, summary, outcome = row
    return execution_from(
        JobKey(tenant_id=tenant_id, job_id=job_id),
        due_ms=due_ms,
        attempt=attempt,
        expires_ms=expires_ms,
        summary=summary,
        outcome=outcome,
        logs=None,
    )

"""What was due in a range of instants, in SQLite; see ``History``. A job has an index, and its children have one."""

from datetime import datetime

from tickwell.adapters.embedded.database import Database, bindable
from tickwell.adapters.history_documents import execution_from, skip_from
from tickwell.adapters.spans import REACHING_IN, execution_span
from tickwell.application.ports import Span
from tickwell.domain.execution import Execution, Skip
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import JobKey

_OF_JOB = """
    SELECT job_id, due_ms, attempt, expires_ms, summary FROM executions
    WHERE tenant_id = :tenant AND job_id = :job AND due_ms BETWEEN :since AND :until AND expires_ms > :now
    ORDER BY due_ms, attempt LIMIT :reach
"""
_OF_CHILDREN = _OF_JOB.replace("job_id = :job", "parent_id = :job").replace(
    "due_ms, attempt L", "due_ms, attempt, job_id L"
)
_OF_BOTH = f"""
    SELECT * FROM ({_OF_JOB}) UNION ALL SELECT * FROM ({_OF_CHILDREN})
    ORDER BY due_ms, attempt, job_id LIMIT :reach
"""
_SKIPS = """
    SELECT first_due_ms, expires_ms, document FROM skips
    WHERE tenant_id = :tenant AND job_id = :job AND first_due_ms BETWEEN :since AND :until AND expires_ms > :now
    ORDER BY first_due_ms LIMIT :reach
"""
_SKIPS_BEFORE = """
    SELECT first_due_ms, expires_ms, document FROM skips
    WHERE tenant_id = :tenant AND job_id = :job AND first_due_ms < :since AND expires_ms > :now
    ORDER BY first_due_ms DESC LIMIT :reach
"""


def read_executions(
    database: Database, key: JobKey, *, since: datetime, until: datetime, limit: int, now_ms: int
) -> Span[Execution]:
    """``History.executions_between``; always consistent."""
    values = _values(key, since, until, limit + 1, now_ms)
    with database.read() as cursor:
        rows = cursor.execute(_OF_BOTH, values).fetchall()
    found = [
        execution_from(
            JobKey(tenant_id=key.tenant_id, job_id=job_id),
            due_ms=due_ms,
            attempt=attempt,
            expires_ms=expires_ms,
            summary=summary,
            outcome=None,
            logs=None,
        )
        for job_id, due_ms, attempt, expires_ms, summary in rows[:limit]
    ]
    return execution_span(found, since=since, last_due_at=found[-1].due_at if len(rows) > limit else None)


def read_skips(
    database: Database, key: JobKey, *, since: datetime, until: datetime, limit: int, now_ms: int
) -> Span[Skip]:
    """``History.skips_between``."""
    values = _values(key, since, until, limit + 1, now_ms)
    with database.read() as cursor:
        before = cursor.execute(_SKIPS_BEFORE, values | {"reach": REACHING_IN}).fetchall()
        rows = cursor.execute(_SKIPS, values).fetchall()
    listed = [
        skip_from(key, first_ms=first_ms, expires_ms=expires_ms, text=text)
        for first_ms, expires_ms, text in [*before[::-1], *rows[:limit]]
    ]
    reached = from_epoch_ms(rows[limit - 1][0]) if len(rows) > limit else None
    return Span(items=tuple(skip for skip in listed if skip.last_due_at >= since), reached=reached)


def _values(key: JobKey, since: datetime, until: datetime, reach: int, now_ms: int) -> dict[str, str | int | bytes]:
    return {
        "tenant": bindable(key.tenant_id),
        "job": bindable(key.job_id),
        "since": to_epoch_ms(since),
        "until": to_epoch_ms(until),
        "reach": reach,
        "now": now_ms,
    }

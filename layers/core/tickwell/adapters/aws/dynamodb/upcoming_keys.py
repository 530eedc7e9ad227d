"""How the one index is spelled, that of what is to come; see ``keys`` for the table itself.

| entity | pk | up | serves | cost |
|---|---|---|---|---|
| next run | as its job: ``T#{tenant}#J#{shard}`` | ``{next run}#{job}`` | soonest first (16) | 1 write, 1 to leave |

The attribute ``up`` is missing, and the job not in the index, where it has no next run, or is a one-time job that is
due soon after its creation: such a job is among the newest (``is_near``). So most one-time jobs cost nothing here.
"""

from dataclasses import dataclass

from tickwell.adapters.aws.dynamodb.keys import match_key


@dataclass(frozen=True, slots=True)
class Index:
    """An index that has the table's partitions and another sort key: the attribute ``sort``."""

    name: str
    sort: str


UPCOMING = Index("upcoming", "up")


def upcoming_sort(next_run_ms: int, job_id: str) -> str:
    """A job among those that are to come."""
    return f"{next_run_ms:013d}#{job_id}"


def parse_upcoming_sort(sort: str) -> tuple[int, str]:
    """Next run (epoch ms) and job of a sort key. Raises UnknownKeyError."""
    next_run, job_id = match_key(r"(\d{13})#(.+)", sort)
    return int(next_run), job_id

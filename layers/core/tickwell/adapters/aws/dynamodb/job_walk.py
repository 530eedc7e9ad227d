"""All jobs in DynamoDB, for the operator: the one permitted Scan (rule 6). See ``JobWalk``."""

import json
from typing import Final

from tickwell.adapters.aws.dynamodb.items import NAMES, is_expired, job_from
from tickwell.adapters.aws.dynamodb.keys import Key
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.application.ports import Clock, WalkedJobs
from tickwell.domain.instant import to_epoch_ms

PARTS: Final = 8


class DynamoJobWalk:
    """The ``JobWalk`` of the ``aws`` engine: segments of a parallel Scan, in pages of 1 MB of whatever lies there.

    Eventually consistent, at half the price.
    """

    parts = PARTS

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def page(self, part: int, *, after: str | None) -> WalkedJobs:
        """See the port. A position is the key of an item, of any kind."""
        found = self._table.scan(
            part,
            PARTS,
            wanted="#kind = :kind AND (attribute_exists(#next_run) OR attribute_exists(#slot_due))",
            names={"#kind": "kind", "#next_run": NAMES["next_run"], "#slot_due": NAMES["slot_due"]},
            values={":kind": "job"},
            after=None if after is None else Key(*json.loads(after)),
        )
        now_ms = to_epoch_ms(self._clock.now())
        jobs = tuple(job_from(item, None) for item in found.items if not is_expired(item, now_ms))
        reached = None if found.reached is None else json.dumps([found.reached.pk, found.reached.sk])
        return WalkedJobs(jobs=jobs, reached=reached, cost=found.read_units)

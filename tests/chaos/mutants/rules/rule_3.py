"""Deliberate bugs in rule 3 of design.md: the end of an attempt."""

from tests.chaos.mutants.catalogue import Mutation, crash, on_both, probe, stall
from tests.chaos.mutants.source import Edit

_SETTLE = "tickwell.application.settle"

RULE_3 = (
    *on_both(
        Mutation(
            rule=3,
            name="finish in the other order",
            edits=(
                Edit(
                    module=_SETTLE,
                    old="        standing = self.history.record_many(",
                    new="        self._finish(list(attempts))\n        standing = self.history.record_many(",
                ),
            ),
            witness=crash("run"),
        ),
        "dynamodb.UpdateItem",
    ),
    Mutation(
        rule=3,
        name="a finish that overwrites a lost",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.execution_rows",
                old="outcome = excluded.outcome, logs = excluded.logs\n    WHERE expires_ms <= ?",
                new="outcome = excluded.outcome, logs = excluded.logs\n    WHERE ? IS NOT NULL",
            ),
        ),
        witness=stall("run"),
    ),
    Mutation(
        rule=3,
        name="a finish that overwrites a lost",
        edits=(
            Edit(
                module="tickwell.adapters.aws.dynamodb.table",
                old='"ConditionExpression": "attribute_not_exists(#pk) OR #ex <= :now",',
                new='"ConditionExpression": "attribute_not_exists(#pk) OR #ex >= :now",',
            ),
        ),
        witness=stall("run").on_aws("task"),
    ),
    *on_both(
        Mutation(
            rule=3,
            name="a loser that does not obey the record",
            edits=(Edit(module=_SETTLE, old="    if record is attempt.execution:\n", new="    if record:\n"),),
            witness=crash("run"),
        ),
        "dynamodb.PutItem",
    ),
    Mutation(
        rule=3,
        name="a recovery that runs again what was recorded",
        edits=(
            Edit(
                module=_SETTLE,
                old="        standing = self.history.record_many([attempt.execution for attempt in attempts])",
                new="        standing = [\n"
                '            a.execution if a.execution.status == "lost"\n'
                "            else self.history.record_many([a.execution])[0]\n"
                "            for a in attempts\n"
                "        ]",
            ),
        ),
        witness=crash("run"),
    ),
    *on_both(
        Mutation(
            rule=3,
            name="a takeover at the lease's end",
            edits=(
                Edit(
                    module="tickwell.domain.slot",
                    old="now >= self.lease_until + TAKEOVER_DELAY",
                    new="now >= self.lease_until",
                ),
            ),
            witness=probe("nobody_is_taken_over_early"),
        )
    ),
)

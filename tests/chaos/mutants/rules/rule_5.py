"""Deliberate bugs in rule 5 of design.md: what repeats goes on, whatever its runs do."""

from tests.chaos.mutants.catalogue import Mutation, crash, on_both
from tests.chaos.mutants.source import Edit

_CLAIM = "tickwell.application.claim_attempts"
_PASS_BY = "tickwell.application.pass_by"
_SETTLE = "tickwell.application.settle"

RULE_5 = (
    *on_both(
        Mutation(
            rule=5,
            name="re-arm after completion",
            edits=(
                Edit(
                    module=_CLAIM,
                    old="        next_run_at=plan.next_run_at,\n        pending=plan.pending,",
                    new="        next_run_at=step.message.due_at,\n        pending=plan.pending,",
                ),
                Edit(
                    module=_SETTLE,
                    old="        self._disarm([pair for pair, done in zip(pairs, finished, strict=True) if done])\n",
                    new="        self._disarm([pair for pair, done in zip(pairs, finished, strict=True) if done])\n"
                    "        from tickwell.domain.schedule import next_due\n"
                    "        for pair in pairs:\n"
                    "            due_at = next_due(pair.job.schedule, pair.execution.due_at)\n"
                    "            if pair.job.is_recurring and due_at is not None:\n"
                    "                message = first_attempt(pair.job, pair.execution.due_at)\n"
                    "                now = self.clock.now()\n"
                    "                self.jobs.skip(message, next_run_at=due_at, now=now, if_busy=False)\n",
                ),
            ),
            witness=crash("run, recurring"),
        ),
        "dynamodb.UpdateItem",
    ),
    *on_both(
        Mutation(
            rule=5,
            name="a child made after the re-arm",
            edits=(
                Edit(
                    module=_PASS_BY,
                    old="        with suppress(ConflictError):  # an earlier try made it, of the job as it was then\n"
                    "            self.jobs.create(made)\n",
                    new="",
                ),
                Edit(
                    module=_PASS_BY,
                    old="            following += items\n            return True\n        self._withdraw",
                    new="            self.jobs.create(made)\n"
                    "            following += items\n            return True\n        self._withdraw",
                ),
            ),
            witness=crash("run beside"),
        ),
        "dynamodb.UpdateItem",
    ),
    Mutation(
        rule=5,
        name="a skip recorded after the write that leaves it out",
        edits=(
            Edit(
                module=_CLAIM,
                old="        for step in steps:\n"
                "            if step.job is not None and step.arrival is not None:\n"
                "                self.leave_out(step.job, step.arrival.left_out, now=now)\n",
                new="",
            ),
            Edit(
                module=_CLAIM,
                old="        self.pass_by([step for step in steps if not step.claims], now, found)\n",
                new="        self.pass_by([step for step in steps if not step.claims], now, found)\n"
                "        for step in steps:\n"
                "            if step.job is not None and step.arrival is not None:\n"
                "                self.leave_out(step.job, step.arrival.left_out, now=now)\n",
            ),
        ),
        witness=crash("skip"),
    ),
    Mutation(
        rule=5,
        name="a skip without a record",
        edits=(
            Edit(
                module="tickwell.application.leave_out",
                old="            self.history.put_skip(skip)\n",
                new="            del skip\n",
            ),
        ),
        witness=crash("skip"),
    ),
)

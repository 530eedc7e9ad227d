"""Deliberate bugs in the rules 1 to 4 of design.md: acceptance, the claim, the end of an attempt, retries."""

from tests.chaos.mutants.catalogue import Mutation, crash, on_both, probe, rival, stall, tests
from tests.chaos.mutants.source import Edit

_CREATE = "tickwell.application.create_job"
_CLAIM = "tickwell.application.claim_attempts"
_SETTLE = "tickwell.application.settle"
_STATEMENTS = "tickwell.adapters.embedded.job_statements"
_WRITES = "tickwell.adapters.aws.dynamodb.job_writes"

_PREPARING = "        items = self.arming.prepare([message for message in messages if message is not None], now=now)\n"

_CREATING = ("create, immediate", "create, far", "create, recurring")

RULE_1 = (
    *on_both(
        Mutation(
            rule=1,
            name="job before due item",
            edits=(
                Edit(
                    module=_CREATE,
                    old="            items = self.arming.prepare([first_attempt(job, due_at)], now=now)\n",
                    new="",
                ),
                Edit(
                    module=_CREATE,
                    old="                return CreatedJob(job=job, launched=self.arming.launch(",
                    new="                items = self.arming.prepare([first_attempt(job, due_at)], now=now)\n"
                    "                return CreatedJob(job=job, launched=self.arming.launch(",
                ),
            ),
            witness=crash(*_CREATING),
        ),
        "dynamodb.PutItem",
    ),
    Mutation(
        rule=1,
        name="the next occurrence's due item after the claim that arms it",
        edits=(
            Edit(
                module=_CLAIM,
                old="        self._prepare(steps, now)\n"
                "        self.pass_by([step for step in steps if not step.claims], now, found)\n"
                "        return self._claim([step for step in steps if step.claims], now, found)",
                new="        self.pass_by([step for step in steps if not step.claims], now, found)\n"
                "        claimed = self._claim([step for step in steps if step.claims], now, found)\n"
                "        self._prepare(steps, now)\n"
                "        self.arming.launch([item for step in steps for item in step.due], now=now)\n"
                "        return claimed",
            ),
        ),
        witness=crash("run, recurring"),
    ),
    Mutation(
        rule=1,
        name="a due item written behind the safety sync",
        edits=(
            Edit(module="tickwell.domain.due", old="look_at=max(message.run_at, now),", new="look_at=message.run_at,"),
        ),
        witness=crash("create, for a time that has passed"),
    ),
    Mutation(
        rule=1,
        name="a job written although its due item is old",
        edits=(
            Edit(
                module="tickwell.application.arming",
                old="if self.clock.now() - prepared_at > DUE_ITEM_MAX_AGE:",
                new="if self.clock.now() < prepared_at:",
            ),
        ),
        witness=probe("an_old_due_item_lets_no_job_in"),
    ),
    Mutation(
        rule=1,
        name="a grace shorter than a due item may be old",
        edits=(
            Edit(
                module="tickwell.domain.due",
                old="SYNC_GRACE = timedelta(seconds=30)",
                new="SYNC_GRACE = timedelta(seconds=5)",
            ),
        ),
        witness=stall("create, immediate").on_aws("jobs.create"),
    ),
    Mutation(
        rule=1,
        name="an accepted job refused because only its message failed",
        edits=(
            Edit(
                module="tickwell.application.arming",
                old='"launch.failed", "count": len(items)})\n            return False',
                new='"launch.failed", "count": len(items)})\n            raise',
            ),
        ),
        witness=probe("an_accepted_job_is_answered"),
    ),
)

_ARMED = " AND version = :version AND next_run_ms = :due\n"

RULE_2 = (
    Mutation(
        rule=2,
        name="an unconditional claim",
        edits=(
            Edit(module=_STATEMENTS, old=f"{{_CLAIMED}}{_ARMED}", new="{_CLAIMED}\n"),
            Edit(
                module=_STATEMENTS,
                old='CLAIM_FIRST = f"{_CLAIM} AND slot_due_ms IS NULL RETURNING',
                new='CLAIM_FIRST = f"{_CLAIM} RETURNING',
            ),
            Edit(
                module=_STATEMENTS,
                old="    WHERE {_THIS} AND status = '{JobStatus.ACTIVE.value}'\n",
                new="    WHERE {_THIS}\n",
            ),
        ),
        witness=rival("run"),
    ),
    Mutation(
        rule=2,
        name="an unconditional claim",
        edits=(
            Edit(
                module=_WRITES,
                old='        condition=f"{_ARMED} AND {slot_is}",',
                new='        condition=f"({_ARMED} AND {slot_is}) OR attribute_exists(#status)",',
            ),
        ),
        witness=rival("run").on_aws(),
    ),
    Mutation(
        rule=2,
        name="a claim that ignores the occurrence",
        edits=(
            Edit(
                module=_STATEMENTS,
                old=f"{{_CLAIMED}}{_ARMED}",
                new="{_CLAIMED} AND version = :version AND next_run_ms IS NOT NULL\n",
            ),
        ),
        witness=rival("run, recurring"),
    ),
    Mutation(
        rule=2,
        name="a claim that ignores the occurrence",
        edits=(
            Edit(
                module=_WRITES,
                old='_ARMED = "#status = :active AND #version = :version AND #next_run = :due"',
                new='_ARMED = "#status = :active AND #version = :version AND (#next_run >= :due)"',
            ),
        ),
        witness=rival("run, recurring").on_aws("due items.put"),
    ),
    Mutation(
        rule=2,
        name="a claim of a retry that ignores who holds the slot",
        edits=(
            Edit(
                module=_STATEMENTS,
                old="    AND slot_due_ms = :due AND slot_attempt = :attempt AND slot_token IS NULL RETURNING",
                new="    AND slot_due_ms = :due AND slot_attempt = :attempt RETURNING",
            ),
        ),
        witness=rival("retry"),
    ),
    Mutation(
        rule=2,
        name="a claim of a retry that ignores who holds the slot",
        edits=(
            Edit(
                module=_WRITES,
                old='            " AND attribute_not_exists(#slot_token)",\n            values=values | {"attempt"',
                new='            "",\n            values=values | {"attempt"',
            ),
        ),
        witness=rival("retry").on_aws("dispatch.receive"),
    ),
    Mutation(
        rule=2,
        name="a claim that ignores the version",
        edits=(Edit(module=_STATEMENTS, old=f"{{_CLAIMED}}{_ARMED}", new="{_CLAIMED} AND next_run_ms = :due\n"),),
        witness=tests("contract/test_job_claims.py::test_a_stale_message_loses_and_gets_the_job_as_found"),
    ),
    Mutation(
        rule=2,
        name="a claim that ignores the version",
        edits=(Edit(module=_WRITES, old="AND #version = :version AND #next_run = :due", new="AND #next_run = :due"),),
        witness=tests("contract/test_job_claims.py::test_a_stale_message_loses_and_gets_the_job_as_found").on_aws(),
    ),
    Mutation(
        rule=2,
        name="a claim that does not know its own token",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.jobs",
                old="job.slot.token == claim.token:",
                new="job.slot.token is claim:",
            ),
        ),
        witness=probe("what_was_won_is_not_lost"),
    ),
    Mutation(
        rule=2,
        name="a claim that does not know its own token",
        edits=(
            Edit(
                module="tickwell.adapters.aws.dynamodb.jobs",
                old="return slot_token(item) == claim.token, item",
                new="return False, item",
            ),
        ),
        witness=probe("what_was_won_is_not_lost").on_aws(),
    ),
    Mutation(
        rule=2,
        name="a finish that asks for the version",
        edits=(
            Edit(
                module=_STATEMENTS,
                old="pending = :rest, {_COUNTED} AND pending IS :known {_FINISHED}\n    ",
                new="pending = :rest, {_COUNTED} AND pending IS :known AND version = 1 {_FINISHED}\n    ",
            ),
        ),
        witness=crash("edit what runs"),
    ),
    Mutation(
        rule=2,
        name="a finish that asks for the version",
        edits=(
            Edit(
                module="tickwell.adapters.aws.dynamodb.job_finish",
                old='held = f"#slot_token = :token AND {still}"',
                new='held = f"#slot_token = :token AND {still} AND #version = :one"',
            ),
        ),
        witness=crash("edit what runs").on_aws(),
    ),
    Mutation(
        rule=2,
        name="a cancel that leaves the retry in the slot",
        edits=(
            Edit(
                module=_STATEMENTS,
                old="CASE WHEN :keeps OR slot_token IS NOT NULL THEN",
                new="CASE WHEN TRUE THEN",
                times=4,
            ),
        ),
        witness=crash("cancel with a retry"),
    ),
    Mutation(
        rule=2,
        name="a cancel that leaves the retry in the slot",
        edits=(
            Edit(
                module="tickwell.adapters.aws.dynamodb.jobs",
                old="empties_slot=job.slot is None or not goes_on",
                new="empties_slot=False",
            ),
        ),
        witness=crash("cancel with a retry").on_aws(),
    ),
)

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
                    module="tickwell.domain.job",
                    old="now >= self.lease_until + TAKEOVER_DELAY",
                    new="now >= self.lease_until",
                ),
            ),
            witness=probe("nobody_is_taken_over_early"),
        )
    ),
)

_OUTSIDE = "integration/test_outside.py::test_"
RULE_3_OUTSIDE = (
    Mutation(
        rule=3,
        name="a worker that lets go of what others hold",
        edits=(
            Edit(
                module=_STATEMENTS,
                old="    UPDATE jobs SET lease_until_ms = :until, probe_ms = :probe, outside = :outside\n"
                "    WHERE {_THIS} AND slot_token = :token",
                new="    UPDATE jobs SET lease_until_ms = :until, probe_ms = :probe, outside = :outside\n"
                "    WHERE {_THIS} AND slot_token = COALESCE(slot_token, :token)",
            ),
        ),
        witness=tests("contract/test_let_go.py::test_only_the_holder_of_the_slot_lets_go"),
    ),
    Mutation(
        rule=3,
        name="a worker on DynamoDB that lets go of what others hold",
        edits=(
            Edit(
                module=_WRITES,
                old='return Write(update=update, condition="#slot_token = :token", values=values | {"token": token})',
                new='return Write(update=update, condition="attribute_exists(#slot_token) AND :token = :token",'
                ' values=values | {"token": token})',
            ),
        ),
        witness=tests("contract/test_let_go.py::test_only_the_holder_of_the_slot_lets_go").on_aws(),
    ),
    *on_both(
        Mutation(
            rule=3,
            name="a token of any attempt that ends this one",
            edits=(
                Edit(
                    module="tickwell.domain.completion",
                    old="        return hmac.compare_digest(self.secret.encode(), _secret_of(claim_token).encode())",
                    new="        return hmac.compare_digest(self.secret.encode(), self.secret.encode())",
                ),
            ),
            witness=tests(f"{_OUTSIDE}what_fails_outside_is_retried_by_policy_with_a_token_of_its_own"),
        )
    ),
    *on_both(
        Mutation(
            rule=3,
            name="a cancelled job whose work goes on outside",
            edits=(
                Edit(
                    module="tickwell.application.manage_job",
                    old="if standing is None or not standing.is_kept_in_vain or not self.recover([standing]):",
                    new="if standing is None or standing.is_kept_in_vain or not self.recover([standing]):",
                ),
            ),
            witness=tests(f"{_OUTSIDE}ending_the_job_ends_it_at_once"),
        )
    ),
    Mutation(
        rule=3,
        name="a worker that does not look whether its job was cancelled when it lets go",
        edits=(
            Edit(
                module="tickwell.application.let_go",
                old="            if job.slot is not None and job.is_kept_in_vain\n",
                new="            if job.slot is not None and now < self.clock.now()\n",
            ),
        ),
        witness=tests(f"{_OUTSIDE}a_job_that_was_cancelled_before_its_worker_lets_go_ends_then"),
    ),
)

RULE_4 = (
    *on_both(
        Mutation(
            rule=4,
            name="a retry that reuses the message",
            edits=(
                Edit(
                    module=_SETTLE,
                    old="due_at=execution.due_at, attempt=decision.attempt, run_at=decision.at)",
                    new="due_at=execution.due_at, attempt=execution.attempt, run_at=decision.at)",
                ),
            ),
            witness=crash("fail"),
        )
    ),
    Mutation(
        rule=4,
        name="a retry without a due item until it is sent",
        edits=(
            Edit(
                module=_SETTLE,
                old=_PREPARING,
                new="",
            ),
            Edit(
                module=_SETTLE,
                old="        self.arming.launch(items, now=self.clock.now())\n        return finished",
                new=_PREPARING + "        self.arming.launch(items, now=self.clock.now())\n        return finished",
            ),
        ),
        witness=crash("fail, with a late retry"),
    ),
    *on_both(
        Mutation(
            rule=4,
            name="losses without end",
            edits=(Edit(module="tickwell.domain.retry", old="MAX_LOSSES = 2", new="MAX_LOSSES = 20"),),
            witness=probe("what_kills_its_workers_ends"),
        )
    ),
    Mutation(
        rule=4,
        name="a loss that is not counted",
        edits=(Edit(module="tickwell.application.recover", old="losses=slot.losses + 1,", new="losses=slot.losses,"),),
        witness=probe("what_kills_its_workers_ends"),
    ),
    Mutation(
        rule=4,
        name="a message received again that takes its batch along",
        edits=(
            Edit(
                module="tickwell.application.execute_batch",
                old="    return [*later, *([new] if new else []), *second]",
                new="    return [[*new, *(each for group in (*later, *second) for each in group)]]",
            ),
        ),
        witness=probe("one_message_kills_only_itself"),
    ),
)

RULES_1_TO_4 = (*RULE_1, *RULE_2, *RULE_3, *RULE_3_OUTSIDE, *RULE_4)

"""Deliberate bugs in rule 1 of design.md: what is accepted is due, and cannot be lost."""

from tests.chaos.mutants.catalogue import Mutation, crash, on_both, probe, stall
from tests.chaos.mutants.source import Edit

_CREATE = "tickwell.application.create_job"
_CLAIM = "tickwell.application.claim_attempts"

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

"""Deliberate bugs in the rules 7 and 8 of design.md: one completion, and time as an argument."""

from tests.chaos.mutants.catalogue import Mutation, crash, on_both, probe
from tests.chaos.mutants.source import Edit

RULE_7 = (
    *on_both(
        Mutation(
            rule=7,
            name="an idempotency key of the attempt",
            edits=(
                Edit(
                    module="tickwell.bootstrap.outbound",
                    old="idempotency_key=idempotency_key(job.job_id, slot.due_at),",
                    new="idempotency_key=execution_id(job.job_id, slot.due_at, slot.attempt),",
                ),
            ),
            witness=probe("a_key_is_that_of_the_occurrence"),
        )
    ),
    Mutation(
        rule=7,
        name="an idempotency key of the job",
        edits=(
            Edit(
                module="tickwell.bootstrap.outbound",
                old="idempotency_key=idempotency_key(job.job_id, slot.due_at),",
                new="idempotency_key=job.job_id,",
            ),
        ),
        witness=probe("a_key_is_that_of_the_occurrence"),
    ),
    Mutation(
        rule=7,
        name="a completion that is counted again by who comes second",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.job_statements",
                old='    WHERE {_THIS} AND slot_token = :token\n"""\n\n\n_PAUSES',
                new='    WHERE {_THIS} AND :token IS NOT NULL\n"""\n\n\n_PAUSES',
            ),
        ),
        witness=crash("run"),
    ),
)

_CLOCK = "datetime.now(UTC) + timedelta(days=36_500)"
"""Another clock: the machine's, so far ahead that it is ahead of the simulated one on whatever day it is looked at."""

RULE_8 = (
    Mutation(
        rule=8,
        name="a use case that reads another clock",
        edits=(
            Edit(
                module="tickwell.application.create_job",
                old="        now = self.clock.now()\n        job = self.outline(principal, request, now)\n        try:",
                new="        from datetime import UTC\n\n"
                f"        now = {_CLOCK}\n        job = self.outline(principal, request, now)\n        try:",
            ),
        ),
        witness=crash("create, delayed"),
    ),
    Mutation(
        rule=8,
        name="a policy that reads a clock",
        edits=(
            Edit(
                module="tickwell.domain.retry",
                old="    return RetryAt(at=instant(now + delay), attempt=attempt + 1)",
                new="    from datetime import UTC\n\n"
                f"    return RetryAt(at=instant({_CLOCK} + delay), attempt=attempt + 1)",
            ),
        ),
        witness=crash("fail"),
    ),
)

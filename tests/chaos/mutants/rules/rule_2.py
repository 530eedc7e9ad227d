"""Deliberate bugs in rule 2 of design.md: a message is a hint, and the claim decides."""

from tests.chaos.mutants.catalogue import Mutation, crash, probe, rival, tests
from tests.chaos.mutants.source import Edit

_CLAIM = "tickwell.application.claim_attempts"
_STATEMENTS = "tickwell.adapters.embedded.job_statements"
_WRITES = "tickwell.adapters.aws.dynamodb.job_writes"

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

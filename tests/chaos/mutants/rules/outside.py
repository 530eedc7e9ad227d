"""Deliberate bugs in what the rules 3, 6 and 10 of design.md say of work that goes on outside."""

from tests.chaos.mutants.catalogue import Mutation, on_both, tests
from tests.chaos.mutants.source import Edit

_STATEMENTS = "tickwell.adapters.embedded.job_statements"
_WRITES = "tickwell.adapters.aws.dynamodb.job_writes"
_SYNC = "tickwell.application.safety_sync"
_ADMISSION = "tickwell.application.admission"

_OUTSIDE = "integration/test_outside.py::test_"

RULE_3 = (
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

RULES_6_AND_10 = (
    *on_both(
        Mutation(
            rule=6,
            name="work outside whose silence nobody looks for",
            edits=(
                Edit(
                    module=_SYNC,
                    old="            findings.carry.append(item.carried_to(look_at))\n\n    def _set_apart",
                    new="            findings.outside.append((item, job, slot)) if look_at < now else None\n\n"
                    "    def _set_apart",
                ),
            ),
            witness=tests(f"{_OUTSIDE}what_is_silent_for_too_long_has_timed_out"),
        )
    ),
    Mutation(
        rule=6,
        name="a cancellation without a due item for the work outside",
        edits=(
            Edit(
                module="tickwell.application.manage_job",
                old="            self.arming.look_after(changed, changed.slot, at=now)\n",
                new="            self.arming.require_fresh(prepared_at=now)\n",
            ),
        ),
        witness=tests(f"{_OUTSIDE}a_cancellation_that_died_halfway_is_made_up_by_the_sync"),
    ),
    Mutation(
        rule=10,
        name="a permit that is void before the work outside is over",
        edits=(
            Edit(
                module=_ADMISSION,
                old="            return False\n        permits = permit_keys(",
                new="            return False\n        return True\n        permits = permit_keys(",
            ),
        ),
        witness=tests(f"{_OUTSIDE}it_keeps_its_permit_and_gives_it_back"),
    ),
)

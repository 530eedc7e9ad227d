"""Deliberate bugs in rule 10 of design.md: limits park."""

from tests.chaos.mutants.catalogue import Mutation, crash, on_both, probe, tests
from tests.chaos.mutants.source import Edit

_SYNC = "tickwell.application.safety_sync"
_ADMISSION = "tickwell.application.admission"
_CHANGES = "integration/test_queue_changes.py::test_"
_GIVEN_BACK = "integration/test_permits_given_back.py::test_"

RULE_10 = (
    *on_both(
        Mutation(
            rule=10,
            name="who waits comes again and again",
            edits=(
                Edit(
                    module=_ADMISSION,
                    old="        self.queues.park([replace(message, admitted=False, late=False)"
                    " for message in messages])\n",
                    new="        again = self.clock.now() + timedelta(seconds=30)\n"
                    "        self.arming.send([replace(m, run_at=again) for m in messages], now=self.clock.now())\n",
                ),
            ),
            witness=probe("nobody_spins"),
        )
    ),
    Mutation(
        rule=10,
        name="a rate that is asked for again by who has a start time",
        edits=(
            Edit(
                module=_ADMISSION,
                old="run_at=max(start.at, start.message.run_at), admitted=True)",
                new="run_at=max(start.at, start.message.run_at))",
            ),
        ),
        witness=tests(
            "integration/test_queues.py::test_starts_are_spread_by_the_rate_and_each_message_is_received_once"
        ),
    ),
    *on_both(
        Mutation(
            rule=10,
            name="a sync that does not look at the heads",
            edits=(Edit(module=_SYNC, old="            if shard == 0:\n", new="            if shard < 0:\n"),),
            witness=crash("permits"),
        ),
        "dynamodb.UpdateItem",
    ),
    Mutation(
        rule=10,
        name="a permit that is given back for the attempt of a newer message",
        edits=(
            Edit(
                module="tickwell.application.execute_batch",
                old="        self.admit_attempts.make_way(batch.rightful)\n",
                new="        self.admit_attempts.give_back(batch.rightful)\n",
            ),
        ),
        witness=tests(f"{_CHANGES}a_message_of_before_an_edit_does_not_give_back_the_permit_of_the_one_after_it"),
    ),
    Mutation(
        rule=10,
        name="a permit that is shared with the message that had its occurrence wait",
        edits=(
            Edit(
                module="tickwell.domain.admission",
                old="{message.attempt}{'#queued' if message.queued else ''}",
                new="{message.attempt}",
            ),
        ),
        witness=tests(f"{_CHANGES}who_had_an_occurrence_wait_does_not_give_back_the_permit_that_it_begins_with_later"),
    ),
    Mutation(
        rule=10,
        name="a permit that is given back late, from under the attempt of a newer message",
        edits=(
            Edit(
                module="tickwell.domain.admission",
                old="            return version is not None and permit.version > version\n",
                new="            return False\n",
            ),
        ),
        witness=tests(f"{_GIVEN_BACK}who_finds_a_retry_paused_takes_no_permit_from_it_once_it_goes_on"),
    ),
    Mutation(
        rule=10,
        name="a permit that is kept for an attempt that nobody sends",
        edits=(
            Edit(
                module="tickwell.application.execute_batch",
                old="        self.admit_attempts.make_way(batch.rightful)\n",
                new="",
            ),
        ),
        witness=tests(f"{_CHANGES}who_waits_for_the_permit_that_an_older_message_of_its_attempt_has_got_starts_by_it"),
    ),
    Mutation(
        rule=10,
        name="a gate that is saved over another's",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.named_queues",
                old="SET version = version + 1, document = :document WHERE {_THIS} AND version = :read_version",
                new="SET version = version + 1, document = :document WHERE {_THIS} AND :read_version > 0",
            ),
        ),
        witness=tests("contract/test_named_queues.py::test_a_gate_that_somebody_else_changed_is_not_saved"),
    ),
    Mutation(
        rule=10,
        name="a gate that is saved over another's",
        edits=(
            Edit(
                module="tickwell.adapters.aws.dynamodb.named_queues",
                old='if read_version is None else "#version = :read"',
                new='if read_version is None else "#version >= :read"',
            ),
        ),
        witness=tests("contract/test_named_queues.py::test_a_gate_that_somebody_else_changed_is_not_saved").on_aws(),
    ),
)

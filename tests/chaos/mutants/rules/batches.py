"""Deliberate bugs in how DynamoDB's batches of statements keep the rules 2 and 3 of design.md (ADR 0042)."""

from tests.chaos.mutants.catalogue import Mutation, tests
from tests.chaos.mutants.source import Edit

_STATEMENTS = "tickwell.adapters.aws.dynamodb.statements"
_TABLE = "tickwell.adapters.aws.dynamodb.table"

_BATCHES = "contract/test_batched_writes.py::test_"

RULE_2 = (
    Mutation(
        rule=2,
        name="statements that hold whatever is there",
        edits=(
            Edit(
                module=_STATEMENTS,
                old="AND ({as_statement(wanted)}){ending}",
                new='AND ({as_statement(wanted)} OR attribute_exists("pk")){ending}',
            ),
        ),
        witness=tests(f"{_BATCHES}each_claim_is_won_or_lost_by_itself").on_aws(),
    ),
    Mutation(
        rule=2,
        name="a statement that was throttled taken for one that was refused",
        edits=(
            Edit(
                module=_STATEMENTS,
                old='    if error["Code"] != "ConditionalCheckFailed":\n        return None\n',
                new="",
            ),
        ),
        witness=tests(f"{_BATCHES}what_was_throttled_in_a_batch_is_done_alone").on_aws(),
    ),
    Mutation(
        rule=2,
        name="claims that lose, because the answer to them was lost",
        edits=(
            Edit(
                module=_STATEMENTS,
                old='response["ResponseMetadata"].get("RetryAttempts", 0) > 0',
                new="False",
            ),
            Edit(
                module=_STATEMENTS,
                old='        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",\n',
                new="",
            ),
        ),
        witness=tests(f"{_BATCHES}claims_whose_answer_was_lost_are_won").on_aws(),
    ),
    Mutation(
        rule=2,
        name="the answers of one request given to the claims of another",
        edits=(
            Edit(
                module=_TABLE,
                old="            outcomes = [outcome for step in answered for outcome in step]\n",
                new="            outcomes = [outcome for step in reversed(answered) for outcome in step]\n",
            ),
        ),
        witness=tests(f"{_BATCHES}of_many_claims_each_is_won_or_lost_by_itself").on_aws(),
    ),
    Mutation(
        rule=2,
        name="what is done alone given to the first of a batch",
        edits=(
            Edit(
                module=_TABLE,
                old="        return [next(alone) if outcome is None else outcome for outcome in outcomes]\n",
                new="        return [*alone, *(outcome for outcome in outcomes if outcome is not None)]\n",
            ),
        ),
        witness=tests(f"{_BATCHES}what_was_throttled_among_others_is_told_of_its_own").on_aws(),
    ),
)

RULE_3 = (
    Mutation(
        rule=3,
        name="a refused statement taken for one that held",
        edits=(
            Edit(
                module=_STATEMENTS,
                old='    error = answer.get("Error")\n',
                new='    error = None if "Item" in answer.get("Error", {}) else answer.get("Error")\n',
            ),
        ),
        witness=tests(f"{_BATCHES}of_many_attempts_each_is_recorded_and_finished_by_itself").on_aws(),
    ),
    Mutation(
        rule=3,
        name="records taken for written although others were there first",
        edits=(
            Edit(
                module=_STATEMENTS,
                old='        return ["Error" not in answer for answer in answers]',
                new="        return [True for _ in answers]",
            ),
        ),
        witness=tests(f"{_BATCHES}the_record_that_was_there_first_stands").on_aws(),
    ),
    Mutation(
        rule=3,
        name="a batch whose finishes count nothing",
        edits=(Edit(module=_STATEMENTS, old="f' = {action.split()[0]} + '", new="' = '"),),
        witness=tests(f"{_BATCHES}what_is_finished_again_and_again_is_counted_each_time").on_aws(),
    ),
)

"""A test of the tests: deliberate bugs are noticed; ``make chaos ONLY=mutations`` has some for each rule."""

from dataclasses import replace

import pytest

from tests.chaos.mutants.catalogue import Engine
from tests.chaos.mutants.every import MUTATIONS
from tests.chaos.mutants.source import Edit, MutationError, install, mutated, source_of
from tests.chaos.mutations import number_of, outcomes, told

NAMED = [
    number_of(1, "job before due item"),
    number_of(2, "an unconditional claim"),
    number_of(2, "a claim that ignores the occurrence"),
    number_of(3, "finish in the other order"),
    number_of(3, "a finish that overwrites a lost"),
    number_of(4, "a retry that reuses the message"),
    number_of(5, "re-arm after completion"),
    number_of(6, "watermark moved before carry-forward"),
    number_of(6, "a sync that re-sends a backlog"),
    number_of(9, "an outcome emitted before the record"),
]
"""Those that the proof must have at least."""


def test_each_of_the_bugs_that_would_cost_most_is_noticed() -> None:
    found = outcomes([str(number) for number in NAMED])
    figures = told({int(number): outcome for number, outcome in found.items()}, None)
    assert figures.is_clean, figures.faults
    assert figures.counts["caught"] == len(NAMED)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.title)
def test_a_mutation_is_one_of_the_source_as_it_is(mutation: object) -> None:
    for edits in [each.edits for each in MUTATIONS if each is mutation]:
        for module in {edit.module for edit in edits}:
            mutated(module, source_of(module), edits)


def test_every_rule_is_broken_and_what_both_engines_do_is_broken_on_both() -> None:
    assert {mutation.rule for mutation in MUTATIONS} == set(range(1, 13))
    on_aws = {mutation.rule for mutation in MUTATIONS if mutation.witness.engine is Engine.AWS}
    assert on_aws >= {1, 2, 3, 4, 5, 6, 7, 9, 10, 11}
    titles = [mutation.title for mutation in MUTATIONS]
    assert len(set(titles)) == len(titles)


def test_a_mutation_of_what_is_not_there_any_more_is_refused() -> None:
    edit = Edit(module="tickwell.domain.due", old="no such text", new="")
    with pytest.raises(MutationError, match="has 0 times instead of 1 times"):
        mutated(edit.module, source_of(edit.module), [edit])
    twice = replace(edit, old="    def ", times=2)
    with pytest.raises(MutationError, match="instead of 2 times"):
        mutated(edit.module, source_of(edit.module), [twice])


def test_what_is_imported_already_cannot_be_mutated() -> None:
    with pytest.raises(MutationError, match=r"before they could be mutated: json"):
        install([Edit(module="json", old="", new="")])


def test_what_survives_breaks_off_or_alarms_falsely_is_told() -> None:
    figures = told(
        {0: {"caught": "a fault"}, 1: {"caught": None}, 2: {"broken": "SyntaxError"}},
        {"witnesses": 7, "alarms": {"crash": "it does not hold"}},
    )
    assert figures.zeros == {"survived": 1, "broke off": 1, "false alarms": 1}
    assert (figures.counts["mutations"], figures.counts["caught"]) == (3, 1)
    assert [fault.partition(": ")[0] for fault in figures.faults] == ["rule 1", "rule 1", "without a bug, crash"]


def test_a_control_that_broke_off_is_an_alarm() -> None:
    assert told({}, {"broken": "it died"}).zeros["false alarms"] == 1

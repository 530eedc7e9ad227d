"""Deliberate bugs in rule 9 of design.md: what follows from an outcome."""

from tests.chaos.mutants.catalogue import Mutation, crash, probe, tests
from tests.chaos.mutants.source import Edit

_PUT_LETTER = """                if cursor.execute(_PUT_DEAD_LETTER, values).rowcount:
                    put_outcome(cursor, event_of_dead_letter(letter))
"""

RULE_9 = (
    Mutation(
        rule=9,
        name="an outcome emitted before the record",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.history",
                old="        now_ms = self._now_ms()\n        with self._database.transaction() as cursor:\n"
                "            for letter in dead_letters:\n",
                new="        now_ms = self._now_ms()\n        with self._database.transaction() as cursor:\n"
                "            for letter in dead_letters:\n"
                "                put_outcome(cursor, event_of_dead_letter(letter))\n"
                "        with self._database.transaction() as cursor:\n"
                "            for letter in dead_letters:\n",
            ),
            Edit(
                module="tickwell.adapters.embedded.history",
                old=_PUT_LETTER,
                new="                cursor.execute(_PUT_DEAD_LETTER, values)\n",
            ),
        ),
        witness=probe("an_outcome_is_recorded_with_its_cause"),
    ),
    Mutation(
        rule=9,
        name="an outcome emitted after the record",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.history",
                old=_PUT_LETTER,
                new="                cursor.execute(_PUT_DEAD_LETTER, values)\n"
                "        with self._database.transaction() as cursor:\n"
                "            for letter in dead_letters:\n"
                "                put_outcome(cursor, event_of_dead_letter(letter))\n",
            ),
        ),
        witness=probe("an_outcome_is_recorded_with_its_cause"),
    ),
    Mutation(
        rule=9,
        name="an outcome told for each try to record it",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.history",
                old=_PUT_LETTER,
                new="                cursor.execute(_PUT_DEAD_LETTER, values)\n"
                "                put_outcome(cursor, event_of_dead_letter(letter))\n",
            ),
        ),
        witness=tests("contract/test_outcome_events.py::test_a_dead_letter_is_told_of_once"),
    ),
    Mutation(
        rule=9,
        name="a stream of which dead letters are not read",
        edits=(
            Edit(
                module="tickwell.adapters.aws.dynamodb.stream",
                old='        case "INSERT", kind if kind == DEAD_LETTER:',
                new='        case "MODIFY", kind if kind == DEAD_LETTER:',
            ),
        ),
        witness=tests("contract/test_outcome_events.py::test_a_dead_letter_is_told_of_once").on_aws(),
    ),
    Mutation(
        rule=9,
        name="an event done with although nobody was told",
        edits=(
            Edit(
                module="tickwell.application.follow_outcomes",
                old="                self.channels[channel].send(list(messages.values()))\n",
                new="                try:\n"
                "                    self.channels[channel].send(list(messages.values()))\n"
                "                except Exception:\n"
                "                    continue\n",
            ),
        ),
        witness=crash("tell what failed"),
    ),
)

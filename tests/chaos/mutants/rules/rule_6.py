"""Deliberate bugs in rule 6 of design.md: the safety sync."""

from tests.chaos.mutants.catalogue import Mutation, crash, on_both, probe, tests
from tests.chaos.mutants.source import Edit

_SYNC = "tickwell.application.safety_sync"

_REPAIR = "                self._repair(page.items, unswept, run)\n"
_REACHED = "                checked_to = page.reached\n"

RULE_6 = (
    *on_both(
        Mutation(
            rule=6,
            name="watermark moved before carry-forward",
            edits=(Edit(module=_SYNC, old=_REPAIR + _REACHED, new=_REACHED + _REPAIR),),
            witness=crash("send again"),
        ),
        "due items.put",
    ),
    Mutation(
        rule=6,
        name="watermark stored before carry-forward",
        edits=(
            Edit(
                module=_SYNC,
                old=_REPAIR + _REACHED,
                new=_REACHED
                + "                here = Watermark(swept_to=swept_to, checked_to=checked_to)\n"
                + "                self.due_items.save(shard, token=token, watermark=here)\n"
                + _REPAIR,
            ),
        ),
        witness=crash("send again"),
    ),
    *on_both(
        Mutation(
            rule=6,
            name="a sync that re-sends a backlog",
            edits=(
                Edit(
                    module="tickwell.application.losses",
                    old="        if depth.waiting == depth.in_flight == 0:\n            return _Verdict.LOST\n",
                    new="        return _Verdict.LOST\n",
                ),
            ),
            witness=probe("a_backlog_is_not_multiplied"),
        )
    ),
    *on_both(
        Mutation(
            rule=6,
            name="what runs is not carried to its lease's end",
            edits=(
                Edit(
                    module=_SYNC,
                    old="                findings.carry.append(item.carried_to(_end_of(job.slot, now)))\n",
                    new="                losses.note(item.message, job)\n",
                ),
            ),
            witness=crash("recover what ran at the first look"),
        ),
        "none",
    ),
    Mutation(
        rule=6,
        name="a shard that two runs hold",
        edits=(
            Edit(
                module="tickwell.adapters.embedded.due",
                old="    WHERE token IS NULL OR lease_until_ms <= :now OR token = :token\n",
                new="    WHERE token IS NULL OR :now IS NOT NULL\n",
            ),
        ),
        witness=tests("contract/test_due_items.py::test_a_lease_keeps_others_out_until_it_is_given_up"),
    ),
    Mutation(
        rule=6,
        name="a shard that two runs hold",
        edits=(
            Edit(
                module="tickwell.adapters.aws.dynamodb.due",
                old='condition="attribute_not_exists(#token) OR #lease_until <= :now OR #token = :token"',
                new='condition="attribute_not_exists(#token) OR #lease_until >= :now OR #token = :token"',
            ),
        ),
        witness=tests("contract/test_due_items.py::test_a_lease_keeps_others_out_until_it_is_given_up").on_aws(),
    ),
)

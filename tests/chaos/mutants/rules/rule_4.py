"""Deliberate bugs in rule 4 of design.md: retries, and losses."""

from tests.chaos.mutants.catalogue import Mutation, crash, on_both, probe
from tests.chaos.mutants.source import Edit

_SETTLE = "tickwell.application.settle"

_PREPARING = "        items = self.arming.prepare([message for message in messages if message is not None], now=now)\n"

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

"""A process may die, and a service may fail, at every call of a port: whatever was accepted still ends rightly.

Each flow is run once to record the calls that it makes, and then once for each of them and each way to fail there.
"""

from contextlib import suppress
from pathlib import Path

import pytest

from tests.chaos.crash.flows import FLOWS, MEDIUM, MINUTE, retry_letter, work, working
from tests.chaos.crash.lab import Crash, Lab, Wire, new_lab, ways_to_break
from tests.chaos.crash.policies import POLICY_FLOWS
from tests.chaos.crash.schedules import SCHEDULE_FLOWS
from tests.chaos.crash.settled import RESTART, STEP, play
from tests.world import ADA
from tickwell.domain.errors import IllegalTransitionError, TickwellError

ALL_FLOWS = {**FLOWS, **POLICY_FLOWS, **SCHEDULE_FLOWS}


@pytest.mark.parametrize("name", ALL_FLOWS)
def test_whatever_breaks_at_whatever_call_every_job_still_ends_rightly(name: str, tmp_path: Path) -> None:
    flow = ALL_FLOWS[name]
    recorded = play(tmp_path, flow, Wire()).wire.calls
    assert recorded
    faults = []
    for number, call in enumerate(recorded):
        for kind in ways_to_break(call):
            try:
                play(tmp_path, flow, Wire(kind=kind, at=number))
            except AssertionError as error:
                faults.append(f"{kind.value} {number} {call}: {str(error)[:300]}")
    assert not faults, "\n".join(faults)


def _retry_letter_twice(folder: Path, wire: Wire) -> Lab:
    """A retry of a dead letter that is broken into, and its caller's second try; then time passes."""
    lab, close = new_lab(folder, wire)
    try:
        working(failures=1, max_retries=0, payload=MEDIUM)(lab)
        work(lab)
        wire.armed = True
        with suppress(Crash, TickwellError):
            retry_letter(lab)
        wire.revive()
        lab.world.clock.advance(RESTART)
        with suppress(IllegalTransitionError):
            retry_letter(lab)
        lab.world.live(5 * MINUTE, step=STEP)
        (letter,) = lab.world.core.history.list_dead_letters(ADA.tenant_id, limit=10, cursor=None).items
        (made,) = [job for job in lab.all_jobs() if job.retry_of is not None]
        assert (made.job_id, made.retry_of) == (letter.retried_as, letter.dead_letter_id)
        assert [execution.output for execution in lab.world.executions(made)] == ["done"]
    finally:
        close()
    return lab


def test_a_dead_letter_whose_retry_broke_off_becomes_one_job_when_it_is_asked_for_again(tmp_path: Path) -> None:
    recorded = _retry_letter_twice(tmp_path, Wire()).wire.calls
    assert {"history.mark_retried", "jobs.create"} <= set(recorded)
    for number, call in enumerate(recorded):
        for kind in ways_to_break(call):
            _retry_letter_twice(tmp_path, Wire(kind=kind, at=number))

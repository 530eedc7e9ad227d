"""What usage says that an attempt outside of any worker costs is what is metered (X10, X19)."""

import pytest

from tests.meter import cases
from tests.meter.prices import Charge
from tests.meter.stage import open_stage, spent
from tests.outside import Elsewhere
from tests.world import task
from tickwell.domain.unit_costs import SHARED, UNIT_COSTS
from tickwell.domain.usage import Activity
from tickwell.tasks import registry


def test_what_goes_on_outside_is_reckoned_with_as_metered(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = Elsewhere()
    monkeypatch.setattr(registry, "_BUILT_IN", (*registry._BUILT_IN, task("elsewhere", elsewhere)))
    with open_stage() as stage:
        stage.request("POST", "/api/v1/jobs", cases.IMMEDIATE)  # what processes remember has been read by then
        stage.work()
        with spent(stage) as plain:
            stage.request("POST", "/api/v1/jobs", cases.IMMEDIATE)
            stage.work()
        with spent(stage) as outside:
            stage.request("POST", "/api/v1/jobs", {**cases.IMMEDIATE, "task": "elsewhere"})
            stage.work()
            identity, token = elsewhere.given[-1]
            stage.request("POST", f"/api/v1/executions/{identity}/complete", {"token": token})
    more, told = outside.plus(plain, -1), UNIT_COSTS[Activity.OUTSIDE].plus(SHARED[Activity.OUTSIDE]).alone
    assert more[Charge.WRITE_UNITS] == told.write_units
    assert more[Charge.HTTP] == told.http_requests
    assert more[Charge.LAMBDA] == told.lambda_requests
    assert more[Charge.SQS] == told.sqs_requests
    assert abs(more[Charge.READ_UNITS] - told.read_units) <= 1

"""No lane can take another's part of what Lambda runs at once, whatever lies in it."""

import pytest

from tests.template.cloudformation import resources, source
from tickwell.domain.lane import Lane

WORKERS = ("WorkerFunction", "HeavyWorkerFunction")
LANES = sorted(lane.value.capitalize() for lane in Lane)
PARAMETER, PARTS = "AccountConcurrency", "LaneConcurrency"
LEAST_MAPPING_CONCURRENCY, MOST_MAPPING_CONCURRENCY = 2, 1000
"""What Lambda allows as MaximumConcurrency."""


def test_each_lane_has_a_mapping_of_its_own_with_its_own_part_of_the_accounts_concurrency() -> None:
    found = [
        (mapping["Properties"]["EventSourceArn"]["Fn::GetAtt"][0], mapping["Properties"].get("ScalingConfig"))
        for mapping in resources("AWS::Lambda::EventSourceMapping").values()
        if mapping["Properties"]["FunctionName"]["Ref"] in WORKERS
    ]
    assert sorted(found) == [
        (f"Lane{name}", {"MaximumConcurrency": {"Fn::FindInMap": [PARTS, {"Ref": PARAMETER}, name]}}) for name in LANES
    ]


@pytest.mark.parametrize("account", source()["Parameters"][PARAMETER]["AllowedValues"])
def test_all_lanes_in_flood_leave_a_fifth_of_the_account_and_each_keeps_its_own(account: str) -> None:
    parts = source()["Mappings"][PARTS][account]
    assert sorted(parts) == LANES
    assert all(LEAST_MAPPING_CONCURRENCY <= part <= MOST_MAPPING_CONCURRENCY for part in parts.values())
    assert sum(parts.values()) <= int(account) * 0.8
    assert parts["High"] >= parts["Medium"] >= parts["Low"]


def test_every_size_of_account_that_may_be_chosen_has_its_parts() -> None:
    parameter = source()["Parameters"][PARAMETER]
    assert set(parameter["AllowedValues"]) == set(source()["Mappings"][PARTS])
    assert parameter["Default"] in parameter["AllowedValues"]

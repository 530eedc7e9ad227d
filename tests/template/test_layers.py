"""Which function carries which layer, and what the layers may weigh."""

from typing import Any

import pytest

from tests.template.cloudformation import ROOT, properties, resources, source

WORKERS = {"WorkerFunction", "HeavyWorkerFunction"}


def layers_of(function: str, architecture: str) -> set[str]:
    """The layers (logical ids in template.yaml) that ``function`` gets on one kind of processor."""
    own = properties(function)["Layers"]
    decided = (
        element["Fn::If"][1 if architecture == "Arm64" else 2] if "Fn::If" in element else element for element in own
    )
    written = {name for name, resource in source()["Resources"].items() if resource["Type"].endswith("LayerVersion")}
    referred: list[str] = [element["Ref"] for element in decided if "Ref" in element]
    return {name for name in written if any(reference.startswith(name) for reference in referred)}


@pytest.mark.parametrize("architecture", ["Arm64", "X86"])
@pytest.mark.parametrize("function", resources("AWS::Lambda::Function"))
def test_workers_alone_carry_what_tasks_need_besides(function: str, architecture: str) -> None:
    layers = layers_of(function, architecture)
    assert f"CoreLayer{architecture}" in layers
    assert (f"TasksLayer{architecture}" in layers) == (function in WORKERS)
    assert (f"MediaLayer{architecture}" in layers) == (function == "HeavyWorkerFunction")
    assert all(name.endswith(architecture) for name in layers)


@pytest.mark.parametrize("function", resources("AWS::Lambda::Function"))
def test_users_own_tasks_go_to_those_who_check_payloads_and_run_jobs(function: str) -> None:
    given = {"Fn::If": ["HasTaskLayer", {"Ref": "TaskLayerArn"}, {"Ref": "AWS::NoValue"}]}
    assert (properties(function)["Layers"][-1] == given) == (function in {"ApiFunction", *WORKERS})


@pytest.mark.parametrize("name", ["CoreLayer", "MediaLayer", "TasksLayer"])
def test_each_layer_is_built_for_both_architectures_and_deployed_for_one(name: str) -> None:
    for suffix, architecture in (("Arm64", "arm64"), ("X86", "x86_64")):
        layer: dict[str, Any] = source()["Resources"][f"{name}{suffix}"]
        assert layer["Condition"] == f"Is{suffix}"
        assert layer["Metadata"] == {"BuildMethod": "makefile", "BuildArchitecture": architecture}
        assert layer["Properties"]["CompatibleArchitectures"] == [architecture]
        makefile = (ROOT / layer["Properties"]["ContentUri"] / "Makefile").read_text()
        assert f"build-{name}{suffix}: MACHINE" in makefile

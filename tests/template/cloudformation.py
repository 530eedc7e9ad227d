"""template.yaml as written and as CloudFormation gets it, without network or credentials."""

import copy
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "template.yaml"
REGION = "us-east-1"

Resource = dict[str, Any]

EVERYTHING = {"FarTimer": "scheduler"}
"""The parameters with which roles are allowed the most."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags as their long forms. A key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise ValueError(f"{twice} twice in one mapping{node.start_mark}")
        return super().construct_mapping(node, deep=deep)


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if name == "Fn::GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    raise TypeError(f"unexpected node {node}")


_Loader.add_multi_constructor("!", _long_form)


@cache
def _parsed() -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _Loader)
    return template


def source() -> dict[str, Any]:
    """The template as written, short tags in their long forms."""
    return copy.deepcopy(_parsed())


@cache
def _translated() -> dict[str, Any]:
    template = source()
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "s3://bucket/key"
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    result: dict[str, Any] = translator.translate(template, parameter_values={})
    return result


def resources(resource_type: str) -> dict[str, Resource]:
    """The resources of one type that a deployment makes, by logical id."""
    return {
        name: copy.deepcopy(resource)
        for name, resource in _translated()["Resources"].items()
        if resource["Type"] == resource_type
    }


def properties(logical_id: str) -> dict[str, Any]:
    """The properties of one resource as deployed."""
    found: dict[str, Any] = copy.deepcopy(_translated()["Resources"][logical_id]["Properties"])
    return found


def deployed(elements: Sequence[Any], parameters: Mapping[str, str]) -> list[Any]:
    """The elements of a list that a stack with ``parameters`` has: each ``Fn::If`` in it decided."""
    return [chosen for element in elements if (chosen := _decided(element, parameters)) != {"Ref": "AWS::NoValue"}]


def _decided(element: Any, parameters: Mapping[str, str]) -> Any:
    if not isinstance(element, dict) or "Fn::If" not in element:
        return element
    condition, when_true, when_false = element["Fn::If"]
    (reference, wanted) = source()["Conditions"][condition]["Fn::Equals"]
    name = reference["Ref"]
    value = parameters.get(name, source()["Parameters"][name].get("Default"))
    return when_true if value == wanted else when_false


def allowed_statements(parameters: Mapping[str, str] = EVERYTHING) -> list[tuple[str, Resource]]:
    """Every statement that allows something, with the role that holds it."""
    return [
        (role, statement)
        for role, resource in resources("AWS::IAM::Role").items()
        for policy in resource["Properties"].get("Policies", [])
        for statement in deployed(policy["PolicyDocument"]["Statement"], parameters)
        if statement["Effect"] == "Allow"
    ]


def as_list(value: Any) -> list[Any]:
    """A policy's single value or list, as a list."""
    return value if isinstance(value, list) else [value]

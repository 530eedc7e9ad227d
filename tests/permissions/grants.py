"""What template.yaml allows each role, with the names that the stack of the tests has."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.permissions.needs import ACCOUNT, REGION, Need, arn
from tests.template.cloudformation import as_list, deployed, resources

_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::StackName": "tickwell"}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """One action that a role may do to one resource (a pattern), if all conditions hold."""

    role: str
    action: str
    resource: str
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def covers(self, need: Need) -> bool:
        """Whether it allows ``need``."""
        if (self.role, self.action) != (need.role, need.action) or not matches(self.resource, need.resource):
            return False
        context = dict(need.context)
        return all(_holds(operator, wanted, context.get(key, ())) for operator, key, wanted in self.conditions)

    def __str__(self) -> str:
        return f"{self.role} {self.action} {self.resource}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """IAM's wildcards: ``*`` for anything, ``?`` for one character."""
    return _compiled(pattern).fullmatch(text) is not None


def _holds(operator: str, wanted: tuple[str, ...], values: tuple[str, ...]) -> bool:
    if operator == "ForAllValues:StringLike":
        return all(any(matches(pattern, value) for pattern in wanted) for value in values)
    if operator == "StringLike":
        return any(matches(pattern, value) for pattern in wanted for value in values)
    if operator == "StringEquals":
        return any(value in wanted for value in values)
    raise ValueError(f"no condition of a policy uses {operator} so far")


def grants(parameters: Mapping[str, str]) -> list[Grant]:
    """All that is allowed to roles where the stack has ``parameters``, and the defaults of all others."""
    names = Names(parameters)
    return [
        Grant(role=role, action=action, resource=names.resolved(resource), conditions=_conditions(statement, names))
        for role, body in resources("AWS::IAM::Role").items()
        for policy in body["Properties"].get("Policies", [])
        for statement in deployed(policy["PolicyDocument"]["Statement"], parameters)
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]


def _conditions(statement: Mapping[str, Any], names: "Names") -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    return tuple(
        (operator, key, tuple(names.resolved(value) for value in as_list(values)))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


class Names:
    """CloudFormation's functions, for a stack whose names are those in the environment of its functions."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._values = {**_PSEUDO, **parameters, "SenderAddress": os.environ["TICKWELL_SENDER_ADDRESS"]}
        self._physical = dict(_named_in_environments())

    def resolved(self, value: Any) -> str:
        """The text that ``value`` is in the deployed stack."""
        if isinstance(value, str):
            return value
        ((name, argument),) = value.items()
        if name == "Ref":
            return self._values[argument] if argument in self._values else self._name(argument)
        if name == "Fn::GetAtt":
            return self._attribute(*argument)
        if name == "Fn::Sub":
            return self._substituted(argument)
        if name == "Fn::Select":
            index, listed = argument
            ((_, (separator, text)),) = listed.items()
            return self.resolved(text).split(separator)[int(index)]
        raise ValueError(f"unexpected {name}")

    def _substituted(self, argument: Any) -> str:
        text, extra = (argument, {}) if isinstance(argument, str) else argument
        own = {name: self.resolved(value) for name, value in extra.items()}

        def value(match: re.Match[str]) -> str:
            logical, _, attribute = match[1].partition(".")
            if logical in own:
                return own[logical]
            return self.resolved({"Fn::GetAtt": [logical, attribute]} if attribute else {"Ref": logical})

        return _VARIABLE.sub(value, text)

    def _name(self, logical: str) -> str:
        """The last part of its physical name; of what no function knows by name, the logical one."""
        return self._physical.get(logical, logical)

    def _attribute(self, logical: str, attribute: str) -> str:
        kind = _type_of(logical)
        physical = self._name(logical)
        if physical.startswith("arn:"):
            return physical
        made = _ARNS[kind](physical)
        return f"{made}/stream/1" if attribute == "StreamArn" else made


_ARNS = {
    "AWS::DynamoDB::Table": lambda name: arn("dynamodb", f"table/{name}"),
    "AWS::IAM::Role": lambda name: arn("iam", f"role/{name}", region=""),
    "AWS::Lambda::Function": lambda name: arn("lambda", f"function:{name}"),
    "AWS::Logs::LogGroup": lambda name: arn("logs", f"log-group:{name}:*"),
    "AWS::S3::Bucket": lambda name: arn("s3", name, region="", account=""),
    "AWS::SQS::Queue": lambda name: arn("sqs", name.rpartition("/")[2]),
    "AWS::Scheduler::ScheduleGroup": lambda name: arn("scheduler", f"schedule-group/{name}"),
}


@cache
def _types() -> dict[str, str]:
    return {name: kind for kind in (*_ARNS, "AWS::SecretsManager::Secret") for name in resources(kind)}


def _type_of(logical: str) -> str:
    return _types()[logical]


def _named_in_environments() -> Iterator[tuple[str, str]]:
    """The physical name of each resource that the functions are told of. Of a queue it is its URL."""
    for function in resources("AWS::Lambda::Function").values():
        for name, value in function["Properties"]["Environment"]["Variables"].items():
            if not isinstance(value, dict) or name not in os.environ:
                continue
            ((kind, argument),) = value.items()
            logical = argument if kind == "Ref" else argument[0]
            if logical in _types():
                yield logical, os.environ[name]

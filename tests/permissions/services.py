"""What roles must allow although no function calls it: what Lambda and EventBridge Scheduler do on their behalf.

Read from the template: the event sources of each function, its log group, and the targets of schedules. The actions are
those of AWS's managed policies AWSLambdaBasicExecutionRole (less ``CreateLogGroup``: the stack makes the group),
AWSLambdaSQSQueueExecutionRole and AWSLambdaDynamoDBExecutionRole.
"""

from collections.abc import Iterator

from tests.permissions.grants import Names
from tests.permissions.needs import Need
from tests.template.cloudformation import resources

_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")


def needs_of_services(names: Names) -> Iterator[Need]:
    """All of them."""
    for logical, function in resources("AWS::Lambda::Function").items():
        role = f"{logical.removesuffix('Function')}Role"
        group = names.resolved({"Fn::GetAtt": [function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"], "Arn"]})
        yield from (Need(role=role, action=action, resource=group) for action in _LOGS)
    for mapping in resources("AWS::Lambda::EventSourceMapping").values():
        yield from _needs_of_mapping(mapping["Properties"], names)
    for schedule in resources("AWS::Scheduler::Schedule").values():
        target = schedule["Properties"]["Target"]
        role = target["RoleArn"]["Fn::GetAtt"][0]
        yield Need(role=role, action="lambda:InvokeFunction", resource=names.resolved(target["Arn"]))


def _needs_of_mapping(mapping: dict[str, object], names: Names) -> Iterator[Need]:
    function: object = mapping["FunctionName"]
    assert isinstance(function, dict)
    role = f"{function['Ref'].removesuffix('Function')}Role"
    source = names.resolved(mapping["EventSourceArn"])
    if "/stream/" not in source:
        yield from (Need(role=role, action=action, resource=source) for action in _QUEUE)
        return
    yield from (Need(role=role, action=action, resource=source) for action in _STREAM)
    yield Need(role=role, action="dynamodb:ListStreams", resource=source)
    destination = mapping["DestinationConfig"]
    assert isinstance(destination, dict)
    yield Need(role=role, action="sqs:SendMessage", resource=names.resolved(destination["OnFailure"]["Destination"]))

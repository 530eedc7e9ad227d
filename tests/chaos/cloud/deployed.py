"""What the template says of queues, timeouts and the stream, for a stack on moto."""

from typing import Any, Final

import boto3

from tests.contract.queue_engines import REGION
from tests.function_stack import Stack
from tests.template.cloudformation import source

ACCOUNT: Final = "123456789012"

CONSUMERS: Final = {
    "lane-high": "worker",
    "lane-medium": "worker",
    "lane-low": "worker",
    "dispatch": "dispatcher",
    "lane-dlq": "dead_letter",
    "notify": "notifier",
}
RESOURCES: Final = {
    "lane-high": "LaneHigh",
    "lane-medium": "LaneMedium",
    "lane-low": "LaneLow",
    "lane-dlq": "LaneDlq",
    "dispatch": "DispatchQueue",
    "dispatch-dlq": "DispatchDlq",
    "notify": "NotificationQueue",
    "notify-dlq": "NotificationDlq",
}
_DEAD_LETTERS: Final = {
    "lane-high": "lane-dlq",
    "lane-medium": "lane-dlq",
    "lane-low": "lane-dlq",
    "dispatch": "dispatch-dlq",
    "notify": "notify-dlq",
}


def make_queues_as_deployed(stack: Stack) -> None:
    """Give the queues of ``stack`` the visibility and the dead letter queues of the template."""
    resources = source()["Resources"]
    sqs = boto3.client("sqs", region_name=REGION)
    for name, resource in RESOURCES.items():
        properties = resources[resource]["Properties"]
        attributes: Any = {"VisibilityTimeout": str(properties["VisibilityTimeout"])}
        if name in _DEAD_LETTERS:
            most = properties["RedrivePolicy"]["maxReceiveCount"]
            target = stack.urls[_DEAD_LETTERS[name]].rpartition("/")[2]
            arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{target}"
            attributes["RedrivePolicy"] = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {most}}}'
        sqs.set_queue_attributes(QueueUrl=stack.urls[name], Attributes=attributes)


def stream_tries() -> int:
    """How often Lambda gives a batch of the stream to functions/outcomes once more."""
    events = source()["Resources"]["OutcomesFunction"]["Properties"]["Events"]
    return int(events["Stream"]["Properties"]["MaximumRetryAttempts"])


def timeouts() -> dict[str, float]:
    """The timeout of each function in seconds, as the template has it."""
    template = source()
    found = {}
    for function in ("api", "worker", "dispatcher", "safety_sync", "dead_letter", "outcomes", "notifier"):
        name = "".join(word.capitalize() for word in function.split("_"))
        timeout = template["Resources"][f"{name}Function"]["Properties"]["Timeout"]
        if isinstance(timeout, dict):
            timeout = template["Parameters"][timeout["Ref"]]["Default"]
        found[function] = float(timeout)
    return found


def is_wanted(record: dict[str, Any]) -> bool:
    """What the filter of the template's event source lets through."""
    images = record["dynamodb"]
    kind = images.get("NewImage", images.get("OldImage", {})).get("kind", {}).get("S")
    if "NewImage" in images and kind == "execution":
        return bool(record["eventName"] == "INSERT" and images["NewImage"].get("ev", {}).get("S") == "timeout")
    return kind in {"job", "dead_letter"}

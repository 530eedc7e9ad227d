"""Table, queues and secret on a local AWS, and the environment that the functions find them by."""

from collections.abc import Mapping
from typing import Final

from tests.contract.store_engines import create_table
from tests.e2e.local_aws import LocalAws

LANE: Final = "tw-lane-medium"

_QUEUES: Final = (
    "lane-high",
    "lane-medium",
    "lane-low",
    "lane-heavy",
    "lane-dlq",
    "notification",
    "notification-dlq",
)


def made_stack(aws: LocalAws) -> Mapping[str, str]:
    """Make all that worker and API need; the settings of both."""
    create_table(aws.client("dynamodb"), stream=False)
    sqs = aws.client("sqs")
    queues = {
        f"{name.replace('-', '_').upper()}_URL": sqs.create_queue(QueueName=f"tw-{name}")["QueueUrl"]
        for name in _QUEUES
    }
    aws.client("s3").create_bucket(Bucket="blobs")
    secret = aws.client("secretsmanager").create_secret(Name="jwt", SecretString="k" * 64)["ARN"]
    others = {
        "ENGINE": "aws",
        "TABLE": "tickwell",
        "BLOB_BUCKET": "blobs",
        "SECRETS_PREFIX": "tickwell",
        "FAR_TIMER": "sweep",
        "SCHEDULE_GROUP": "group",
        "DISPATCH_QUEUE_ARN": "arn:aws:sqs:us-east-1:000000000000:tw-dispatch",
        "SCHEDULE_ROLE_ARN": "arn:aws:iam::000000000000:role/schedule",
        "JWT_SECRET_ID": secret,
        "SENDER_ADDRESS": "jobs@example.com",
        "RATE_LIMIT_PER_HOUR": "0",
    }
    return {f"TICKWELL_{name}": value for name, value in (queues | others).items()}

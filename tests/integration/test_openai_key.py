"""The deployment's key for OpenAI on AWS: read when it is needed, and anew when it was replaced."""

from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest

from tests.doubles import FakeClock
from tickwell.application.remembered import FRESH
from tickwell.bootstrap.aws.clients import forget_clients
from tickwell.bootstrap.aws.worker import openai_key
from tickwell.domain.errors import NotFoundError


@pytest.fixture
def region(aws: str) -> Iterator[str]:
    forget_clients()
    yield aws
    forget_clients()


def test_a_key_that_was_replaced_is_used_soon(region: str) -> None:
    secrets = boto3.client("secretsmanager", region_name=region)
    arn = secrets.create_secret(Name="openai", SecretString="sk-old\n")["ARN"]
    clock = FakeClock()
    key = openai_key(arn, clock)
    assert key() == "sk-old"
    secrets.put_secret_value(SecretId=arn, SecretString="sk-new")
    clock.advance((FRESH + timedelta(seconds=1)).total_seconds())
    assert key() == "sk-new"


@pytest.mark.parametrize("secret_id", [None, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:gone"])
def test_a_key_that_is_not_there_is_missing(region: str, secret_id: str | None) -> None:
    assert region
    with pytest.raises(NotFoundError):
        openai_key(secret_id, FakeClock())()

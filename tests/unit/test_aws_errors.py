"""The translation of the AWS SDK's errors."""

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from tickwell.adapters.aws.errors import TRANSIENT_CODES, service_errors
from tickwell.domain.errors import UnavailableError


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": "arn:aws:sqs:eu-central-1:123456789012:secret-name"},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "r",
                "HostId": "h",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "SomeOperation",
    )


@pytest.mark.parametrize("code", sorted(TRANSIENT_CODES))
def test_a_busy_service_is_unavailable(code: str) -> None:
    with pytest.raises(UnavailableError) as caught, service_errors("sqs"):
        raise client_error(code)
    assert (caught.value.service, caught.value.reason) == ("sqs", code)
    assert isinstance(caught.value.__cause__, ClientError)
    assert "123456789012" not in str(caught.value)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_any_server_error_is_unavailable(status: int) -> None:
    with pytest.raises(UnavailableError), service_errors("s3"):
        raise client_error("NeverHeardOf", status)


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ConditionalCheckFailedException", "ResourceNotFoundException", "Unknown"]
)
def test_what_will_not_pass_by_itself_propagates(code: str) -> None:
    with pytest.raises(ClientError, match=code), service_errors("dynamodb"):
        raise client_error(code)


def test_an_error_without_any_detail_propagates() -> None:
    with pytest.raises(ClientError), service_errors("dynamodb"):
        raise ClientError({}, "SomeOperation")


URL = "https://sqs.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    "error",
    [
        exceptions.EndpointConnectionError(endpoint_url=URL),
        exceptions.ConnectTimeoutError(endpoint_url=URL),
        exceptions.ReadTimeoutError(endpoint_url=URL),
        exceptions.ConnectionClosedError(endpoint_url=URL),
        exceptions.SSLError(endpoint_url=URL, error=OSError("broken")),
        exceptions.ProxyConnectionError(proxy_url=URL),
        exceptions.ResponseStreamingError(error="cut off"),
        exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_broken_connection_is_unavailable(error: BotoCoreError) -> None:
    with pytest.raises(UnavailableError) as caught, service_errors("sqs"):
        raise error
    assert caught.value.reason == type(error).__name__
    assert URL not in str(caught.value)


def test_missing_credentials_propagate() -> None:
    with pytest.raises(exceptions.NoCredentialsError), service_errors("sqs"):
        raise exceptions.NoCredentialsError


def test_nothing_is_changed_where_nothing_goes_wrong() -> None:
    with service_errors("sqs"):
        answer = 42
    assert answer == 42

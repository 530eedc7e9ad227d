"""The one translation of the AWS SDK's errors.

Only what may pass by itself becomes ``UnavailableError``; everything else (access denied, no such table, a
failed condition) propagates as it is: it is a fault of the deployment or a result that the caller reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, IncompleteReadError  # noqa: A004

from tickwell.domain.errors import UnavailableError

TRANSIENT_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerErrorException",
        "InternalServerException",
        "InternalServiceError",
        "KmsThrottled",
        "KMS.ThrottlingException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Error codes of a service that is busy, broken for a moment or limiting its callers."""


@contextmanager
def service_errors(service: str) -> Iterator[None]:
    """Raise UnavailableError for throttling, 5xx, timeouts and broken connections inside the block.

    ``service`` is the word for health reports and logs: ``dynamodb``, ``sqs``. The reason is the code only:
    messages of the SDK may name resources of the account.
    """
    try:
        yield
    except ClientError as error:
        if not is_transient(error):
            raise
        raise UnavailableError(service, error_code(error)) from error
    except (ConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise UnavailableError(service, type(error).__name__) from error


def error_code(error: ClientError) -> str:
    """The service's own word for what went wrong."""
    return error.response.get("Error", {}).get("Code", "Unknown")


def is_transient(error: ClientError) -> bool:
    """Whether the same call may succeed a moment later."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error_code(error) in TRANSIENT_CODES or status >= 500

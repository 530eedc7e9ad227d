"""``invoke_lambda`` against a server that speaks Lambda's Invoke API, by the SDK's real client."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.aws_answers import Asked, Aws, Said, aws_on_loopback, refusal
from tests.server_process import eventually
from tests.task_contexts import task_context
from tickwell.adapters.aws.lambda_functions import LambdaFunctions
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError, InvalidInputError
from tickwell.domain.invocation import AllowedFunctions
from tickwell.tasks.registry import built_in_tasks

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:report"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with aws_on_loopback() as server:
        yield server


def context_of(aws: Aws, *allowed: str, read_timeout: float = 30) -> TaskContext:
    client = aws.client("lambda", read_timeout=read_timeout)
    functions = LambdaFunctions(lambda _: client, AllowedFunctions(allowed or ("report", "report:live")))
    return replace(task_context(traceparent=TRACE), functions=functions)


def run(context: TaskContext, **payload: Any) -> Any:
    whole = {"function": "report", **payload}
    return asyncio.run(built_in_tasks().execute("invoke_lambda", whole, context))


def fail(context: TaskContext, **payload: Any) -> AttemptFailedError:
    with pytest.raises(AttemptFailedError) as caught:
        run(context, **payload)
    assert "arn of something" not in caught.value.message
    return caught.value


def function_error(**told: Any) -> Said:
    return Said(body=told, headers={"X-Amz-Function-Error": "Unhandled", "X-Amz-Executed-Version": "3"})


def test_the_function_gets_the_payload_and_its_result_is_the_output(aws: Aws) -> None:
    aws.answer = lambda _: Said(body={"sum": 3}, headers={"X-Amz-Executed-Version": "$LATEST"})
    context = context_of(aws)
    output = run(context, payload={"add": [1, 2]})
    (asked,) = aws.asked
    assert asked.path == "/2015-03-31/functions/report/invocations"
    assert asked.headers["x-amz-invocation-type"] == "RequestResponse"
    assert asked.json == {"add": [1, 2]}
    assert {**output, "elapsed_ms": 0} == {
        "status_code": 200,
        "result": {"sum": 3},
        "executed_version": "$LATEST",
        "elapsed_ms": 0,
    }


def test_the_function_is_told_of_the_job_and_its_trace(aws: Aws) -> None:
    context = context_of(aws)
    run(context)
    told = json.loads(base64.b64decode(aws.asked[0].headers["x-amz-client-context"]))
    assert told["custom"] == {
        "tenant_id": context.tenant_id,
        "job_id": context.job_id,
        "execution_id": context.execution_id,
        "attempt": "1",
        "idempotency_key": context.idempotency_key,
        "traceparent": TRACE,
    }


def test_a_call_that_nobody_waits_for_is_done_when_lambda_has_taken_it(aws: Aws) -> None:
    aws.answer = lambda _: Said(status=202, body=b"")
    assert run(context_of(aws), mode="fire_and_forget", payload=[1]) == {"status_code": 202}
    assert aws.asked[0].headers["x-amz-invocation-type"] == "Event"
    assert "x-amz-client-context" not in aws.asked[0].headers


@pytest.mark.parametrize(
    ("allowed", "function", "path"),
    [
        ("report:live", "report:live", "/2015-03-31/functions/report/invocations?Qualifier=live"),
        (ARN, "report", f"/2015-03-31/functions/{ARN.replace(':', '%3A')}/invocations"),
        (f"{ARN}:*", f"{ARN}:7", f"/2015-03-31/functions/{ARN.replace(':', '%3A')}/invocations?Qualifier=7"),
    ],
)
def test_names_arns_and_qualifiers_reach_their_function(aws: Aws, allowed: str, function: str, path: str) -> None:
    run(context_of(aws, allowed), function=function)
    assert aws.asked[0].path == path


@pytest.mark.parametrize(
    ("body", "result"),
    [(b"null", None), (b"", None), (b'"text"', "text"), (b"plain text", "plain text"), (b"\xff", "\ufffd")],
)
def test_whatever_a_function_returns_is_an_output(aws: Aws, body: bytes, result: Any) -> None:
    aws.answer = lambda _: Said(body=body)
    assert run(context_of(aws))["result"] == result


def test_an_error_of_the_function_is_one_of_the_attempt(aws: Aws) -> None:
    aws.answer = lambda _: function_error(errorType="KeyError", errorMessage="'month'", stackTrace=["File report.py"])
    context = context_of(aws)
    error = fail(context)
    assert (error.error_code, error.message, error.retryable) == ("FUNCTION_ERROR", "KeyError: 'month'", True)
    (line,) = context.logbook.entries()
    assert "report.py" in line.metadata["trace"]
    assert fail(context, no_retry_errors=["KeyError"]).retryable is False


@pytest.mark.parametrize("body", [b"", b"[1]", b"not JSON", b"null", json.dumps({"errorType": ["x"]}).encode()])
def test_an_error_that_tells_nothing_is_one_all_the_same(aws: Aws, body: bytes) -> None:
    aws.answer = lambda _: Said(body=body, headers={"X-Amz-Function-Error": "Unhandled"})
    assert fail(context_of(aws)).error_code == "FUNCTION_ERROR"


@pytest.mark.parametrize(
    ("said", "code", "retryable", "after"),
    [
        (refusal("TooManyRequestsException", 429, Reason="ConcurrentInvocationLimitExceeded"), "THROTTLED", True, None),
        (
            Said(
                status=429,
                body={"message": "slow"},
                headers={"x-amzn-ErrorType": "TooManyRequestsException", "Retry-After": "9"},
            ),
            "THROTTLED",
            True,
            9,
        ),
        (refusal("ServiceException", 500), "UNAVAILABLE", True, None),
        (refusal("EC2ThrottledException", 502), "THROTTLED", True, None),
        (refusal("ResourceConflictException", 409), "NOT_READY", True, None),
        (refusal("SnapStartNotReadyException", 409), "NOT_READY", True, None),
        (refusal("ResourceNotFoundException", 404), "NOT_FOUND", False, None),
        (refusal("AccessDeniedException", 403), "NOT_ALLOWED", False, None),
        (refusal("RequestTooLargeException", 413), "REJECTED", False, None),
        (refusal("InvalidRequestContentException", 400), "REJECTED", False, None),
    ],
)
def test_what_lambda_refuses_says_whether_to_try_again(
    aws: Aws, said: Said, code: str, retryable: bool, after: float | None
) -> None:
    aws.answer = lambda _: said
    error = fail(context_of(aws))
    assert error.error_code.endswith(code)
    assert (error.retryable, error.retry_after_seconds) == (retryable, after)
    assert len(aws.asked) == 1


@pytest.mark.parametrize("read_timeout", [0.2, 5])
def test_a_function_that_takes_too_long_is_not_called_twice(aws: Aws, read_timeout: float) -> None:
    done = threading.Event()

    def wait(_: Asked) -> Said:
        done.wait(10)
        return Said()

    aws.answer = wait
    error = fail(context_of(aws, read_timeout=read_timeout), timeout_seconds=0.4)
    done.set()
    assert (error.error_code, error.retryable) == ("FUNCTION_TIMEOUT", True)
    eventually(lambda: aws.asked)  # the service may hear of it only when nobody waits any more
    assert len(aws.asked) == 1


def test_where_lambda_cannot_be_reached_it_is_tried_again(aws: Aws) -> None:
    context = context_of(replace_url(aws))
    assert (fail(context).error_code, fail(context).retryable) == ("LAMBDA_UNAVAILABLE", True)


def replace_url(aws: Aws) -> Aws:
    """The same at a port where nobody listens."""
    return Aws(url=f"{aws.url.rpartition(':')[0]}:9")


def test_a_function_that_is_not_allowed_is_not_called(aws: Aws) -> None:
    error = fail(context_of(aws), function="payroll")
    assert (error.error_code, error.retryable) == ("FUNCTION_NOT_ALLOWED", False)
    assert fail(task_context(), function="report").error_code == "FUNCTION_NOT_ALLOWED"
    assert aws.asked == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"function": "a/b"}, "payload.function"),
        ({"function": ""}, "payload.function"),
        ({"mode": "later"}, "payload.mode"),
        ({"timeout_seconds": 871}, "payload.timeout_seconds"),
        ({"mode": "fire_and_forget", "payload": "x" * (1024 * 1024)}, "payload.payload"),
        ({"no_retry_errors": [""]}, "payload.no_retry_errors.0"),
    ],
)
def test_a_call_that_cannot_be_made_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        built_in_tasks().validate("invoke_lambda", {"function": "report", **changes})
    assert caught.value.field == field

"""``invoke_lambda``: calls a Lambda function, and succeeds when the function does (X17)."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from tickwell.application.task import Task, TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.invocation import (
    LARGEST_FORGOTTEN_BYTES,
    LARGEST_WAITED_BYTES,
    Invocation,
    InvocationResult,
    is_function,
)
from tickwell.tasks.payload import Payload, payload_parser

_LONGEST_TOLD = 2_000


def _function(value: str) -> str:
    if not is_function(value):
        raise ValueError("must be the name of a Lambda function or its ARN, with or without a version or an alias")
    return value


class InvokeLambdaPayload(Payload):
    """Which function to call, with what, and whether to wait for what it returns."""

    function: Annotated[str, AfterValidator(_function)] = Field(
        min_length=1, max_length=400, description="Its name or ARN; the deployment must allow it"
    )
    mode: Literal["wait", "fire_and_forget"] = Field(
        default="wait", description="fire_and_forget: done when Lambda has taken the call"
    )
    payload: Any = Field(default=None, description="Any JSON value: the function's event")
    timeout_seconds: float = Field(default=300, gt=0, le=870, description="How long the function may take")
    no_retry_errors: list[Annotated[str, Field(min_length=1, max_length=255)]] = Field(
        default=[], max_length=50, description="Types of the function's errors after which another try cannot help"
    )

    @field_validator("payload")
    @classmethod
    def _is_taken(cls, value: Any, info: ValidationInfo) -> Any:
        waits = info.data.get("mode") != "fire_and_forget"
        most = LARGEST_WAITED_BYTES if waits else LARGEST_FORGOTTEN_BYTES
        if len(_encoded(value)) > most:
            raise ValueError(f"must have at most {most} bytes as JSON, which is what Lambda takes")
        return value


def _encoded(value: Any) -> bytes:
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError("must be valid JSON that is not nested too deeply") from error


async def _run(payload: InvokeLambdaPayload, context: TaskContext) -> dict[str, Any]:
    waits = payload.mode == "wait"
    invocation = Invocation(
        function=payload.function,
        payload=_encoded(payload.payload),
        waits=waits,
        timeout_seconds=payload.timeout_seconds,
        context=_told(context),
    )
    started_at = context.now()
    result = await context.functions.invoke(invocation)
    elapsed_ms = to_epoch_ms(context.now()) - to_epoch_ms(started_at)
    if not waits:
        context.log("info", "Lambda took the call", status_code=result.status_code)
        return {"status_code": result.status_code}
    if result.failed:
        raise _function_error(payload, result, context)
    context.log("info", "the function returned", elapsed_ms=elapsed_ms, executed_version=result.executed_version)
    return {
        "status_code": result.status_code,
        "result": _result(result),
        "executed_version": result.executed_version,
        "elapsed_ms": elapsed_ms,
    }


def _told(context: TaskContext) -> tuple[tuple[str, str], ...]:
    """What the function finds in ``context.client_context.custom``."""
    told = {
        "tenant_id": context.tenant_id,
        "job_id": context.job_id,
        "execution_id": context.execution_id,
        "attempt": str(context.attempt),
        "idempotency_key": context.idempotency_key,
    }
    if context.traceparent is not None:
        told["traceparent"] = context.traceparent
    return tuple(told.items())


def _result(result: InvocationResult) -> Any:
    """What the function returned: JSON, or text where a runtime of its own gives something else."""
    if result.truncated:
        reason = f"the function returned more than {LARGEST_WAITED_BYTES} bytes"
        raise AttemptFailedError("RESULT_TOO_LARGE", reason, retryable=False)
    if not result.payload:
        return None
    try:
        return json.loads(result.payload)
    except (ValueError, RecursionError):
        return result.payload.decode("utf-8", "replace")


def _function_error(payload: InvokeLambdaPayload, result: InvocationResult, context: TaskContext) -> AttemptFailedError:
    """With the type and the message that the function gave; the rest of what it told is logged."""
    try:
        told = json.loads(result.payload)
    except (ValueError, RecursionError):
        told = {}
    told = told if isinstance(told, dict) else {}
    kind = str(told.get("errorType") or "Error")[:255]
    message = str(told.get("errorMessage") or "the function failed")[:_LONGEST_TOLD]
    trace = json.dumps(told.get("stackTrace") or told.get("trace") or [])[:_LONGEST_TOLD]
    context.log("warning", "the function failed", error_type=kind, trace=trace, version=result.executed_version)
    return AttemptFailedError("FUNCTION_ERROR", f"{kind}: {message}", retryable=kind not in payload.no_retry_errors)


INVOKE_LAMBDA: Task[InvokeLambdaPayload] = Task(
    name="invoke_lambda",
    summary="Calls a Lambda function; an error of the function is a failure.",
    parse=payload_parser(InvokeLambdaPayload),
    payload_schema=InvokeLambdaPayload.model_json_schema,
    run=_run,
)

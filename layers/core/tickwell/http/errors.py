"""From errors to answers: one table of statuses, one envelope."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import ValidationError

from tickwell.domain.errors import (
    AnswerNotKeptError,
    AttemptCancelledError,
    AttemptEndedError,
    AttemptFailedError,
    AttemptLostError,
    ConflictError,
    DoNotRetryError,
    EmailTakenError,
    ForbiddenError,
    IdempotencyConflictError,
    IdempotencyInProgressError,
    IllegalTransitionError,
    InvalidCredentialsError,
    InvalidInputError,
    LastOwnerError,
    NoResultError,
    NotFoundError,
    QueueInUseError,
    QuotaExceededError,
    RateLimitedError,
    RetryAfterError,
    StaleDueItemError,
    TickwellError,
    UnauthenticatedError,
    UnavailableError,
    UnreadableMessageError,
)
from tickwell.domain.instant import iso
from tickwell.findings import MOST_FAULTS, reason_of
from tickwell.http.request_limits import rate_headers

RETRY_AFTER_SECONDS = 5
"""What a caller is told to wait when a service was not available."""

_LONGEST_FIELD = 200


class UnknownPathError(TickwellError):
    """No route has this path."""

    code = "NOT_FOUND"


class MethodNotAllowedError(TickwellError):
    """The path exists, but not with this method; ``allowed`` are those that it has."""

    code = "METHOD_NOT_ALLOWED"

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        verb = "is" if len(allowed) == 1 else "are"
        super().__init__(f"{method} is not allowed here; {', '.join(allowed)} {verb}")
        self.allowed = allowed


class BodyTooLargeError(TickwellError):
    """The request's body exceeds the limit."""

    code = "BODY_TOO_LARGE"


class BodyTooSlowError(TickwellError):
    """The request's body did not arrive in time."""

    code = "BODY_TOO_SLOW"


class UnsupportedMediaTypeError(TickwellError):
    """The request's body is not declared to be JSON."""

    code = "UNSUPPORTED_MEDIA_TYPE"


STATUSES: dict[type[TickwellError], int] = {
    TickwellError: 500,
    InvalidInputError: 422,
    NotFoundError: 404,
    NoResultError: 404,
    IllegalTransitionError: 409,
    ConflictError: 409,
    AttemptEndedError: 409,
    LastOwnerError: 409,
    QueueInUseError: 409,
    IdempotencyConflictError: 409,
    IdempotencyInProgressError: 409,
    AnswerNotKeptError: 409,
    EmailTakenError: 409,
    UnauthenticatedError: 401,
    InvalidCredentialsError: 401,
    ForbiddenError: 403,
    QuotaExceededError: 403,
    RateLimitedError: 429,
    UnavailableError: 503,
    StaleDueItemError: 503,
    UnreadableMessageError: 500,
    AttemptFailedError: 500,
    AttemptLostError: 500,
    DoNotRetryError: 500,
    RetryAfterError: 500,
    AttemptCancelledError: 500,
    UnknownPathError: 404,
    MethodNotAllowedError: 405,
    BodyTooSlowError: 408,
    BodyTooLargeError: 413,
    UnsupportedMediaTypeError: 415,
}
"""The HTTP status of every error class; a test asserts that none is missing."""

_NOT_TOLD = {
    500: "something went wrong on our side; please name the request id when you report it",
    503: "a service that Tickwell stands on is not available; please try again",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """An error as its caller is to see it: nothing of our insides, and no value that was sent."""

    status: int
    code: str
    message: str
    details: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    def body(self, *, request_id: str, now: datetime) -> dict[str, Any]:
        """The error envelope."""
        envelope: dict[str, Any] = {
            "error": True,
            "message": self.message,
            "code": self.code,
            "timestamp": iso(now),
            "request_id": request_id,
        }
        if self.details:
            envelope["details"] = [{"field": field, "message": message} for field, message in self.details]
        return envelope


def fault_of(error: Exception) -> Fault:
    """What to tell the caller about ``error``. Whatever is not ours is a 500 that says nothing."""
    if isinstance(error, RequestValidationError):
        return _invalid(_faults(error))
    if isinstance(error, InvalidInputError):
        return _invalid(((error.field, error.reason), *error.also))
    if not isinstance(error, TickwellError):
        return Fault(status=500, code=TickwellError.code, message=_NOT_TOLD[500])
    status = next(STATUSES[known] for known in type(error).__mro__ if known in STATUSES)
    code = TickwellError.code if status == 500 else error.code
    message = _NOT_TOLD.get(status) or str(error)
    return Fault(status=status, code=code, message=message, details=_details(error), headers=_headers(status, error))


def fault_of_part(error: ValidationError) -> InvalidInputError:
    """What is wrong with a part of a body that was validated by itself, with fields as that part names them."""
    findings = error.errors(include_url=False)[:MOST_FAULTS]
    found = [(_field(("body", *fault["loc"])), reason_of(fault)) for fault in findings]
    field, reason = found[0]
    return InvalidInputError(field, reason, also=tuple(found[1:]))


def _details(error: TickwellError) -> tuple[tuple[str, str], ...]:
    """What programs may want to know of an error besides its code."""
    if isinstance(error, QuotaExceededError):
        return (("quota", error.quota), ("limit", str(error.limit)), ("used", str(error.used)))
    return ()


def _headers(status: int, error: TickwellError) -> tuple[tuple[str, str], ...]:
    if isinstance(error, MethodNotAllowedError):
        return (("Allow", ", ".join(error.allowed)),)
    if isinstance(error, BodyTooSlowError):
        return (("Connection", "close"),)
    if isinstance(error, IdempotencyInProgressError):
        return (("Retry-After", str(error.retry_after_seconds)),)
    if isinstance(error, RateLimitedError):
        told = {} if error.allowance is None else rate_headers(error.allowance)
        return (("Retry-After", str(error.retry_after_seconds)), *told.items())
    if status == 401:
        return (("WWW-Authenticate", "Bearer"),)
    return (("Retry-After", str(RETRY_AFTER_SECONDS)),) if status == 503 else ()


def _invalid(faults: tuple[tuple[str, str], ...]) -> Fault:
    field, reason = faults[0]
    return Fault(status=422, code=InvalidInputError.code, message=f"{field}: {reason}", details=faults)


def _faults(error: RequestValidationError) -> tuple[tuple[str, str], ...]:
    """Pydantic's findings in the caller's words; the values are left out, they may be secret."""
    found = [(_field(fault["loc"]), reason_of(fault)) for fault in error.errors()[:MOST_FAULTS]]
    return tuple(found) or (("body", "is not valid"),)


def _field(location: tuple[int | str, ...]) -> str:
    """``("body", "retry", "factor")`` as ``retry.factor``; the body as a whole is ``body``."""
    parts = [str(part) for part in location]
    return ".".join(parts[1:] or parts)[:_LONGEST_FIELD]

"""Errors become answers: a status for each class, one envelope, nothing of our insides."""

import inspect
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import ValidationError

from tests.doubles import NOON
from tickwell.domain import errors as domain_errors
from tickwell.domain.errors import (
    AttemptFailedError,
    ConflictError,
    EmailTakenError,
    IllegalTransitionError,
    InvalidCredentialsError,
    InvalidInputError,
    NotFoundError,
    QueueInUseError,
    QuotaExceededError,
    StaleDueItemError,
    TickwellError,
    UnauthenticatedError,
    UnavailableError,
    UnreadableMessageError,
)
from tickwell.http import errors as http_errors
from tickwell.http.errors import (
    STATUSES,
    BodyTooLargeError,
    BodyTooSlowError,
    MethodNotAllowedError,
    UnknownPathError,
    UnsupportedMediaTypeError,
    fault_of,
    fault_of_part,
)
from tickwell.http.job_request import JobRequest


def _classes() -> list[type[TickwellError]]:
    found = {
        value
        for module in (domain_errors, http_errors)
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, TickwellError)
    }
    return sorted(found, key=lambda error: error.__name__)


@pytest.mark.parametrize("error", _classes())
def test_every_error_class_has_a_status(error: type[TickwellError]) -> None:
    assert error in STATUSES


def test_the_table_knows_no_other_classes() -> None:
    assert set(STATUSES) == set(_classes())


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidInputError("name", "must not be blank"), 422, "VALIDATION_ERROR"),
        (NotFoundError("job", "j"), 404, "NOT_FOUND"),
        (IllegalTransitionError("job", "completed", "pause"), 409, "ILLEGAL_TRANSITION"),
        (QuotaExceededError("full", quota="jobs", limit=3, used=4), 403, "QUOTA_EXCEEDED"),
        (ConflictError("again"), 409, "CONFLICT"),
        (EmailTakenError(), 409, "EMAIL_TAKEN"),
        (UnauthenticatedError("no"), 401, "UNAUTHENTICATED"),
        (InvalidCredentialsError(), 401, "INVALID_CREDENTIALS"),
        (UnavailableError("store", "throttled"), 503, "UNAVAILABLE"),
        (StaleDueItemError(), 503, "UNAVAILABLE"),
        (UnreadableMessageError("?"), 500, "INTERNAL_ERROR"),
        (AttemptFailedError("X", "y"), 500, "INTERNAL_ERROR"),
        (UnknownPathError("no"), 404, "NOT_FOUND"),
        (MethodNotAllowedError("PUT", ("GET",)), 405, "METHOD_NOT_ALLOWED"),
        (BodyTooLargeError("no"), 413, "BODY_TOO_LARGE"),
        (BodyTooSlowError("no"), 408, "BODY_TOO_SLOW"),
        (UnsupportedMediaTypeError("no"), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (TickwellError("?"), 500, "INTERNAL_ERROR"),
        (KeyError("?"), 500, "INTERNAL_ERROR"),
    ],
)
def test_errors_become_statuses_and_codes(error: Exception, status: int, code: str) -> None:
    fault = fault_of(error)
    assert (fault.status, fault.code) == (status, code)


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("secret"),
        TickwellError("secret"),
        UnavailableError("secret", "secret"),
        StaleDueItemError(),
        UnreadableMessageError("secret"),
        AttemptFailedError("secret", "secret"),
    ],
)
def test_what_went_wrong_inside_is_not_told(error: Exception) -> None:
    body = fault_of(error).body(request_id="r-1", now=NOON)
    assert "secret" not in str(body)
    assert body["request_id"] == "r-1"


def test_the_envelope_names_the_fields_at_fault() -> None:
    error = InvalidInputError("payload.url", "is required", also=(("payload.method", "is not known here"),))
    assert fault_of(error).body(request_id="r-1", now=NOON) == {
        "error": True,
        "message": "payload.url: is required",
        "code": "VALIDATION_ERROR",
        "timestamp": "2026-11-22T12:00:00.000Z",
        "request_id": "r-1",
        "details": [
            {"field": "payload.url", "message": "is required"},
            {"field": "payload.method", "message": "is not known here"},
        ],
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": ""}, "name: must have at least 1 character"),
        ({"name": "x" * 256}, "name: must have at most 255 characters"),
        ({"name": "x", "tags": ["y" * 51]}, "tags.0: must have at most 50 characters"),
        ({"name": "x", "tags": ["y"] * 21}, "tags: must have at most 20 items"),
    ],
)
def test_texts_are_told_in_characters_and_lists_in_items(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as found:
        JobRequest.model_validate(fields)
    faults = [{**each, "loc": ("body", *each["loc"])} for each in found.value.errors()]
    assert fault_of(RequestValidationError(faults)).message == reason


@pytest.mark.parametrize(("allowed", "verb"), [(("GET",), "is"), (("GET", "POST"), "are")])
def test_methods_are_told_in_a_sentence(allowed: tuple[str, ...], verb: str) -> None:
    assert str(MethodNotAllowedError("PUT", allowed)) == f"PUT is not allowed here; {', '.join(allowed)} {verb}"


@pytest.mark.parametrize(("jobs", "said"), [(1, "1 unfinished job"), (2, "2 unfinished jobs")])
def test_jobs_are_told_in_their_number(jobs: int, said: str) -> None:
    assert str(QueueInUseError("q", jobs)) == f"the queue q has {said}"


def test_instants_are_told_by_one_that_is_ahead() -> None:
    with pytest.raises(ValidationError) as found:
        JobRequest.model_validate({"scheduled_time": "tomorrow"})
    assert fault_of_part(found.value).reason.endswith("such as 2035-11-25T09:00:00Z")


def test_an_error_from_elsewhere_is_what_it_derives_from() -> None:
    class ForeignError(ConflictError):
        pass

    assert fault_of(ForeignError("x")).status == 409


def test_other_errors_have_no_details() -> None:
    assert "details" not in fault_of(NotFoundError("job", "j")).body(request_id="r-1", now=NOON)


def test_a_quota_that_is_used_up_tells_which_and_how_much() -> None:
    body = fault_of(QuotaExceededError("full", quota="jobs", limit=3, used=4)).body(request_id="r-1", now=NOON)
    assert body["details"] == [
        {"field": "quota", "message": "jobs"},
        {"field": "limit", "message": "3"},
        {"field": "used", "message": "4"},
    ]


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (UnavailableError("store", "x"), ("Retry-After", "5")),
        (StaleDueItemError(), ("Retry-After", "5")),
        (MethodNotAllowedError("PUT", ("GET", "POST")), ("Allow", "GET, POST")),
        (UnauthenticatedError("x"), ("WWW-Authenticate", "Bearer")),
        (InvalidCredentialsError(), ("WWW-Authenticate", "Bearer")),
    ],
)
def test_some_errors_tell_what_to_do_next(error: Exception, header: tuple[str, str]) -> None:
    assert fault_of(error).headers == (header,)

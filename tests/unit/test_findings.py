"""What is wrong with a body, a payload or a query is told in words, with the fields that are known there."""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from tickwell.domain.errors import InvalidInputError
from tickwell.findings import ToldModel, reason_of
from tickwell.http.bulk_bodies import BatchRequest, BulkRequest
from tickwell.http.errors import fault_of_part
from tickwell.http.hook_bodies import HookSignatureRequest
from tickwell.http.job_request import JobRequest
from tickwell.http.outside_bodies import FailureReport
from tickwell.http.queue_request import QueueRequest
from tickwell.http.resolvers import all_routes, threaded_resolver
from tickwell.http.routes.archive import MonthPath
from tickwell.settings.functions import NotifierSettings, WorkerSettings
from tickwell.settings.local import LocalSettings
from tickwell.tasks.registry import built_in_tasks

NOW = {"name": "x", "task": "echo"}


def told(model: type[BaseModel], body: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)
    error = fault_of_part(caught.value)
    return {error.field: error.reason, **dict(error.also)}


@pytest.mark.parametrize(
    ("model", "body", "field", "likely"),
    [
        (JobRequest, NOW | {"cron": "0 9 * * *"}, "cron", "cron_expression"),
        (JobRequest, NOW | {"cronExpression": "0 9 * * *"}, "cronExpression", "cron_expression"),
        (JobRequest, NOW | {"taks": "echo"}, "taks", "task or tags"),
        (JobRequest, NOW | {"run_at": 1}, "run_at", "scheduled_time"),
        (JobRequest, NOW | {"Name": 1}, "Name", "name"),
        (JobRequest, NOW | {"interval": 1}, "interval", "interval_seconds"),
        (
            JobRequest,
            NOW | {"retry": {"strategy": "fixed", "delay": 1}},
            "retry.delay",
            "delay_seconds or max_delay_seconds",
        ),
        (QueueRequest, {"name": "x", "concurency": 1}, "concurency", "concurrency"),
    ],
)
def test_a_misspelt_field_is_told_the_nearest_that_there_is(
    model: type[BaseModel], body: Any, field: str, likely: str
) -> None:
    assert told(model, body)[field] == f"is not known here; did you mean {likely}?"


def test_a_field_that_is_like_no_other_is_told_what_is_known_where_that_is_short() -> None:
    reasons = told(QueueRequest, {"name": "x", "whatever": 1, "rate_limit": {"limit": 1, "hours": 1}})
    assert reasons["rate_limit.hours"] == "is not known here; known are limit, per_seconds"
    assert told(JobRequest, NOW | {"whatever": 1}) == {"whatever": "is not known here"}


def test_what_else_is_wrong_is_told_beside_a_misspelt_field() -> None:
    body = {"name": "", "taks": 1, "max_retries": 101, "overlap": "never", "retry": {"strategy": "fixed", "factor": 2}}
    assert list(told(JobRequest, body)) == ["overlap", "max_retries", "retry", "name", "taks"]


@pytest.mark.parametrize(
    ("payload", "field", "reason"),
    [
        ({"url": "http://a.example", "header": {}}, "payload.header", "is not known here; did you mean headers?"),
        ({"url": "http://a.example", "headers": []}, "payload.headers", "must be a JSON object"),
        (
            {"url": "http://a.example", "expected_status": "200"},
            "payload.expected_status",
            "must be a status such as 200, or a list of them",
        ),
    ],
)
def test_a_payload_is_told_alike(payload: Any, field: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        built_in_tasks().validate("http_request", payload)
    assert (caught.value.field, caught.value.reason) == (field, reason)


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("http_request", "is required: an object with url"),
        ("scrape_website", "is required: an object with url or urls"),
        ("cleanup_files", "is required: an object with type or prefix"),
    ],
)
def test_a_payload_that_was_left_out_is_told_what_belongs_there(task: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        built_in_tasks().validate(task, None)
    assert (caught.value.field, caught.value.reason) == ("payload", reason)


@pytest.mark.parametrize(
    ("model", "body", "field", "reason"),
    [
        (
            JobRequest,
            NOW | {"retry": 3},
            "retry",
            "must be a JSON object; its fields are strategy, delay_seconds, factor, max_delay_seconds, jitter, ",
        ),
        (
            QueueRequest,
            {"name": "x", "rate_limit": 3},
            "rate_limit",
            "must be a JSON object; its fields are limit, per_seconds",
        ),
        (BatchRequest, {"jobs": []}, "jobs", "must have at least 1 item"),
        (BatchRequest, {"jobs": {}}, "jobs", "must be a list"),
        (
            JobRequest,
            NOW | {"retry": {"strategy": "schedule", "delays_seconds": []}},
            "retry.delays_seconds",
            "must have at least 1 item",
        ),
        (
            FailureReport,
            {"code": "disk full"},
            "code",
            "must be 1 to 64 capital letters, digits and underscores with a letter first, such as DISK_FULL",
        ),
        (
            HookSignatureRequest,
            {"secret": "hook-a", "header": "a b"},
            "header",
            "must be the name of a header: 1 to 64 letters, digits and hyphens, such as X-Hub-Signature-256",
        ),
        (BulkRequest, {"action": "cancel", "filter": 1}, "filter", ""),
    ],
)
def test_what_would_be_right_is_told_in_words(model: type[BaseModel], body: Any, field: str, reason: str) -> None:
    assert told(model, body)[field].startswith(reason)


def test_a_month_is_told_by_an_example() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(MonthPath).validate_python("11-2026")
    reason = "must be a month as year and month, YYYY-MM, such as 2026-11"
    assert [reason_of({**fault}) for fault in caught.value.errors()] == [reason]


def test_fields_without_end_take_no_time() -> None:
    names = [f"{'cron_expression' * (n % 3)}{n}"[:40] for n in range(100)]
    began = time.process_time()
    reasons = told(JobRequest, dict.fromkeys(names, 1))
    with pytest.raises(InvalidInputError, match=r"^payload: must not have more than 100 fields$"):
        built_in_tasks().validate("http_request", dict.fromkeys(map(str, range(100_000)), 1))
    assert "is not known here" in told(BatchRequest, {"jobs": [1], "x" * 1_000_000: 1})["x" * 200]
    assert time.process_time() - began < 1
    assert len(reasons) == 20


def patterns(schema: Any) -> Iterator[str]:
    """The regular expressions that pydantic itself would match, and tell."""
    if isinstance(schema, dict):
        if schema.get("type") == "str" and "pattern" in schema:
            yield str(schema["pattern"])
        for value in schema.values():
            yield from patterns(value)
    elif isinstance(schema, list | tuple):
        for value in schema:
            yield from patterns(value)


def below(base: type[BaseModel]) -> list[type[BaseModel]]:
    return [one for model in base.__subclasses__() for one in (model, *below(model))]


def test_no_regular_expression_is_told_to_anybody() -> None:
    resolver = threaded_resolver()
    built_in_tasks()
    models: list[type[BaseModel]] = [*below(ToldModel), LocalSettings, WorkerSettings, NotifierSettings]
    for model in models:
        model.model_rebuild()
    schemas: list[Any] = [model.__pydantic_core_schema__ for model in models]
    for route in all_routes(resolver):
        dependant = route.dependant
        given = [*dependant.path_params, *dependant.query_params, *dependant.header_params]
        schemas += [field._type_adapter.core_schema for field in given]
    assert len(schemas) > 100
    assert [pattern for schema in schemas for pattern in patterns(schema)] == []


def test_a_regular_expression_would_be_found() -> None:
    adapter = TypeAdapter(dict[str, Annotated[str, Field(pattern="^a$")] | None])
    assert list(patterns(adapter.core_schema)) == ["^a$"]

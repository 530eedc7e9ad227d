"""Finding tasks by name, and what becomes of payloads that they cannot take."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.task_contexts import task_context
from tests.tasks_package import install_tasks
from tickwell.application.task import Task, TaskContext, TaskRegistry
from tickwell.domain.errors import AttemptFailedError, InvalidInputError
from tickwell.tasks.echo import ECHO
from tickwell.tasks.payload import Payload, payload_parser
from tickwell.tasks.registry import BrokenTaskError, all_tasks, built_in_tasks


class _Strict(Payload):
    count: int
    label: str = "none"


async def _count(payload: _Strict, context: TaskContext) -> Any:
    context.log("info", "counting", label=payload.label)
    return payload.count + 1


COUNT: Task[_Strict] = Task(
    name="count",
    summary="Counts.",
    parse=payload_parser(_Strict),
    payload_schema=_Strict.model_json_schema,
    run=_count,
)


def test_the_built_in_tasks_are_known_by_name() -> None:
    registry = built_in_tasks()
    assert registry.names() == (
        "cleanup_files",
        "echo",
        "generate_image",
        "http_request",
        "invoke_lambda",
        "process_video",
        "scrape_website",
        "send_email",
        "send_message",
    )
    assert [registry.get(name).name for name in registry.names()] == list(registry.names())
    assert all(isinstance(registry.get(name).payload_schema(), dict) for name in registry.names())


def test_an_unknown_task_is_refused_with_the_known_names() -> None:
    with pytest.raises(InvalidInputError, match="echo, generate_image, ") as caught:
        built_in_tasks().validate("no_such", {})
    assert caught.value.field == "task"


def test_two_tasks_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="echo"):
        TaskRegistry([ECHO, ECHO])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "tickwell.tasks.echo:ECHO",
            r"^entry point own \(tickwell\.tasks\.echo:ECHO\) .* task echo .* is built in$",
        ),
        (f"{__name__}:COUNT\nalso = {__name__}:COUNT", r"^entry point own .* task count .* by the entry point also \("),
    ],
)
def test_an_entry_point_whose_task_has_a_taken_name_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, message: str
) -> None:
    install_tasks(tmp_path / "site", value=value)
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(BrokenTaskError, match=message):
        all_tasks()


@pytest.mark.parametrize(
    ("payload", "field", "reason"),
    [
        ({}, "payload.count", "is required"),
        (None, "payload", "is required: an object with count"),
        ([], "payload", "must be a JSON object; its fields are count, label"),
        ("x", "payload", "must be a JSON object; its fields are count, label"),
        ({"count": "1"}, "payload.count", "must be a valid integer"),
        ({"count": True}, "payload.count", "must be a valid integer"),
        ({"count": 1.5}, "payload.count", "must be a valid integer"),
        ({"count": 1, "label": None}, "payload.label", "must be a valid string"),
        ({"count": 1, "label": "\ud800"}, "payload.label", "must be valid Unicode text"),
        ({"count": 1, "more": 1}, "payload.more", "is not known here; known are count, label"),
        ({"count": 1, 3: 1}, "payload.3", "keys must be strings"),
    ],
)
def test_a_fault_names_its_field_as_the_caller_spelled_it(payload: Any, field: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        TaskRegistry([COUNT]).validate("count", payload)
    assert (caught.value.field, caught.value.reason) == (field, reason)


def test_all_faults_are_told_and_none_repeats_the_value() -> None:
    with pytest.raises(InvalidInputError) as caught:
        TaskRegistry([COUNT]).validate("count", {"count": "s3cret", "label": 7, "zz": "s3cret"})
    assert [field for field, _ in caught.value.also] == ["payload.label", "payload.zz"]
    assert "s3cret" not in f"{caught.value} {caught.value.also}"


def test_a_valid_payload_runs() -> None:
    context = task_context()
    assert asyncio.run(TaskRegistry([COUNT]).execute("count", {"count": 1}, context)) == 2
    assert [(line.message, line.metadata) for line in context.logbook.entries()] == [("counting", {"label": "none"})]


def test_a_payload_that_is_valid_no_longer_fails_for_good() -> None:
    with pytest.raises(AttemptFailedError, match=r"payload\.count") as caught:
        asyncio.run(TaskRegistry([COUNT]).execute("count", {"count": "1"}, task_context()))
    assert (caught.value.error_code, caught.value.retryable) == ("INVALID_PAYLOAD", False)


def test_a_task_that_this_worker_does_not_know_is_tried_again() -> None:
    with pytest.raises(AttemptFailedError) as caught:
        asyncio.run(TaskRegistry([COUNT]).execute("newer", {}, task_context()))
    assert (caught.value.error_code, caught.value.retryable) == ("UNKNOWN_TASK", True)


@pytest.mark.parametrize("payload", [None, True, 0, -1.5, "", "ä", [], [1, [2]], {}, {"a": {"b": None}}])
def test_echo_gives_any_json_back(payload: Any) -> None:
    registry = built_in_tasks()
    registry.validate("echo", payload)
    assert asyncio.run(registry.execute("echo", payload, task_context())) == payload

"""Users' tasks as they are declared, and how the registry finds them."""

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from tests.task_contexts import task_context
from tickwell.application.task import RunsIn, TaskRegistry
from tickwell.domain.errors import InvalidInputError
from tickwell.sdk import OnLost, PlainContext, Policy, RetryPolicy, RetryStrategy, TaskContext, task
from tickwell.tasks.payload import payload_parser

PATIENT = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=5)


class Greeting(BaseModel):
    name: str


@task()
def greet(payload: Greeting, context: PlainContext) -> str:
    """Says hello.

    And more.
    """
    context.progress(50)
    context.log("info", "greeting")
    return f"hello {payload.name} at {context.due_at:%H}, {context.cancelled}"


@task("greet_again", summary="Again.", heavy=True, queue="greetings", retry=PATIENT, timeout_seconds=7, max_retries=0)
async def other(payload: "Greeting", context: TaskContext) -> str:
    await context.heartbeat()
    return f"{payload.name} {context.cancelled}"


def test_a_function_becomes_a_task_of_its_name_that_runs_in_a_process() -> None:
    assert (greet.name, greet.summary, greet.runs_in, greet.heavy) == ("greet", "Says hello.", RunsIn.PROCESS, False)
    assert (greet.queue, greet.policy) == (None, Policy())
    assert greet.payload_schema()["required"] == ["name"]
    assert TaskRegistry([greet]).runs_in("unknown") is RunsIn.LOOP


def test_what_the_decorator_is_told_are_the_defaults_of_jobs() -> None:
    assert (other.name, other.summary, other.heavy, other.queue) == ("greet_again", "Again.", True, "greetings")
    assert other.policy == Policy(retry=PATIENT, timeout_seconds=7, max_retries=0)


def test_what_is_told_singly_goes_before_the_policy() -> None:
    careful = Policy(on_lost=OnLost.FAIL, max_retries=9, timeout_seconds=60)

    @task(policy=careful, max_retries=1)
    def once(_payload: Greeting, _context: PlainContext) -> None:
        """Once."""

    assert once.policy == Policy(on_lost=OnLost.FAIL, max_retries=1, timeout_seconds=60)


def test_a_plain_function_has_a_context_whose_calls_return_when_they_are_done() -> None:
    context = task_context()
    assert asyncio.run(greet.execute({"name": "Ada"}, context)) == "hello Ada at 12, False"
    assert [entry.message for entry in context.logbook.entries()] == ["greeting"]
    assert asyncio.run(other.execute({"name": "Ada"}, context)) == "Ada False"


def test_a_payload_that_does_not_fit_is_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        TaskRegistry([greet, other]).validate("greet_again", {"name": 1})
    assert caught.value.field == "payload.name"


def test_a_field_that_a_users_model_does_not_know_is_told_the_nearest() -> None:
    class Strict(BaseModel):
        model_config = ConfigDict(extra="forbid")

        name: str = ""

    with pytest.raises(InvalidInputError, match=r"^payload\.nmae: is not known here; did you mean name\?$"):
        payload_parser(Strict)({"nmae": "Ada"})


def test_a_function_may_be_decorated_before() -> None:
    def loud(function: Callable[[Greeting, PlainContext], str]) -> Callable[[Greeting, PlainContext], str]:
        @wraps(function)
        def louder(*given: Any) -> str:
            return function(*given).upper()

        return louder

    @task()
    @loud
    def shout(payload: Greeting, _context: PlainContext) -> str:
        """Shouts."""
        return payload.name

    assert asyncio.run(shout.execute({"name": "Ada"}, task_context())) == "ADA"


@pytest.mark.parametrize("name", ["Greet", "a-b", "1a", "a" * 65])
def test_a_name_is_of_few_letters(name: str) -> None:
    with pytest.raises(ValueError, match="task name"):
        task(name)(greet.run)


def no_payload(context: PlainContext) -> None: ...


def no_annotation(payload, context):  # type: ignore[no-untyped-def]
    ...


def no_model(payload: dict[str, str], context: PlainContext) -> None: ...


def no_such_name(payload: "Nothing", context: PlainContext) -> None:  # type: ignore[name-defined]  # noqa: F821
    ...


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (no_payload, "task no_payload must take two parameters, a payload and a context"),
        (no_annotation, "parameter payload of the task no_annotation must be annotated with a pydantic model"),
        (no_model, "annotation of payload of the task no_model must be a pydantic model"),
        (no_such_name, "name 'Nothing' is not defined: the model of payload of the task no_such_name"),
    ],
)
def test_a_function_without_a_model_is_told_what_is_missing(function: Any, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        task()(function)


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ({"timeout_seconds": 0}, "timeout_seconds of the task greet must be 1 to 870"),
        ({"timeout_seconds": 871}, "timeout_seconds of the task greet must be 1 to 870"),
        ({"policy": Policy(max_retries=101)}, "max_retries of the task greet must be 0 to 100"),
        ({"queue": "Big Ones"}, "queue of the task greet must have 1 to 64 lower-case letters"),
    ],
)
def test_what_no_job_may_ask_for_is_refused(told: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        task("greet", **told)(greet.run)


@pytest.mark.parametrize("wrong", [Greeting, greet.run])
def test_what_is_no_name_is_told_how_to_write_it(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"write @task\(\)"):
        task(wrong)

"""Users' tasks as they are declared, and how the registry finds them."""

import asyncio

import pytest
from pydantic import BaseModel

from tests.task_contexts import task_context
from tickwell.application.plain_context import PlainContext
from tickwell.application.task import RunsIn, TaskContext, TaskRegistry
from tickwell.domain.errors import InvalidInputError
from tickwell.tasks.define import task


class Greeting(BaseModel):
    name: str


@task(Greeting)
def greet(payload: Greeting, context: PlainContext) -> str:
    """Says hello.

    And more.
    """
    context.progress(50)
    context.log("info", "greeting")
    return f"hello {payload.name} at {context.due_at:%H}"


@task(Greeting, name="greet_again", summary="Again.", heavy=True)
async def other(payload: Greeting, context: TaskContext) -> str:
    await context.heartbeat()
    return payload.name


def test_a_function_becomes_a_task_of_its_name_that_runs_in_a_process() -> None:
    assert (greet.name, greet.summary, greet.runs_in, greet.heavy) == ("greet", "Says hello.", RunsIn.PROCESS, False)
    assert (other.name, other.summary, other.heavy) == ("greet_again", "Again.", True)
    assert greet.payload_schema()["required"] == ["name"]
    assert TaskRegistry([greet]).runs_in("unknown") is RunsIn.LOOP


def test_a_plain_function_has_a_context_whose_calls_return_when_they_are_done() -> None:
    context = task_context()
    assert asyncio.run(greet.execute({"name": "Ada"}, context)) == "hello Ada at 12"
    assert [entry.message for entry in context.logbook.entries()] == ["greeting"]
    assert asyncio.run(other.execute({"name": "Ada"}, context)) == "Ada"


def test_a_payload_that_does_not_fit_is_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        TaskRegistry([greet]).validate("greet", {"name": 1})
    assert caught.value.field == "payload.name"


@pytest.mark.parametrize("name", ["Greet", "a-b", "1a", "a" * 65])
def test_a_name_is_of_few_letters(name: str) -> None:
    with pytest.raises(ValueError, match="task name"):
        task(Greeting, name=name)(greet.run)

"""Each built function under the runtime interface emulator, with the events that `sam local invoke` takes as well."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import sam
from tests.e2e.deployment import Deployment
from tests.e2e.emulator import EmulatedFunction, emulated
from tests.e2e.local_aws import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

EVENTS = ROOT / "tests" / "events"
FUNCTIONS = {
    "ApiFunction": "api",
    "WorkerFunction": "worker",
    "DispatcherFunction": "dispatcher",
    "SafetySyncFunction": "safety-sync",
    "DeadLetterFunction": "dead-letter",
    "OutcomesFunction": "outcomes",
    "NotifierFunction": "notifier",
    "ArchiveFunction": "archive",
}
NOTHING_AGAIN: dict[str, Any] = {"batchItemFailures": []}
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("api", "ApiFunction", {"statusCode": 200}),
    ("api_register", "ApiFunction", {"statusCode": 201}),
    ("api_unknown_path", "ApiFunction", {"statusCode": 404}),
    ("worker", "WorkerFunction", NOTHING_AGAIN),
    ("worker_unreadable", "WorkerFunction", NOTHING_AGAIN),
    ("dispatcher", "DispatcherFunction", NOTHING_AGAIN),
    ("safety_sync", "SafetySyncFunction", {"unavailable": 0, "behind": 0}),
    ("dead_letter", "DeadLetterFunction", NOTHING_AGAIN),
    ("outcomes", "OutcomesFunction", {"notifications": 1}),
    ("notifier", "NotifierFunction", NOTHING_AGAIN),
    ("archive", "ArchiveFunction", {"lines": 1, "objects": 1}),
]
"""Event file, function, what its answer holds."""


@pytest.fixture(scope="module")
def emulators(built: Path, folder: Path, plain: Deployment) -> Iterator[dict[str, EmulatedFunction]]:
    """All functions, with the environment that they have in the deployed stack."""
    with ExitStack() as stack:
        yield {
            function: stack.enter_context(
                emulated(built, function, folder, {**plain.aws.environment(), **plain.function_environment(name)})
            )
            for function, name in FUNCTIONS.items()
        }


@pytest.mark.parametrize(("event", "function", "expected"), CASES)
def test_a_built_function_answers_its_event(
    emulators: dict[str, EmulatedFunction], event: str, function: str, expected: dict[str, Any]
) -> None:
    running = emulators[function]

    answer = running.invoke((EVENTS / f"{event}.json").read_bytes())

    assert "errorType" not in answer, f"{answer}\n{running.output()}"
    assert {name: answer.get(name) for name in expected} == expected, running.output()
    assert re.search(r"^REPORT RequestId: \S+.*Duration: ", running.output(), re.MULTILINE)


def test_every_event_file_is_used_and_is_json() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == {event for event, *_ in CASES}
    for path in EVENTS.glob("*.json"):
        json.loads(path.read_text())


def test_the_layer_brings_bytecode_and_what_dataclasses_compile(built: Path) -> None:
    """Whatever lies in the working tree: it may never have run anything."""
    package = built / sam.LAYER / "python" / "tickwell"
    compiled = {path.name for path in (package / "__pycache__").iterdir()}
    assert {"dataclasses.cpython-313.compiled", "__init__.cpython-313.pyc"} <= compiled

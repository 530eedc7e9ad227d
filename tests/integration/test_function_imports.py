"""What each function has loaded when its init is over: a cold start pays for every module."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.lambda_starts import Loaded, deployed, loaded_by, services_served

ROOT = Path(__file__).resolve().parent.parent.parent
FUNCTIONS = ROOT / "functions"

SDK = {"botocore", "dateutil", "jmespath", "six", "urllib3"}
MODELS = {"annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"}
ALL = {*SDK, *MODELS, "croniter"}
HTTP_CLIENT = {"anyio", "h11", "h2", "hpack", "httpcore2", "httpx2", "hyperframe", "idna", "truststore"}
ROUTES = {"aws_lambda_powertools", "argon2", "jwt"}

EXPECTED = {
    "api": ALL | HTTP_CLIENT | ROUTES,
    "worker": ALL | HTTP_CLIENT,
    "notifier": ALL | HTTP_CLIENT,
    "dispatcher": ALL,
    "safety_sync": ALL,
    "dead_letter": ALL,
    "outcomes": ALL,
    "archive": ALL,
}
"""The libraries that a function may load."""

WORKERS_OWN = {"asyncio", "multiprocessing", "tickwell.application.execute_batch"}
WITHOUT = {
    "dispatcher": {*WORKERS_OWN, "tickwell.adapters.aws.dynamodb"},
    "safety_sync": WORKERS_OWN,
    "dead_letter": WORKERS_OWN,
    "outcomes": WORKERS_OWN,
    "archive": {*WORKERS_OWN, "tickwell.messages"},
    "api": {"multiprocessing", "tickwell.http.openapi", "aws_lambda_powertools.event_handler.openapi.models"},
    "worker": {"tickwell.http"},
    "notifier": {"multiprocessing", "tickwell.application.execute_batch", "tickwell.tasks", "tickwell.http"},
}
"""What was loaded once, or easily is, and is not needed."""


@pytest.fixture(scope="module")
def services() -> Iterator[str]:
    with services_served() as url:
        yield url


@pytest.fixture(params=sorted(path.name for path in FUNCTIONS.iterdir() if (path / "handler.py").exists()))
def function(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def loaded(function: str, services: str) -> Loaded:
    return loaded_by(Path(sys.executable), FUNCTIONS / function, deployed(services))


def test_a_function_loads_what_it_needs(function: str, loaded: Loaded) -> None:
    libraries = {name.partition(".")[0] for name in loaded.libraries} - sys.stdlib_module_names
    known = {name for name in libraries if not name.startswith("_")} - OF_THIS_ENVIRONMENT
    assert known <= EXPECTED[function]
    assert not WITHOUT[function] & {*loaded.modules}
    assert not [name for name in loaded.modules if left_out_of_the_layer(name)]


OF_THIS_ENVIRONMENT = {"certifi", "cffi", "cryptography"}
"""What others have brought here, and who finds it loads it: neither the layer nor the Lambda runtime has it."""


def left_out_of_the_layer(module: str) -> bool:
    """Whether the layer's build removes it: then the function would not start."""
    told = re.search(r"^UNUSED := ((?:.*\\\n)*.*)$", (ROOT / "layers" / "core" / "Makefile").read_text(), re.MULTILINE)
    assert told is not None
    unused = [path.removesuffix(".py").replace("/", ".") for path in told[1].replace("\\\n", " ").split()]
    assert "tickwell.adapters.embedded" in unused
    return any(module == name or module.startswith(f"{name}.") for name in unused if name not in OF_THIS_ENVIRONMENT)

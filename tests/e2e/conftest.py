"""One build, and a deployment of it on a local AWS for each way of running; all work at the same time."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e import sam
from tests.e2e.deployment import Deployment
from tests.e2e.flows import Flows, submit
from tests.e2e.local_aws import ACCOUNT, REGION, LocalAws, started
from tests.e2e.local_iam import translate_permissions
from tests.e2e.receiver import Receiver, receiving
from tests.e2e.redrive import Redriven, redrive

PLAIN = "plain"
IAM = "iam"
SCHEDULER = "scheduler"

WITH_OWN_TASKS = IAM
"""The stack whose parameter TaskLayerArn names the layer of examples/own_tasks."""

CALLABLE = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{sam.STACK}-api"
"""What jobs may call by ``invoke_lambda``: the API's own function, which answers whoever sends it an event."""

IAM_ENFORCED = {PLAIN: False, IAM: True, SCHEDULER: True}
FAR_TIMER = {PLAIN: "sweep", IAM: "sweep", SCHEDULER: "scheduler"}


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Everything that the run writes; gone at its end."""
    with tempfile.TemporaryDirectory(prefix="tickwell-e2e-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def built(folder: Path) -> Path:
    """The artifacts of `sam build`."""
    return sam.build(folder, {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"})


@pytest.fixture(scope="session")
def built_own_tasks(folder: Path) -> Path:
    """The layer of the example of users' own tasks."""
    return sam.build_own_tasks(folder, {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"})


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """The HTTP server that jobs call."""
    with receiving() as running:
        yield running


@pytest.fixture(scope="session")
def deployments(built: Path, built_own_tasks: Path, folder: Path) -> Iterator[Mapping[str, Future[Deployment]]]:
    """The stacks by name: without and with IAM enforced, and with EventBridge Scheduler as far timer.

    One of them has the tasks of the example besides the built-in ones.
    """
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        yield {
            name: pool.submit(
                _deployed,
                built,
                built_own_tasks,
                name,
                stack.enter_context(started(folder / name, iam_enforced=enforced)),
            )
            for name, enforced in IAM_ENFORCED.items()
        }


def _deployed(built: Path, own_tasks: Path, name: str, aws: LocalAws) -> Deployment:
    own = {"TaskLayerArn": sam.deploy_own_tasks(own_tasks, aws)} if name == WITH_OWN_TASKS else {}
    outputs = sam.deploy(built, aws, far_timer=FAR_TIMER[name], AllowedFunctions=CALLABLE, **own)
    deployment = Deployment(aws=aws, outputs=outputs)
    deployment.verify_sender()
    if IAM_ENFORCED[name]:
        translate_permissions(aws, deployment.outputs["BlobBucketName"])
    return deployment


@pytest.fixture(scope="session")
def flows(deployments: Mapping[str, Future[Deployment]], receiver: Receiver) -> Iterator[Mapping[str, Future[Flows]]]:
    """Everything submitted to every stack at once; the tests then look at what became of it."""
    with ThreadPoolExecutor() as pool:
        yield {
            name: pool.submit(_submitted, name, deployed, receiver, turn)
            for turn, (name, deployed) in enumerate(deployments.items())
        }


def _submitted(name: str, deployed: Future[Deployment], receiver: Receiver, turn: int) -> Flows:
    return submit(name, deployed.result(), receiver, turn=turn)


@pytest.fixture(scope="session")
def redrives(flows: Mapping[str, Future[Flows]], receiver: Receiver) -> Iterator[Mapping[str, Future[Redriven]]]:
    """Messages that the lane of each stack gives up, beside all that was submitted."""
    with ThreadPoolExecutor() as pool:
        yield {name: pool.submit(_redriven, name, flows[name], receiver) for name in flows}


def _redriven(name: str, flow: Future[Flows], receiver: Receiver) -> Redriven:
    submitted = flow.result()
    return redrive(name, submitted.deployment, receiver, at=submitted.limited.due_at)


@pytest.fixture(params=[PLAIN, IAM, SCHEDULER])
def stack(
    request: pytest.FixtureRequest, flows: Mapping[str, Future[Flows]], redrives: Mapping[str, Future[Redriven]]
) -> str:
    """The name of one stack. Asking for it has everything submitted to all of them."""
    name: str = request.param
    assert name in flows
    assert name in redrives
    return name


@pytest.fixture
def flow(stack: str, flows: Mapping[str, Future[Flows]]) -> Flows:
    """What was submitted to one stack."""
    return flows[stack].result()


@pytest.fixture
def redriven(stack: str, redrives: Mapping[str, Future[Redriven]]) -> Redriven:
    """The jobs of one stack whose messages its lane gave up."""
    return redrives[stack].result()


@pytest.fixture(scope="session")
def plain(deployments: Mapping[str, Future[Deployment]]) -> Deployment:
    """The stack without enforced IAM."""
    return deployments[PLAIN].result()

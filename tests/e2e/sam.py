"""`sam build` and `sam deploy` as a user types them, but into a build folder and an AWS of the test run."""

import json
import platform
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from tests.e2e.local_aws import ROOT, LocalAws

SAM = ROOT / ".venv-sam" / "bin" / "sam"
STACK = "tickwell-dev"
"""The name in samconfig.toml, which the queue names in tests/events/ begin with."""
SENDER = "tickwell@sender.example"

ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
LAYER = {"x86_64": "CoreLayerX86", "arm64": "CoreLayerArm64"}[ARCHITECTURE]
EMULATOR = {"x86_64": "aws-lambda-rie-x86_64", "arm64": "aws-lambda-rie-arm64"}[ARCHITECTURE]

PARAMETERS = {
    "Architecture": ARCHITECTURE,
    "Stage": "e2e",
    "SenderAddress": SENDER,
    "AllowPrivateHosts": "127.0.0.1",
    "DirectHorizonSeconds": "130",
    "RateLimitPerHour": "0",
    "ReadLimitPerHour": "0",
    "RegistrationsPerHour": "0",
}


class SamError(Exception):
    """A SAM command failed; the message ends with what it printed."""


OWN_TASKS = ROOT / "examples" / "own_tasks"
TASKS_STACK = "shop-tasks"


def build(folder: Path, environment: dict[str, str]) -> Path:
    """Build the functions and the layers; returns the folder of the artifacts."""
    target = folder / "build"
    _run(
        ["build", f"--build-dir={target}", f"--cache-dir={folder / 'cache'}", *_overrides()],
        environment,
    )
    _pack_media_layers(target)
    return target


def build_own_tasks(folder: Path, environment: dict[str, str]) -> Path:
    """Build the layer of the example of users' own tasks, as its Makefile does; returns the folder of the artifacts."""
    target = folder / "own-tasks"
    machine = {"x86_64": "x86_64", "arm64": "aarch64"}[ARCHITECTURE]
    arguments = ["build", f"--template-file={OWN_TASKS / 'template.yaml'}", f"--build-dir={target}"]
    _run([*arguments, f"--cache-dir={folder / 'own-tasks-cache'}"], {**environment, "MACHINE": machine})
    return target


def deploy_own_tasks(built: Path, aws: LocalAws) -> str:
    """Deploy that layer; its ARN."""
    template = f"--template-file={built / 'template.yaml'}"
    arguments = ["--stack-name", TASKS_STACK, "--resolve-s3", "--no-fail-on-empty-changeset", "--no-confirm-changeset"]
    _run(["deploy", template, *arguments], aws.environment())
    return _outputs(TASKS_STACK, aws)["TaskLayerArn"]


def _pack_media_layers(built: Path) -> None:
    """Zip the largest layers once, and quickly: each deployment would take its time to do so by itself."""
    template = built / "template.yaml"
    text = template.read_text()
    for folder in built.glob("MediaLayer*"):
        packed = folder.with_suffix(".zip")
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
        text = text.replace(f"ContentUri: {folder.name}\n", f"ContentUri: {packed.name}\n")
    template.write_text(text)


def deploy(built: Path, aws: LocalAws, *, far_timer: str, **parameters: str) -> dict[str, str]:
    """Deploy what `build` made, with ``parameters`` besides those of all; returns the stack's outputs."""
    _run(
        [
            "deploy",
            f"--config-file={ROOT / 'samconfig.toml'}",
            "--no-confirm-changeset",
            f"--template-file={built / 'template.yaml'}",
            f"--stack-name={STACK}",
            *_overrides(FarTimer=far_timer, **parameters),
        ],
        aws.environment(),
    )
    return _outputs(STACK, aws)


def _outputs(stack: str, aws: LocalAws) -> dict[str, str]:
    listed = _run(["list", "stack-outputs", "--stack-name", stack, "--output", "json"], aws.environment())
    outputs: list[dict[str, Any]] = json.loads(listed)
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def _overrides(**more: str) -> list[str]:
    parameters = {**PARAMETERS, **more}
    return ["--parameter-overrides", " ".join(f"{name}={value}" for name, value in parameters.items())]


def _run(arguments: list[str], environment: dict[str, str]) -> str:
    # SAM leaves a folder behind for each artifact that it uploads.
    with tempfile.TemporaryDirectory(prefix="tickwell-e2e-sam-") as temporary:
        done = subprocess.run(
            [SAM, *arguments],
            cwd=ROOT,
            env={**environment, "TMPDIR": temporary},
            text=True,
            capture_output=True,
            timeout=300,
            check=False,
        )
    if done.returncode != 0:
        raise SamError(f"sam {arguments[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout

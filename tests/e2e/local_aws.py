"""A local AWS (ministack) of its own for one test run: a process on a free port, gone when the test run ends."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import boto3
import httpx2

ROOT = Path(__file__).resolve().parent.parent.parent
REGION = "us-east-1"
ACCOUNT = "000000000000"

Services = Literal["cloudformation", "dynamodb", "iam", "lambda", "logs", "s3", "secretsmanager", "sesv2", "sqs"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalAws:
    """Where a running ministack answers. Its root credentials are ``test``/``test``."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """The environment for a process that is to see this AWS and never a real one."""
        kept = ("HOME", "LANG", "PATH", "TMPDIR")
        blind = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
            **blind,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "SAM_CLI_TELEMETRY": "0",
        }

    def client(self, service: Services) -> Any:
        """A root client of one service."""
        session = boto3.Session("test", "test", region_name=REGION)
        return session.client(service, endpoint_url=self.url)

    def sent_mail(self) -> list[dict[str, Any]]:
        """What SES accepted so far."""
        answer = httpx2.get(f"{self.url}/_ministack/ses/messages", params={"account": ACCOUNT}, timeout=10)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["messages"].get(ACCOUNT, [])
        return found


def free_port() -> int:
    """A port of the loopback interface that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(folder: Path, *, iam_enforced: bool) -> Iterator[LocalAws]:
    """Run ministack with all that it writes below ``folder``."""
    aws = LocalAws(port=free_port(), log=folder / "ministack.log")
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    environment = {
        **aws.environment(),
        "AUTH": "true" if iam_enforced else "false",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(aws.port),
        "IOT_MTLS_ENABLED": "false",
        "SFTP_ENABLED": "false",
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "TMPDIR": str(temporary),
    }
    with aws.log.open("w") as log:
        process = subprocess.Popen(
            [ROOT / ".venv-ministack" / "bin" / "python", ROOT / "tests" / "e2e" / "start_local_aws.py"],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_ready(aws, process)
            yield aws
        finally:
            stop_group(process)


def stop_group(process: "subprocess.Popen[bytes]") -> None:
    """End a process that leads its own session, and whatever it started."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signal_number)
            process.wait(timeout=5)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _wait_until_ready(aws: LocalAws, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            httpx2.get(f"{aws.url}/_ministack/health", timeout=1)
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"ministack did not start:\n{aws.log.read_text()[-2000:]}")

"""A built function under the Lambda runtime interface emulator: the real runtime client, INIT and REPORT lines."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.e2e import sam
from tests.e2e.local_aws import REGION, ROOT, free_port, stop_group


@dataclass(frozen=True, kw_only=True, slots=True)
class EmulatedFunction:
    """A function that waits for invocations."""

    port: int
    log: Path

    def invoke(self, event: bytes) -> Any:
        """The function's answer; one that failed has ``errorType``."""
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        deadline = time.monotonic() + 10
        while True:
            try:
                answer = httpx2.post(url, content=event, timeout=60)
            except httpx2.ConnectError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return answer.json() if answer.content else None

    def output(self) -> str:
        """What emulator and function have printed so far."""
        return self.log.read_text(errors="replace")


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """What is started: ``python`` has boto3 and Lambda's runtime client; ``path`` comes after the layer.

    ``code`` is the folder of other code than the function's own.
    """

    python: Path = ROOT / ".venv-ministack" / "bin" / "python"
    handler: str = "handler.handler"
    path: Sequence[Path] = ()
    code: Path | None = None


AS_DEPLOYED = Start()


@contextmanager
def emulated(
    built: Path, function: str, folder: Path, environment: dict[str, str], *, start: Start = AS_DEPLOYED
) -> Iterator[EmulatedFunction]:
    """Start the function with logical id ``function`` from the folder that `sam build` made."""
    code = start.code or built / function
    emulator = next((ROOT / ".venv-sam" / "lib").glob(f"python*/site-packages/samcli/local/rapid/{sam.EMULATOR}"))
    running = EmulatedFunction(port=free_port(), log=folder / f"{function}.log")
    command = [
        str(emulator),
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{running.port}",
        "--runtime-api-address",
        f"127.0.0.1:{free_port()}",
        str(start.python),
        "-m",
        "awslambdaric",
        start.handler,
    ]
    lambda_environment = {
        **environment,
        "PATH": os.environ["PATH"],
        "AWS_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "LAMBDA_TASK_ROOT": str(code),
        "PYTHONPATH": os.pathsep.join(map(str, (built / sam.LAYER / "python", *start.path))),
    }
    with running.log.open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=code,
            env=lambda_environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield running
        finally:
            stop_group(process)

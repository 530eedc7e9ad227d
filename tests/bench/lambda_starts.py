"""Cold starts of functions under the Lambda runtime interface emulator, as ``sam build`` made them."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.background_server import answering
from tests.bench.benches import ENVIRONMENTS
from tests.e2e import sam
from tests.e2e.emulator import Start, emulated
from tests.e2e.local_aws import REGION, ROOT

_RUNTIME = {"awslambdaric", "boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "simplejson"}
_RUNTIME |= {"six", "snapshot-restore-py", "urllib3"}
"""What the Lambda runtime has besides Python, as far as functions load it."""

_QUEUE = "https://sqs.us-east-1.amazonaws.com/000000000000"
_DEPLOYED = {
    "PYTHONTZPATH": "",
    "TICKWELL_ENGINE": "aws",
    "TICKWELL_TABLE": "table",
    "TICKWELL_BLOB_BUCKET": "bucket",
    "TICKWELL_SECRETS_PREFIX": "tickwell",
    **{f"TICKWELL_LANE_{lane.upper()}_URL": f"{_QUEUE}/{lane}" for lane in ("high", "medium", "low", "heavy", "dlq")},
    "TICKWELL_FAR_TIMER": "sweep",
    "TICKWELL_SCHEDULE_GROUP": "group",
    "TICKWELL_SCHEDULE_ROLE_ARN": "arn:aws:iam::000000000000:role/schedule",
    "TICKWELL_DISPATCH_QUEUE_ARN": "arn:aws:sqs:us-east-1:000000000000:dispatch",
    "TICKWELL_DISPATCH_QUEUE_URL": f"{_QUEUE}/dispatch",
    "TICKWELL_DISPATCH_DLQ_URL": f"{_QUEUE}/dispatch-dlq",
    "TICKWELL_NOTIFICATION_URL": f"{_QUEUE}/notify",
    "TICKWELL_NOTIFICATION_DLQ_URL": f"{_QUEUE}/notify-dlq",
    "TICKWELL_JWT_SECRET_ID": "secret",
    "TICKWELL_SENDER_ADDRESS": sam.SENDER,
}
"""What the template sets; a function takes what it needs of it."""

MEASURED = "measured"
_MEASURED = """
import time

_before = time.process_time()
from handler import handler

print("INIT CPU", (time.process_time() - _before) * 1000, flush=True)
"""

_PROBE = """
import json, sys
import botocore.session

services = []
create = botocore.session.Session.create_client

def recorded(self, service_name, *arguments, **named):
    services.append(service_name)
    return create(self, service_name, *arguments, **named)

botocore.session.Session.create_client = recorded
import handler

specs = {name: getattr(module, "__spec__", None) for name, module in sys.modules.items()}
modules = [name for name, spec in specs.items() if getattr(spec, "name", None) == name]
print(json.dumps({"modules": [name for name in modules if name != "handler"], "services": services}))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """What a function has loaded when its init is over: modules in the order of their import, clients by service."""

    modules: Sequence[str]
    services: Sequence[str]

    @property
    def libraries(self) -> Sequence[str]:
        """The modules that are not Tickwell's."""
        return [name for name in self.modules if name.partition(".")[0] != "tickwell"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """One cold start, in milliseconds: init as the emulator tells it, processor time of the handler's import in it."""

    init: float
    cpu: float
    first_answer: float


class FunctionStarts:
    """Starts functions of the folder that ``sam build`` made; all services of AWS are at ``services``."""

    def __init__(self, built: Path, folder: Path, services: str) -> None:
        self._built = built
        self._folder = folder
        self._python = _lambda_python()
        self._environment = deployed(services)
        self._measured = folder / MEASURED
        self._measured.mkdir()
        (self._measured / f"{MEASURED}.py").write_text(_MEASURED)

    def loaded(self, function: str) -> Loaded:
        """What the function loads, found in a process of its own."""
        environment = {**self._environment, "PYTHONPATH": str(self._built / sam.LAYER / "python")}
        return loaded_by(self._python, self._built / function, environment)

    def start(self, function: str, event: bytes, *, code: str | None = None) -> Started:
        """Start it once and let it answer ``event``; ``code`` stands in place of its own handler."""
        folder = None
        if code is not None:
            folder = self._folder / f"{function}-bare"
            folder.mkdir(exist_ok=True)
            (folder / "handler.py").write_text(code)
        how = Start(python=self._python, handler=f"{MEASURED}.handler", path=[self._measured], code=folder)
        with emulated(self._built, function, self._folder, self._environment, start=how) as running:
            running.invoke(event)
            return _told(running.output())


def deployed(services: str) -> dict[str, str]:
    """The environment of a function whose AWS services are at ``services``."""
    nobody = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
    return {**nobody, **_DEPLOYED, "AWS_ENDPOINT_URL": services}


def loaded_by(python: Path, folder: Path, environment: Mapping[str, str]) -> Loaded:
    """What the handler in ``folder`` loads; raises RuntimeError with what it said if it does not start."""
    command = [str(python), "-c", _PROBE]
    told = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise RuntimeError(told.stderr)
    return Loaded(**json.loads(told.stdout.splitlines()[-1]))


def _told(output: str) -> Started:
    found = [
        re.search(pattern, output)
        for pattern in (
            r"INIT REPORT\(durationMs: ([\d.]+)\)",
            r"INIT CPU ([\d.]+)",
            r"INVOKE RTDONE\(.*duration: ([\d.]+)ms\)",
        )
    ]
    figures = [float(one[1]) for one in found if one is not None]
    if len(figures) != len(found) or "INIT RTDONE(status: success)" not in output:
        raise RuntimeError(f"the function did not start:\n{output}")
    init, cpu, first_answer = figures
    return Started(init=init, cpu=cpu, first_answer=first_answer)


@contextmanager
def services_served() -> Iterator[str]:
    """Where AWS's services answer, all with the same: the API reads its signing key when it starts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    with answering(server):
        yield f"http://127.0.0.1:{server.server_port}"


class _Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"ARN": "secret", "Name": "secret", "SecretString": "k" * 64}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _lambda_python() -> Path:
    """An interpreter with what the Lambda runtime has, and no more: a library that lies about would be loaded, too."""
    folder = ENVIRONMENTS / "lambda-runtime"
    wanted = folder / "requirements.txt"
    python = folder / "bin" / "python"
    requirements = _locked(ROOT / "requirements" / "ministack.txt")
    if wanted.exists() and wanted.read_text() == requirements:
        return python
    told = subprocess.run([ROOT / "infra" / "find-python", "3.13"], capture_output=True, text=True, check=True)
    subprocess.run([told.stdout.strip(), "-m", "venv", "--clear", folder], check=True)
    being = folder / "being-installed.txt"
    being.write_text(requirements)
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(being)]
    subprocess.run(install, check=True)
    being.rename(wanted)
    return python


def _locked(lock: Path) -> str:
    """The part of the lock file that the runtime is made of."""
    parts = re.finditer(r"^(?P<name>\S+?)==[^\n]*(?:\n    [^\n]*)*\n", lock.read_text(), re.MULTILINE)
    found = {part["name"]: part[0] for part in parts if part["name"] in _RUNTIME}
    if missing := _RUNTIME - found.keys():
        raise RuntimeError(f"{lock} has no {', '.join(sorted(missing))}")
    return "".join(found.values())

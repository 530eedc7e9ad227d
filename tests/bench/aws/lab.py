"""Two processes on one emulator, one that submits and one that works, and what their jobs took of each."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.aws.proxy import Proxy
from tests.bench.aws.stack import LANE
from tests.bench.environments import python_environment
from tests.bench.results import Cell
from tests.e2e.local_aws import LocalAws
from tests.server_process import eventually

CELERY = "celery[sqs]==5.7.0"

_PATIENCE_SECONDS = 120.0
_A_REQUEST = 100
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_PROGRAM = Path(__file__).parent / "celery_program.py"


@dataclass(frozen=True, kw_only=True, slots=True)
class Worked:
    """What ``jobs`` took: calls by operation, and CPU of the one process that made them."""

    jobs: int
    calls: Mapping[str, int]
    cpu_ms: float

    @property
    def calls_per_job(self) -> float:
        return sum(self.calls.values()) / self.jobs

    @property
    def cpu_ms_per_job(self) -> float:
        return self.cpu_ms / self.jobs

    def row(self, name: str) -> list[Cell]:
        """Of the table."""
        shown = ", ".join(f"{operation} {count / self.jobs:.2f}" for operation, count in _most_first(self.calls))
        return [name, self.calls_per_job, self.cpu_ms_per_job, shown]


@dataclass(frozen=True, kw_only=True, slots=True)
class Both:
    """What the process that submits and the one that works took."""

    submitted: Worked
    worked: Worked


def _most_first(calls: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(calls.items(), key=lambda each: -each[1])


@dataclass(frozen=True, kw_only=True, slots=True)
class Lab:
    """The emulator, and how those who use it see it."""

    aws: LocalAws
    counted: Proxy
    folder: Path
    settings: Mapping[str, str]

    def tickwell(self, jobs: int, *how: str) -> Both:
        """Submit ``jobs``, then work: what each took."""
        submitting = [sys.executable, "-m", "tests.bench.aws.submitting", str(jobs), str(min(jobs, _A_REQUEST))]
        working = [sys.executable, "-m", "tests.bench.aws.working", f"{self.counted.url}/000000000000/{LANE}", *how]
        return self._both(LANE, jobs, submitting, working)

    def celery(self, jobs: int) -> Both:
        """The same of the peer, whose worker takes ten messages and runs them itself. Raises NotInstalledError."""
        python = str(python_environment("celery-sqs", [CELERY]))
        self.aws.client("sqs").create_queue(QueueName="celery")
        worker = [python, "-m", "celery", "--workdir", str(_PROGRAM.parent), "-A", _PROGRAM.stem, "worker"]
        flags = ["--pool=solo", "--loglevel=ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        return self._both("celery", jobs, [python, str(_PROGRAM), str(jobs)], [*worker, *flags])

    def _both(self, queue: str, jobs: int, submitting: Sequence[str], working: Sequence[str]) -> Both:
        """The first jobs warm both up; then the worker is held until all others are there, so that batches are full."""
        with self._process(submitting, answers=True) as submitter:
            _wait_for_line(submitter)
            with self._process(working) as worker:
                self._until_empty(queue)
                worker.send_signal(signal.SIGSTOP)
                submitted = self._submitted(submitter, jobs)
                before_ms = _cpu_ms(worker)
                self.counted.calls.clear()
                worker.send_signal(signal.SIGCONT)
                self._until_empty(queue)
                spent_ms = _cpu_ms(worker) - before_ms
                worked = Worked(jobs=jobs, calls=dict(self.counted.calls), cpu_ms=spent_ms)
                return Both(submitted=submitted, worked=worked)

    def _submitted(self, submitter: "subprocess.Popen[str]", jobs: int) -> Worked:
        self.counted.calls.clear()
        before_ms = _cpu_ms(submitter)
        assert submitter.stdin is not None
        submitter.stdin.write("go\n")
        submitter.stdin.flush()
        _wait_for_line(submitter)
        return Worked(jobs=jobs, calls=dict(self.counted.calls), cpu_ms=_cpu_ms(submitter) - before_ms)

    @contextmanager
    def _process(self, command: Sequence[str], *, answers: bool = False) -> Iterator["subprocess.Popen[str]"]:
        with (self.folder / "said.txt").open("a") as said:
            process = subprocess.Popen(
                command,
                env=dict(self.settings),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if answers else said,
                stderr=said,
                text=True,
            )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def _until_empty(self, queue: str) -> None:
        """Until every message was deleted, and what Celery writes after that has settled."""
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def is_empty() -> bool:
            counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            return all(int(count) == 0 for count in counts.values())

        eventually(is_empty, seconds=_PATIENCE_SECONDS)
        calls = -1
        while calls != (calls := sum(self.counted.calls.values())):
            time.sleep(0.5)


def _cpu_ms(process: "subprocess.Popen[str]") -> float:
    """What the process has used so far, of the user's time and the system's."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_MS


def _wait_for_line(process: "subprocess.Popen[str]") -> None:
    """Until it says ``done``; what functions log on the way is passed over."""
    assert process.stdout is not None
    for line in process.stdout:
        if line == "done\n":
            return
    raise RuntimeError("the process that submits has ended")

"""The jobs that a bad cloud has to carry, and the client that asks for them: as patient as its documentation says."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.background_server import answering
from tests.chaos.cloud.clock import CloudClock
from tests.chaos.cloud.platform import Cloud, HungError, StoppedError
from tests.contract.mail_servers import LOOPBACK
from tests.function_stack import http_event
from tickwell.domain.errors import UnavailableError
from tickwell.domain.instant import iso
from tickwell.http.repeats import INCOMPLETE_HEADER

LARGE: Final = 300_000
"""A payload of so many bytes goes to S3, and so does what the task makes of it."""

ROUNDS: Final = 5
PERIOD_SECONDS: Final = 60
_MOST_TRIES: Final = 60
_PAUSE_SECONDS: Final = 5


class Receiver:
    """A server outside: what came, by path; the first request to a path below ``/fails-first`` is answered with 500."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: dict[str, Counter[str]] = {}

    def answer(self, path: str, key: str) -> int:
        """The status of its answer."""
        seen = self.keys.setdefault(path, Counter())
        seen[key] += 1
        if path.startswith("/hooks"):
            return 204
        if path.startswith("/never"):
            return 500
        return 500 if path.startswith("/fails-first") and seen.total() == 1 else 200


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver for as long as the block lasts."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            key = self.headers.get("Idempotency-Key") or self.headers.get("webhook-id")
            self.send_response(receiver.answer(self.path, str(key)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    receiver.url = f"http://{LOOPBACK}:{server.server_port}"
    with answering(server):
        yield receiver


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A job that was asked for: how it must end, when it is due (empty: once, or not at all), and where it calls."""

    job_id: str
    kind: str
    ends: str = "completed"
    due_at: tuple[str, ...] = ()
    path: str | None = None


@dataclass(kw_only=True)
class Client:
    """Sends each request until it is answered: what changes something with an Idempotency-Key."""

    cloud: Cloud
    clock: CloudClock
    token: str = ""
    answers: Counter[int] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    keys: int = 0
    _is_incomplete: bool = False

    def ask(self, method: str, path: str, body: Any = None, *, keyed: bool = True) -> tuple[int, Any]:
        """The final answer; a request that is never answered is noted, with status 0."""
        self.keys += 1
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if keyed:
            headers["idempotency-key"] = f"request-{self.keys}"
        for _ in range(_MOST_TRIES):
            status, answer = self._once(method, path, body, headers)
            self.answers[status] += 1
            in_progress = isinstance(answer, dict) and answer.get("code") == "IDEMPOTENCY_IN_PROGRESS"
            if status == 500:
                self.refused.append(f"{method} {path} was answered with 500")
            if 0 < status < 500 and not in_progress and not self._is_incomplete:
                return status, answer
            self.cloud.run(until=lambda: False, limit_seconds=_PAUSE_SECONDS)
        self.refused.append(f"{method} {path} was never answered")
        return 0, None

    def _once(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        """Status and body; status 0 where the function was stopped, and the gateway says 503 in its stead."""
        self._is_incomplete = False
        try:
            answer = self.cloud.invoke("api", http_event(method, path, body, headers))
        except UnavailableError:  # a cold start that failed: the gateway says 500, and the next one begins anew
            self.cloud.seen.failed["api"] += 1
            return 0, None
        except StoppedError:
            self.cloud.seen.stopped.append(f"api was stopped at {method} {path}")
            return 0, None
        except HungError:
            self.cloud.seen.hung.append(f"api hung at {method} {path}")
            return 0, None
        self._is_incomplete = INCOMPLETE_HEADER in {name.title() for name in answer["headers"]}
        return answer["statusCode"], json.loads(answer["body"])


@dataclass(kw_only=True)
class Work:
    """Asks for jobs of every kind; ``wanted`` are those that were accepted."""

    client: Client
    receiver: Receiver
    chance: random.Random
    wanted: list[Wanted] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    asked: int = 0

    def register(self) -> None:
        """Become a user with a webhook and a queue that lets two attempts run at once."""
        account = {"email": "ada@example.com", "password": "Secret-99"}
        status, answer = self.client.ask("POST", "/api/v1/auth/register", account, keyed=False)
        if status == 409:  # the registration had taken effect, and its answer was lost
            _, answer = self.client.ask("POST", "/api/v1/auth/login", account, keyed=False)
        self.client.token = answer["data"]["token"]
        self.client.ask("POST", "/api/v1/webhooks", {"url": f"{self.receiver.url}/hooks"})
        self.client.ask("POST", "/api/v1/queues", {"name": "narrow", "concurrency": 2})

    def add(self, count: int) -> None:
        """So many jobs more, in turn of each kind."""
        kinds: tuple[Callable[[int], None], ...] = (
            self._now,
            self._soon,
            self._far,
            self._calls,
            self._fails_first,
            self._never,
            self._mails,
            self._large,
            self._recurring,
            self._narrow,
            self._cancelled,
            self._batch,
        )
        for number in range(self.asked, self.asked + count):
            kinds[number % len(kinds)](number)
        self.asked += count

    def _ask(self, kind: str, number: int, body: dict[str, Any], **expected: Any) -> dict[str, Any] | None:
        named = {"name": f"{kind} {number}", "task": "echo", **body}
        status, answer = self.client.ask("POST", "/api/v1/jobs", named)
        if status not in {200, 201}:
            self.faults.append(f"{kind} {number} was answered with {status}: {answer}")
            return None
        data: dict[str, Any] = answer["data"]
        self.wanted.append(Wanted(job_id=data["id"], kind=kind, **expected))
        return data

    def _now(self, number: int) -> None:
        self._ask("now", number, {"payload": {"n": number}, "priority": self.chance.choice(["high", "low"])})

    def _soon(self, number: int) -> None:
        self._ask("soon", number, {"delay_seconds": self.chance.randint(1, 100)})

    def _far(self, number: int) -> None:
        self._ask("far", number, {"delay_seconds": self.chance.randint(250, 600)})

    def _call(self, kind: str, number: int, more: dict[str, Any], ends: str = "completed") -> None:
        path = f"/{kind}/{number}"
        payload = {"url": f"{self.receiver.url}{path}", "method": "POST", "json": {"n": number}}
        self._ask(kind, number, {"task": "http_request", "payload": payload, **more}, path=path, ends=ends)

    def _calls(self, number: int) -> None:
        self._call("calls", number, {})

    def _fails_first(self, number: int) -> None:
        self._call("fails-first", number, {"retry": {"strategy": "fixed", "delay_seconds": 5}})

    def _never(self, number: int) -> None:
        more = {"max_retries": 1, "retry": {"strategy": "fixed", "delay_seconds": 5}}
        self._call("never", number, more, ends="failed")

    def _mails(self, number: int) -> None:
        mail = {"to": "grace@example.com", "subject": f"mail {number}", "body": "hello"}
        retry = {"strategy": "fixed", "delay_seconds": 5}
        self._ask("mails", number, {"task": "send_email", "payload": mail, "max_retries": 30, "retry": retry})

    def _large(self, number: int) -> None:
        self._ask("large", number, {"payload": "x" * LARGE, "retry": {"strategy": "fixed", "delay_seconds": 30}})

    def _recurring(self, number: int) -> None:
        end_at = self.client.clock.now() + timedelta(seconds=ROUNDS * PERIOD_SECONDS)
        body = {"interval_seconds": PERIOD_SECONDS, "end_at": iso(end_at), "misfire": "run_all", "overlap": "queue_all"}
        data = self._ask("recurring", number, body)
        if data is not None:
            first, period = datetime.fromisoformat(data["next_run"]), timedelta(seconds=PERIOD_SECONDS)
            due_at = [first + n * period for n in range(ROUNDS + 1) if first + n * period <= end_at]
            self.wanted[-1] = replace(self.wanted[-1], due_at=tuple(map(iso, due_at)))

    def _narrow(self, number: int) -> None:
        self._call("narrow", number, {"queue": "narrow"})

    def _cancelled(self, number: int) -> None:
        data = self._ask("cancelled", number, {"delay_seconds": 3000}, ends="cancelled")
        if data is not None:
            status, answer = self.client.ask("POST", f"/api/v1/jobs/{data['id']}/cancel")
            told = isinstance(answer, dict) and answer.get("code") == "ILLEGAL_TRANSITION"
            if status != 200 and not told:
                self.faults.append(f"the cancellation of job {data['id']} was answered with {status}: {answer}")

    def _batch(self, number: int) -> None:
        jobs = [{"name": f"batch {number}.{part}", "task": "echo", "payload": part} for part in range(12)]
        status, answer = self.client.ask("POST", "/api/v1/jobs/batch", {"jobs": jobs})
        if status != 200:
            self.faults.append(f"batch {number} was answered with {status}: {answer}")
            return
        for result in answer["data"]["results"]:
            if "data" in result:
                self.wanted.append(Wanted(job_id=result["data"]["id"], kind="batch"))
            else:
                self.faults.append(f"batch {number}: {result}")

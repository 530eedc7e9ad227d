"""The whole of Tickwell in one process, in memory, on a clock that jumps."""

import email
import json
import random
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tickwell.adapters.embedded.agenda import EmbeddedAgenda
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.embedded.outbox import OutboxMailer
from tickwell.adapters.embedded.rates import EmbeddedRateLimiter
from tickwell.adapters.embedded.secrets import FileSecrets
from tickwell.adapters.embedded.tenant_secrets import FileTenantSecrets
from tickwell.adapters.system import SystemIds
from tickwell.application.task import Task, TaskRegistry
from tickwell.bootstrap.embedded.foundation import Foundation
from tickwell.bootstrap.embedded.system import embedded_system
from tickwell.domain.instant import instant, to_epoch_ms
from tickwell.settings.simulation import SimulationSettings
from tickwell.tasks.registry import built_in_tasks
from tickwell.testing.clock import SimulatedClock
from tickwell.testing.driver import QUEUES, Driver
from tickwell.testing.http import Answer, ask
from tickwell.testing.inline import InlineProcesses
from tickwell.testing.loop import SimulatedLoop
from tickwell.testing.network import AnsweredHttp, AnswerHttp, no_network

START: Final = datetime(2027, 1, 1, tzinfo=UTC)
"""When a simulation begins that is not told when."""

OWNER: Final = "owner@tickwell.example"
_PASSWORD = "Correct-Horse-9"  # noqa: S105 - of an account that nobody else can reach
_TOKEN_LIFE = timedelta(hours=23)
_PAGE = 100


class SimulatedTickwell:
    """A system that is complete, and alone in its world: nothing waits, nothing survives, no network is touched.

    It has one account, whose owner sends the requests. ``tasks`` are known besides the built-in ones and run in this
    process. ``http`` answers the requests of tasks and webhooks. ``settings`` are those of a server, by name; limits on
    requests are off. The same ``seed`` gives the same ids and random draws.

    Attempts begin only in ``advance``. For one thread, without a running event loop of its own.
    """

    def __init__(
        self,
        *,
        start: datetime = START,
        tasks: Iterable[Task[Any]] = (),
        http: AnswerHttp = no_network,
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        chosen, registry = SimulationSettings(**(settings or {})), built_in_tasks(tasks)
        self.clock = SimulatedClock(start)
        self._folder = tempfile.TemporaryDirectory(prefix="tickwell-")
        self._database = Database(":memory:")
        self._rates = EmbeddedRateLimiter(":memory:", self.clock)
        self._loop = SimulatedLoop(self.clock)
        self._system = embedded_system(self._foundation(chosen, registry, http, seed))
        self._driver = Driver(self._system, EmbeddedAgenda(self._database, QUEUES), self.clock, self._loop, chosen)
        self._token_until = self.clock.now()
        self._token = ""
        self._sign_in("register")

    def __enter__(self) -> Self:
        """The simulation itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def now(self) -> datetime:
        """The simulated instant."""
        return self.clock.now()

    def request(
        self, method: str, target: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request as the owner; no time passes. ``body`` is sent as JSON, unless None.

        ``headers`` may replace ``Authorization``; an empty one sends none.
        """
        if self.now() >= self._token_until and headers is None:
            self._sign_in("login")
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", **(headers or {})}
        return self._ask(method, target, body, {name: value for name, value in sent.items() if value})

    def advance(self, by: timedelta | None = None, **parts: float) -> None:
        """Let time pass, as a timedelta or by its parts (``days=1``); without either, only what is due now is done.

        Whatever falls due is done at its instant, the end's too. Raises ValueError for a negative time, and what the
        system itself raises, which no task's failure does.
        """
        self.advance_to(self.now() + (by or timedelta(0)) + timedelta(**parts))

    def advance_to(self, at: datetime) -> None:
        """Let time pass until ``at``; see ``advance``."""
        end_ms = to_epoch_ms(instant(at))
        if end_ms < self.clock.epoch_ms:
            raise ValueError("simulated time does not run backwards")
        self._driver.run_until(end_ms)

    def job(self, job_id: str) -> dict[str, Any]:
        """The job as the API shows it."""
        found: dict[str, Any] = self.request("GET", f"/api/v1/jobs/{job_id}").data
        return found

    def executions(self, job_id: str) -> list[dict[str, Any]]:
        """All executions of a job as the API shows them, oldest first."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            target = f"/api/v1/jobs/{job_id}/executions?limit={_PAGE}" + (f"&cursor={cursor}" if cursor else "")
            page = self.request("GET", target).data
            found += page["executions"]
            cursor = page["pagination"]["next_cursor"]
            if not cursor:
                return found[::-1]

    def mails(self) -> Sequence[EmailMessage]:
        """The mails that were sent, in order of their dates."""
        files = (Path(self._folder.name) / "outbox").glob("*.eml")
        found = [email.message_from_bytes(file.read_bytes(), policy=modern) for file in files]
        return sorted(found, key=lambda mail: (mail["Date"].datetime, mail["Message-ID"]))

    def close(self) -> None:
        """Abandon what runs, and forget everything."""
        self._loop.run_until_complete(self._driver.leave())
        self._loop.close()
        self._system.close()

    def _foundation(
        self, settings: SimulationSettings, registry: TaskRegistry, http: AnswerHttp, seed: int
    ) -> Foundation:
        folder = Path(self._folder.name)
        return Foundation(
            settings=settings,
            database=self._database,
            rates=self._rates,
            blobs=FileBlobs(folder / "blobs", self.clock),
            mailer=OutboxMailer(folder / "outbox", self.clock),
            secrets=FileSecrets(folder / "secrets"),
            tenant_secrets=FileTenantSecrets(folder / "tenant-secrets", self.clock),
            registry=registry,
            processes=InlineProcesses(registry),
            clock=self.clock,
            ids=SystemIds(self.clock, random.Random(seed).getrandbits),  # noqa: S311 - no secret depends on it
            http=AnsweredHttp(http),
            close=self._let_go,
        )

    def _let_go(self) -> None:
        self._rates.close()
        self._database.close()
        self._folder.cleanup()

    def _sign_in(self, how: str) -> None:
        """Register, or log in again before the token of the last time has had its day."""
        account = {"email": OWNER, "password": _PASSWORD}
        answer = self._ask("POST", f"/api/v1/auth/{how}", account, {"Content-Type": "application/json"})
        self._token, self._token_until = answer.data["token"], self.now() + _TOKEN_LIFE

    def _ask(self, method: str, target: str, body: Any, headers: Mapping[str, str]) -> Answer:
        octets = b"" if body is None else json.dumps(body).encode()
        return self._loop.run_until_complete(ask(self._system.http, method, target, headers, octets))

"""The trial of secrets: planted in settings, credentials and payloads, and looked for in everything that is told."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tests.chaos.figures import Figures
from tests.chaos.security.findings import BROKE, LEAKED, Findings
from tests.chaos.security.function_secrets import attack_functions
from tests.chaos.trials import Run
from tests.notification_lab import Hook, serve_hook
from tests.secrecy_lab import MARK, SMTP_PASSWORD, TENANT_SECRET, Flow, settings_for
from tests.server_process import ServerProcess, eventually, running
from tests.unit.test_webhook import verified
from tests.verbose_smtp import verbose_smtp

KIND: Final = "server"
TOLD_ONCE: Final = ("/auth/register", "/auth/login", "/api-keys", "/webhooks", "/rotate")
"""Where a secret is made, and told that once."""

FIELDS: Final = (f"{MARK}-field", f"{MARK}-parameter", f"{MARK}-id")
"""Names of fields that no request has, and an id of nothing: errors repeat those, and no values."""


def secrecy(run: Run) -> Figures:
    """On a real server with its workers, and in the Lambda functions."""
    findings = Findings()
    with verbose_smtp() as port:
        for hook in serve_hook():
            _server(findings, run.folder / "server", hook, port)
            attack_functions(findings, run.folder / "functions", hook)
    return findings.figures(zeros=(LEAKED, BROKE))


@dataclass(slots=True)
class Recorded(ServerProcess):
    """A server all of whose answers are kept, with who asked."""

    answers: list[tuple[str, str, int, str]] = field(default_factory=list)

    def call(
        self, method: str, path: str, body: Any = None, more_headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """See ``ServerProcess``."""
        status, answer = ServerProcess.call(self, method, path, body, more_headers)
        self.answers.append((method, path, status, json.dumps(answer)))
        return status, answer


def _server(findings: Findings, folder: Path, hook: Hook, smtp_port: int) -> None:
    with running(folder, settings_for(smtp_port)) as plain:
        server = Recorded(process=plain.process, url=plain.url, output=plain.output)
        flow = Flow(server=server, hook=hook)
        jobs = flow.give_all_away(folder)
        eventually(lambda: all(flow.is_over(job) for job in jobs), seconds=60)
        eventually(lambda: any("webhook-signature" in headers for headers, _ in hook.seen), seconds=60)
        _read_everything(server, jobs)
        owners, server.answers = server.answers, []
        server.token = server.data("POST", "/api/v1/auth/register", {"email": "eve@example.com", "password": _EVES})[
            "token"
        ]
        _read_everything(server, jobs)
        server.terminate()
        _look(findings, flow, folder, owners, strangers=server.answers, printed="".join(server.output))
    _require_signatures(findings, flow, hook)


_EVES: Final = "Correct-Horse-9"


def _read_everything(server: ServerProcess, jobs: list[str]) -> None:
    """All that can be read without an id, and all about ``jobs``, with what ran of them."""
    for path in (
        "jobs",
        "dead-letters",
        "webhooks",
        "api-keys",
        "secrets",
        "audit",
        "organization/export",
        "organization/members",
    ):
        server.call("GET", f"/api/v1/{path}")
    for path in ("/health", "/health/store", "/health/queues", "/api/v1/workers", "/api/v1/stats", "/openapi.json"):
        server.call("GET", path)
    for job in jobs:
        server.call("GET", f"/api/v1/jobs/{job}")
        _, answer = server.call("GET", f"/api/v1/jobs/{job}/executions")
        for execution in answer.get("data", {}).get("executions", ()):
            server.call("GET", f"/api/v1/executions/{execution['id']}")
            server.call("GET", f"/api/v1/executions/{execution['id']}/logs")
            server.call("GET", f"/api/v1/executions/{execution['id']}/email")


Answers = list[tuple[str, str, int, str]]


def _look(findings: Findings, flow: Flow, folder: Path, owners: Answers, *, strangers: Answers, printed: str) -> None:
    deployment = _of_the_deployment(folder)
    kept = spelled(TENANT_SECRET)
    made = {f"credential {number}": secret for number, secret in enumerate(flow.secrets) if secret.count("/") < 2}
    findings.holds_no_secret(KIND, "the log", printed, {**deployment, **made, "what was sent": MARK})
    findings.holds_no_secret(KIND, "the log", printed, {name: quote(each, safe="") for name, each in made.items()})
    findings.holds_no_secret(KIND, "the log", printed, kept)
    findings.holds_no_secret(KIND, "the database", (folder / "tickwell.db").read_bytes().decode("latin-1"), kept)
    findings.require(KIND, "the log says too little", held=printed.count("attempt settled") >= 5, what=BROKE)
    for method, path, status, text in [*owners, *strangers]:
        place = f"{method} {path}: {status}"
        findings.holds_no_secret(KIND, place, text, {**deployment, **kept})
        if method != "POST" or not path.endswith(TOLD_ONCE):
            findings.holds_no_secret(KIND, place, text, made)
        if status >= 400:
            findings.holds_no_secret(KIND, place, _without(text, FIELDS), {"what was sent": MARK})
    for method, path, status, text in strangers:
        findings.holds_no_secret(KIND, f"a stranger's {method} {path}: {status}", text, {"what was sent": MARK})


def _of_the_deployment(folder: Path) -> dict[str, str]:
    """What settings and files hold, and what a mail server that repeats its client says of it."""
    found = {"the SMTP password": SMTP_PASSWORD}
    for name, spelled in (("password", SMTP_PASSWORD), ("login", f"\0tickwell\0{SMTP_PASSWORD}")):
        found[f"the SMTP {name} in Base64"] = base64.b64encode(spelled.encode()).decode()
    for path in sorted((folder / "secrets").iterdir()):
        found[f"the secret {path.name}"] = path.read_text().strip()
    return found


def spelled(secret: str) -> dict[str, str]:
    """How a tenant's secret may be spelled that nobody is ever told."""
    return {
        "a tenant's secret": secret,
        "a tenant's secret in JSON": json.dumps(secret)[1:-1],
        "a tenant's secret in a URL": quote(secret, safe=""),
        "a tenant's secret in Base64": base64.b64encode(secret.encode()).decode().rstrip("=")[:-1],
        "the beginning of a tenant's secret": secret[:12],
    }


def _without(text: str, names: tuple[str, ...]) -> str:
    for name in names:
        text = text.replace(name, "")
    return text


def _require_signatures(findings: Findings, flow: Flow, hook: Hook) -> None:
    """What the server really sent to the webhook is signed with the endpoint's secret, and nobody else's.

    What a payload refers to has come there as it is.
    """
    sent = [body for _, body in hook.seen if body == TENANT_SECRET.encode()]
    findings.require(KIND, "a reference became nothing", held=bool(sent), what=BROKE)
    secrets = [secret for secret in flow.secrets if secret.startswith("whsec_")]
    for headers, body in hook.seen:
        if "webhook-signature" in headers:
            held = verified(secrets[-1], headers, body) and not verified(secrets[-1], headers, body + b" ")
            findings.require("webhooks", f"{headers}", held=held)
            findings.holds_no_secret("webhooks", "a delivery", f"{headers}{body!r}", dict(enumerate_text(secrets)))


def enumerate_text(secrets: list[str]) -> list[tuple[str, str]]:
    """With a name for each."""
    return [(f"secret {number}", secret) for number, secret in enumerate(secrets)]

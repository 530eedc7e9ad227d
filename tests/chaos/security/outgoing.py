"""The trial of outgoing requests: nothing that users name may lead to a place that is not public (SSRF)."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from tests.chaos.figures import Figures
from tests.chaos.security.canary import attack_from_a_server
from tests.chaos.security.findings import LEAKED, LET_IN, Findings
from tests.chaos.trials import Run
from tests.doubles import NOON
from tests.integration.http_lab import OK, Names, Wires, always, answer, guarded, lying_names, request, serve
from tests.ssrf_vectors import BLOCKED_HOSTS, HIDDEN_HOSTS, PUBLIC, REDIRECT_TARGETS
from tests.task_contexts import task_context
from tests.unit.test_webhook import verified
from tickwell.adapters.guarded_http import GuardedHttp
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.outbound import OutboundRules
from tickwell.domain.outcome_event import EventType
from tickwell.domain.webhook import WebhookEndpoint, new_secret, signature_headers
from tickwell.tasks.registry import built_in_tasks

KIND: Final = "SSRF"
SIGNED: Final = "signatures"
SHUT: Final = frozenset({"BLOCKED_ADDRESS", "INVALID_URL", "DNS_FAILED"})
PRIVATE: Final = (
    "127.0.0.1",
    "::1",
    "10.0.0.1",
    "169.254.169.254",
    "::ffff:127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "fd00:ec2::254",
)
TLS_PORTS: Final = (80, 443, 8080)


def outgoing(run: Run) -> Figures:
    """Straight, by redirects, by names that change their mind; in a task, and from a real server."""
    findings = Findings()
    chance = random.Random(run.seed)
    asyncio.run(attack_straight(findings))
    asyncio.run(_redirected(findings, statuses=(302,) if run.short else (301, 302, 303, 307, 308)))
    asyncio.run(_rebound(findings, chance, rounds=60 if run.short else 400))
    _signatures(findings, chance, rounds=100 if run.short else 1_000)
    attack_from_a_server(findings, run.folder / "server")
    return findings.figures(zeros=(LET_IN, LEAKED))


async def _outcome(client: GuardedHttp, url: str, **changes: Any) -> str:
    """``answered``, or the error's code."""
    try:
        await client.send(request(url, **changes))
    except AttemptFailedError as error:
        return error.error_code
    return "answered"


def _only_public(wires: Wires) -> bool:
    return set(wires.connected) <= {PUBLIC}


async def attack_straight(
    findings: Findings,
    hosts: Sequence[str] = (*BLOCKED_HOSTS, *HIDDEN_HOSTS),
    schemes: Sequence[str] = ("http", "https"),
) -> None:
    """URLs, by the client itself and by the task that takes them from users."""
    async with serve(always(OK)) as lab:
        for host in hosts:
            for scheme in schemes:
                wires = Wires(lab.port)
                client = guarded(OutboundRules(), resolver=lying_names(), network=wires)
                url = f"{scheme}://{host}/"
                outcome = await _outcome(client, url)
                held = _only_public(wires) and (outcome in SHUT or bool(wires.connected))
                findings.require(KIND, f"{url!r}: {outcome}, connected to {wires.connected}", held=held)
                for task in ("http_request", "scrape_website"):
                    held = await _task_is_shut(task, client, url, wires)
                    findings.require(KIND, f"{url!r} by {task}: connected to {wires.connected}", held=held)
        for url in ("file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:9/_", "unix:///run/x", "data:,x", ""):
            wires = Wires(lab.port)
            outcome = await _outcome(guarded(OutboundRules(), resolver=lying_names(), network=wires), url)
            findings.require(KIND, f"{url!r}: {outcome}", held=outcome == "INVALID_URL" and not wires.connected)


async def _task_is_shut(task: str, client: GuardedHttp, url: str, wires: Wires) -> bool:
    try:
        await built_in_tasks().execute(task, {"url": url}, task_context(http=client))
    except AttemptFailedError as error:
        return _only_public(wires) and error.error_code != "answered"
    return _only_public(wires)


async def _redirected(findings: Findings, *, statuses: Sequence[int]) -> None:
    """A public server that sends us on, to all of them."""
    locations = [f"http://{host}/" for host in BLOCKED_HOSTS] + [f"//{host}/x" for host in BLOCKED_HOSTS]
    locations += [location for location, _ in REDIRECT_TARGETS]
    locations += [f"http://{host}/" for host in HIDDEN_HOSTS if host.isprintable() and host.isascii()]
    for status in statuses:
        for location in locations:
            moved = answer(f"{status} Moved", [f"Location: {location}"])
            async with serve(always(moved)) as lab:
                wires = Wires(lab.port)
                client = guarded(OutboundRules(), resolver=lying_names(), network=wires)
                outcome = await _outcome(client, "http://public.example/")
                held = _only_public(wires) and len(lab.seen) <= 6
                findings.require(KIND, f"{status} to {location}: {outcome}, {wires.connected}", held=held)


async def _rebound(findings: Findings, chance: random.Random, *, rounds: int) -> None:
    """Names that answer otherwise each time, and with several addresses at once."""
    for number in range(rounds):
        moved = answer("302 Found", ["Location: http://public.example/again"])
        answers = [
            [chance.choice([PUBLIC, "8.8.8.8", *PRIVATE]) for _ in range(chance.randint(1, 3))]
            for _ in range(chance.randint(1, 6))
        ]
        async with serve(always(moved if number % 2 else OK)) as lab:
            wires = Wires(lab.port, dead=["8.8.8.8"] if number % 3 else [])
            client = guarded(OutboundRules(), resolver=Names(public_example=answers), network=wires)
            for _ in range(3):
                await _outcome(client, "http://public.example/", follow_redirects=True)
            held = not set(wires.connected) & set(PRIVATE)
            findings.require(KIND, f"a name that answers {answers}: connected to {wires.connected}", held=held)


def _signatures(findings: Findings, chance: random.Random, *, rounds: int) -> None:
    """Deliveries that somebody changed, made up, or sends again as another one."""
    secret, other = (new_secret(chance.randbytes(32)) for _ in range(2))
    endpoint = WebhookEndpoint(
        endpoint_id="e", url="https://a.example/", events=(EventType.FAILED,), secret=secret, created_at=NOON
    )
    body = b'{"type":"job.failed","data":{"job_id":"0","attempt":1}}'
    headers = dict(signature_headers(endpoint, "message-1", body, NOON))
    findings.require(SIGNED, "a good one is refused", held=verified(secret, headers, body))
    for what, changed, sent in _forgeries(headers, body, chance, rounds):
        findings.require(SIGNED, what, held=not verified(secret, changed, sent))
    findings.require(SIGNED, "another endpoint's secret", held=not verified(other, headers, body))
    rotated = endpoint.rotated(other, NOON)
    late = dict(signature_headers(rotated, "message-1", body, NOON + timedelta(hours=24)))
    findings.require(SIGNED, "a replaced secret after a day", held=not verified(secret, late, body))
    findings.require(SIGNED, "the new secret after a day", held=verified(other, late, body))
    told = f"{replace(rotated)!r}{headers}"
    findings.require(SIGNED, "a secret in a repr or a header", held=secret[6:] not in told and other[6:] not in told)


def _forgeries(
    headers: dict[str, str], body: bytes, chance: random.Random, rounds: int
) -> Iterator[tuple[str, dict[str, str], bytes]]:
    for _ in range(rounds):
        at = chance.randrange(len(body))
        yield f"octet {at}", headers, body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1 :]
    for name, value in (("webhook-id", "message-2"), ("webhook-timestamp", "1"), ("webhook-id", "message-1.1")):
        yield f"{name} {value}", {**headers, name: value}, body
    signature = headers["webhook-signature"]
    for value in (
        "",
        "v1,",
        signature[:-4],
        signature.replace("v1,", "v1a,"),
        signature.lower(),
        "v1,AAAA",
        "v0," + body.hex(),
    ):
        yield f"signature {value[:12]}", {**headers, "webhook-signature": value}, body
    # What is signed has dots between its parts: they must not move.
    moved = {
        **headers,
        "webhook-id": "message-1." + headers["webhook-timestamp"],
        "webhook-timestamp": body[:5].decode(),
    }
    yield "parts that moved", moved, body[5:]

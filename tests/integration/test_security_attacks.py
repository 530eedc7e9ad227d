"""The attacks of the security trials find doors that were left open on purpose."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.api_hosts import Api
from tests.chaos.security.findings import LET_IN, Findings
from tests.chaos.security.hosts import embedded_api
from tests.chaos.security.keys import attack_keys
from tests.chaos.security.mailed import attack_mailed
from tests.chaos.security.outgoing import attack_straight
from tests.chaos.security.tenants import attack_tenants
from tests.chaos.security.tickets import attack_tickets
from tests.chaos.security.tokens import attack_tokens
from tickwell.adapters import tickets
from tickwell.adapters.tokens import JwtTokens
from tickwell.application import tickets as application_tickets
from tickwell.domain.api_key import ApiKey, key_digest
from tickwell.domain.errors import NotFoundError
from tickwell.domain.one_time import OneTimeToken
from tickwell.domain.outbound import OutboundRules


@dataclass(frozen=True)
class Lab:
    """An API with a name, and its folder."""

    api: Api
    folder: Path


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with embedded_api(tmp_path) as api:
        yield Lab(api, tmp_path)


def attacked(attack: Any, *given: Any) -> list[str]:
    """What ``attack`` finds."""
    findings = Findings()
    attack(findings, *given)
    assert findings.vectors.total() > 0
    return [sentence for what, sentence in findings.faults if what == LET_IN]


def test_a_token_whose_signature_nobody_checks(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    assert attacked(attack_tokens, lab.api, random.Random(1)) == []

    def trusting(_tokens: JwtTokens, token: str, _now: Any) -> Any:
        return jwt.decode(token, options={"verify_signature": False})

    monkeypatch.setattr(JwtTokens, "_claims", trusting)
    found = attacked(attack_tokens, lab.api, random.Random(1))
    assert any("no signature" in sentence for sentence in found)


def test_tickets_whose_signature_or_path_nobody_looks_at(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    assert attacked(attack_tickets, lab.api, random.Random(1)) == []
    with monkeypatch.context() as patched:
        trusting = lambda text, *_, **__: jwt.decode(text, options={"verify_signature": False})  # noqa: E731
        patched.setattr(tickets, "claims_in", trusting)
        assert any("no signature" in sentence for sentence in attacked(attack_tickets, lab.api, random.Random(1)))
    monkeypatch.setattr(application_tickets, "ticket_path", lambda _path: "sse/stats")
    assert any("another path" in sentence for sentence in attacked(attack_tickets, lab.api, random.Random(1)))


def test_a_key_that_is_compared_as_other_texts_are(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    assert attacked(attack_keys, lab.api, random.Random(1)) == []
    monkeypatch.setattr(ApiKey, "opens_with", lambda key, text, _now: key.digest == key_digest(text))
    found = attacked(attack_keys, lab.api, random.Random(1))
    assert any("compared by" in sentence for sentence in found)
    assert any("expired" in sentence for sentence in found)


def test_a_mailed_token_whose_secret_does_not_matter(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OneTimeToken, "matches", lambda _token, _digest: True)
    assert attacked(attack_mailed, lab.api, lab.folder, random.Random(1))


def test_a_stranger_who_reads_all_jobs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = type(lab.api.world.core.jobs)
    read, tenants = jobs.get, set[str]()

    def get(store: Any, tenant_id: str, job_id: str) -> Any:
        tenants.add(tenant_id)
        for each in (tenant_id, *tenants):
            with suppress(NotFoundError):
                return read(store, each, job_id)
        raise NotFoundError("job", job_id)

    monkeypatch.setattr(jobs, "get", get)
    assert attacked(attack_tenants, lab.api)


def test_a_client_that_goes_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def straight(findings: Findings) -> None:
        hosts = ("127.0.0.1", "169.254.169.254", "mixed.example", "[::1]")
        asyncio.run(attack_straight(findings, hosts, ("http",)))

    assert attacked(straight) == []
    monkeypatch.setattr(OutboundRules, "allow", lambda _rules, _host, _addresses: True)
    assert any("169.254.169.254" in sentence for sentence in attacked(straight))

"""The guard on outgoing requests, with real connections and a resolver that lies."""

import asyncio

import pytest

from tests.integration.http_lab import (
    OK,
    Names,
    Seen,
    Wires,
    always,
    failure,
    guarded,
    lying_names,
    request,
    serve,
)
from tests.ssrf_vectors import BLOCKED_HOSTS, HIDDEN_HOSTS, PUBLIC
from tickwell.adapters.guarded_http import GuardedHttp
from tickwell.application.http_client import HttpResponse
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.outbound import OutboundRules


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", BLOCKED_HOSTS)
def test_no_connection_is_made_to_what_is_not_public(host: str, scheme: str) -> None:
    wires = Wires()
    caught = failure(guarded(OutboundRules(), resolver=lying_names(), network=wires), f"{scheme}://{host}/")
    assert (caught.error_code, caught.retryable) == ("BLOCKED_ADDRESS", False)
    assert wires.connected == []


@pytest.mark.parametrize("host", HIDDEN_HOSTS)
def test_no_connection_is_made_to_hosts_that_hide_what_they_are(host: str) -> None:
    wires = Wires()
    caught = failure(guarded(OutboundRules(), resolver=lying_names(), network=wires), f"http://{host}/")
    assert caught.error_code in {"INVALID_URL", "DNS_FAILED", "CONNECT_FAILED"}
    assert set(wires.connected) <= {PUBLIC}


@pytest.mark.parametrize(
    "url", ["ftp://public.example/", "file:///etc/passwd", "gopher://public.example/", "/path", "", "http://"]
)
def test_only_http_urls_are_sent(url: str) -> None:
    caught = failure(guarded(OutboundRules(), resolver=lying_names(), network=Wires()), url)
    assert (caught.error_code, caught.retryable) == ("INVALID_URL", False)


def test_a_public_name_is_reached_at_the_very_address_that_was_judged() -> None:
    async def scenario() -> tuple[HttpResponse, list[str], list[Seen]]:
        async with serve(always(OK)) as lab:
            wires = Wires(lab.port)
            client = guarded(OutboundRules(), resolver=lying_names(), network=wires)
            response = await client.send(request("http://public.example:8080/a?b=c"))
            return response, wires.connected, lab.seen

    response, connected, (seen,) = asyncio.run(scenario())
    assert (response.status_code, response.body, response.truncated) == (200, b"hello", False)
    assert connected == [PUBLIC]
    assert (seen.target, seen.headers["host"]) == ("/a?b=c", "public.example:8080")
    assert seen.headers["user-agent"].startswith("tickwell/")


def test_rebinding_gains_nothing() -> None:
    """The second answer, loopback, must not be used for the first request, and must block the second one."""

    async def scenario() -> None:
        async with serve(always(OK)) as lab:
            wires, names = Wires(lab.port), Names(public_example=[[PUBLIC], ["127.0.0.1"]])
            client = guarded(OutboundRules(), resolver=names, network=wires)
            await client.send(request("http://public.example/"))
            assert (wires.connected, names.asked) == ([PUBLIC], ["public.example"])
            with pytest.raises(AttemptFailedError) as caught:
                await client.send(request("http://public.example/"))
            assert caught.value.error_code == "BLOCKED_ADDRESS"
            assert wires.connected == [PUBLIC]
            assert len(lab.seen) == 1

    asyncio.run(scenario())


def test_a_refusal_does_not_tell_what_a_name_resolves_to() -> None:
    caught = failure(guarded(OutboundRules(), resolver=lying_names(), network=Wires()), "http://private.example/")
    assert "10.0.0.1" not in str(caught)
    assert "TICKWELL_ALLOW_PRIVATE_HOSTS (on AWS: AllowPrivateHosts)" in str(caught)


def test_the_next_address_is_tried_when_one_refuses() -> None:
    async def scenario() -> list[str]:
        async with serve(always(OK)) as lab:
            wires = Wires(lab.port, dead=["2606:4700::1"])
            names = Names(public_example=[["2606:4700::1", PUBLIC]])
            await guarded(OutboundRules(), resolver=names, network=wires).send(request("http://public.example/"))
            return wires.connected

    assert asyncio.run(scenario()) == ["2606:4700::1", PUBLIC]


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:{port}/"),
        ("127.0.0.1", "http://any.name.example:{port}/"),
        ("hooks.example", "http://hooks.example:{port}/"),
        ("Hooks.Example.", "http://HOOKS.example:{port}/"),
    ],
)
def test_the_deployment_may_allow_an_address_or_a_name(allowed: str, url: str) -> None:
    async def scenario() -> bytes:
        names = Names(any_name_example=[["127.0.0.1"]], hooks_example=[["127.0.0.1"]])
        async with serve(always(OK)) as lab:
            client = guarded(OutboundRules.allowing([allowed]), resolver=names)
            return (await client.send(request(url.format(port=lab.port)))).body

    assert asyncio.run(scenario()) == b"hello"


def test_what_is_allowed_opens_nothing_else() -> None:
    names = Names(hooks_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]], meta_example=[["169.254.169.254"]])
    wires = Wires()
    client = guarded(OutboundRules.allowing(["hooks.example", "meta.example"]), resolver=names, network=wires)
    for url in ("http://other.example/", "http://127.0.0.1/", "http://meta.example/", "http://169.254.169.254/"):
        assert failure(client, url).error_code == "BLOCKED_ADDRESS"
    assert wires.connected == []


def test_the_system_resolver_is_asked_by_default() -> None:
    async def scenario() -> bytes:
        async with serve(always(OK)) as lab:
            client = GuardedHttp(OutboundRules.allowing(["localhost"]))
            return (await client.send(request(f"http://localhost:{lab.port}/"))).body

    assert asyncio.run(scenario()) == b"hello"
    assert failure(guarded(OutboundRules()), "http://localhost/").error_code == "BLOCKED_ADDRESS"


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    wires = Wires()
    assert (
        failure(guarded(OutboundRules(), resolver=lying_names(), network=wires), "http://localhost/").error_code
        == "BLOCKED_ADDRESS"
    )
    assert wires.connected == []

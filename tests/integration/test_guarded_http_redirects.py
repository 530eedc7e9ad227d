"""Redirects go through the same guard, and take nothing secret along."""

import asyncio

import pytest

from tests.integration.http_lab import (
    OK,
    Names,
    Seen,
    Wires,
    always,
    answer,
    by_target,
    guarded,
    lying_names,
    request,
    serve,
)
from tests.ssrf_vectors import PUBLIC, REDIRECT_TARGETS
from tickwell.application.http_client import HttpResponse
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.outbound import OutboundRules


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(("location", "code"), REDIRECT_TARGETS)
def test_a_redirect_is_judged_as_any_other_url(location: str, code: str, status: int) -> None:
    async def scenario() -> None:
        async with serve(always(answer(f"{status} Moved", [f"Location: {location}"]))) as lab:
            wires = Wires(lab.port)
            client = guarded(OutboundRules(), resolver=lying_names(), network=wires)
            with pytest.raises(AttemptFailedError) as caught:
                await client.send(request("http://public.example/"))
            assert (caught.value.error_code, caught.value.retryable) == (code, code == "DNS_FAILED")
            assert wires.connected == [PUBLIC]

    asyncio.run(scenario())


def test_a_name_that_changes_on_the_way_is_judged_again_at_each_redirect() -> None:
    async def scenario() -> tuple[str, list[str], int]:
        async with serve(always(answer("302 Found", ["Location: http://public.example/again"]))) as lab:
            wires, names = Wires(lab.port), Names(public_example=[[PUBLIC], [PUBLIC], ["169.254.169.254"]])
            client = guarded(OutboundRules(), resolver=names, network=wires)
            with pytest.raises(AttemptFailedError) as caught:
                await client.send(request("http://public.example/"))
            return caught.value.error_code, wires.connected, len(lab.seen)

    assert asyncio.run(scenario()) == ("BLOCKED_ADDRESS", [PUBLIC, PUBLIC], 2)


def test_redirects_are_followed_five_times_and_no_more() -> None:
    async def scenario(hops: int) -> HttpResponse:
        targets = {str(n): answer("302 Found", [f"Location: /{n + 1}"]) for n in range(hops)} | {str(hops): OK}
        async with serve(by_target(**targets)) as lab:
            client = guarded(OutboundRules.allowing(["127.0.0.1"]))
            return await client.send(request(f"http://127.0.0.1:{lab.port}/0"))

    response = asyncio.run(scenario(5))
    assert (response.status_code, response.url.endswith("/5")) == (200, True)
    with pytest.raises(AttemptFailedError) as caught:
        asyncio.run(scenario(6))
    assert (caught.value.error_code, caught.value.retryable) == ("TOO_MANY_REDIRECTS", False)


@pytest.mark.parametrize("location", ["http://[1::2::3]/", "http://a b/\x7f", "http://public.example:x/"])
def test_a_redirect_to_nowhere_is_handed_back(location: str) -> None:
    async def scenario() -> int:
        async with serve(always(answer("302 Found", [f"Location: {location}"]))) as lab:
            client = guarded(OutboundRules(), resolver=lying_names(), network=Wires(lab.port))
            return (await client.send(request("http://public.example/"))).status_code

    assert asyncio.run(scenario()) == 302


def test_redirects_are_handed_back_when_the_request_says_so() -> None:
    async def scenario() -> HttpResponse:
        async with serve(always(answer("302 Found", ["Location: http://127.0.0.1/"]))) as lab:
            client = guarded(OutboundRules(), resolver=lying_names(), network=Wires(lab.port))
            return await client.send(request("http://public.example/", follow_redirects=False))

    response = asyncio.run(scenario())
    assert (response.status_code, dict(response.headers)["location"]) == (302, "http://127.0.0.1/")


@pytest.mark.parametrize(
    ("location", "kept"), [("/b", True), ("http://other.example/b", False), ("http://public.example:81/b", False)]
)
def test_a_callers_headers_do_not_follow_to_another_origin(location: str, kept: bool) -> None:
    async def scenario() -> Seen:
        async with serve(by_target(a=answer("307 Moved", [f"Location: {location}"]), b=OK)) as lab:
            names = Names(public_example=[[PUBLIC]], other_example=[["8.8.8.8"]])
            client = guarded(OutboundRules(), resolver=names, network=Wires(lab.port))
            headers = (("Authorization", "Bearer s3cret"), ("X-Api-Key", "s3cret"), ("Idempotency-Key", "k"))
            await client.send(request("http://public.example/a", method="POST", body=b"x", headers=headers))
            return lab.seen[1]

    seen = asyncio.run(scenario())
    assert ("s3cret" in str(seen.headers)) is kept
    assert (seen.method, seen.body, seen.headers["idempotency-key"]) == ("POST", b"x", "k")

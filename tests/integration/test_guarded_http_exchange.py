"""Whole exchanges: what is sent, what is read of hostile answers, how failures are told, TLS."""

import asyncio
import datetime as dt
import gzip
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.contract.mail_servers import reserved
from tests.integration.http_lab import Lab, Names, Respond, Seen, Wires, always, answer, guarded, request, serve
from tests.ssrf_vectors import PUBLIC
from tickwell.adapters.guarded_http import GuardedHttp
from tickwell.application.http_client import MOST_WITHOUT_SINK_BYTES, HttpResponse
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.outbound import OutboundRules

LOOPBACK = OutboundRules.allowing(["127.0.0.1"])


def exchange(respond: Respond, **changes: object) -> HttpResponse:
    async def scenario() -> HttpResponse:
        async with serve(respond) as lab:
            return await guarded(LOOPBACK).send(request(f"http://127.0.0.1:{lab.port}/", **changes))

    return asyncio.run(scenario())


@contextmanager
def soon() -> Iterator[None]:
    """Whatever happens, it takes much less than the 30 seconds that the other side would take."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 15


def failed(respond: Respond, **changes: object) -> AttemptFailedError:
    with pytest.raises(AttemptFailedError) as caught:
        exchange(respond, **changes)
    return caught.value


def packed(data: bytes, encoding: str) -> bytes:
    return answer("200 OK", [f"Content-Encoding: {encoding}"], data)


@pytest.mark.parametrize(
    ("data", "body", "truncated"),
    [
        (answer("200 OK", body=b"x" * 1000), b"x" * 1000, False),
        (answer("200 OK", body=b"x" * 1001), b"x" * 1000, True),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", False),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x", False),
        (packed(gzip.compress(b"hello"), "gzip"), b"hello", False),
        (packed(gzip.compress(b"hello"), "GZIP "), b"hello", False),
        (packed(zlib.compress(b"hello"), "deflate"), b"hello", False),
        (packed(gzip.compress(b"x" * 1000), "gzip"), b"x" * 1000, False),
        (packed(gzip.compress(b"x" * 1001), "gzip"), b"x" * 1000, True),
        (packed(gzip.compress(bytes(50_000_000)), "gzip"), bytes(1000), True),
        (packed(gzip.compress(gzip.compress(bytes(50_000_000))), "gzip"), None, False),
        (packed(gzip.compress(b"hello") + b"\x00" * 100, "gzip"), b"hello", False),
        (packed(b"\x28\xb5\x2f\xfd", "zstd"), b"\x28\xb5\x2f\xfd", False),
        (packed(b"abc", "gzip, gzip"), b"abc", False),
    ],
)
def test_bodies_are_read_up_to_the_limit(data: bytes, body: bytes | None, truncated: bool) -> None:
    response = exchange(always(data))
    assert len(response.body) <= 1000
    if body is not None:
        assert (response.body, response.truncated) == (body, truncated)


def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    bomb = always(packed(gzip.compress(bytes(100_000_000)), "gzip"))
    tracemalloc.start()
    try:
        response = exchange(bomb)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(response.body), response.truncated) == (1000, True)
    assert peak_bytes < 10_000_000


def test_an_endless_body_is_left_after_the_limit() -> None:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        del seen
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    assert exchange(respond).truncated


def test_an_endless_body_that_unpacks_to_nothing_is_left_too() -> None:
    empty_block = b"\x00\x00\x00\xff\xff"

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        del seen
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n\x78\x9c")
        while True:
            writer.write(empty_block * 2_000)
            await writer.drain()

    response = exchange(respond)
    assert (response.body, response.truncated) == (b"", True)


def test_the_body_of_a_redirect_is_not_read() -> None:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.target == "/next":
            writer.write(answer("200 OK", body=b"arrived"))
            return
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    assert exchange(respond).body == b"arrived"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "HTTP_PROTOCOL_ERROR"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "HTTP_PROTOCOL_ERROR"),
        (b"HTTP/1.1 999999 What\r\n\r\n", "HTTP_PROTOCOL_ERROR"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", "HTTP_PROTOCOL_ERROR"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "HTTP_PROTOCOL_ERROR"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP_PROTOCOL_ERROR"),
        (packed(b"not packed at all", "gzip"), "HTTP_PROTOCOL_ERROR"),
    ],
)
def test_what_is_not_http_is_told_and_may_be_tried_again(data: bytes, code: str) -> None:
    caught = failed(always(data))
    assert (caught.error_code, caught.retryable) == (code, True)


def test_a_connection_that_is_reset_is_told() -> None:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        del seen
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await writer.drain()
        writer.transport.abort()

    caught = failed(respond)
    assert caught.error_code in {"CONNECTION_LOST", "HTTP_PROTOCOL_ERROR"}
    assert caught.retryable


def test_no_answer_in_time_is_a_timeout() -> None:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        del seen, writer
        await asyncio.sleep(30)

    with soon():
        caught = failed(respond, timeout_seconds=0.2)
    assert (caught.error_code, caught.retryable) == ("HTTP_TIMEOUT", True)


def test_the_time_limit_holds_for_an_answer_that_comes_in_drops() -> None:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        del seen
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
        for _ in range(500):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    with soon():
        assert failed(respond, timeout_seconds=0.3).error_code == "HTTP_TIMEOUT"


def test_the_time_limit_holds_for_names_too() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(30)
        return [f"{host}:{port}"]

    client = guarded(LOOPBACK, resolver=resolve)
    with soon(), pytest.raises(AttemptFailedError) as caught:
        asyncio.run(client.send(request("http://slow.example/", timeout_seconds=0.1)))
    assert caught.value.error_code == "HTTP_TIMEOUT"


def test_a_refused_connection_and_an_unknown_name_may_be_tried_again() -> None:
    async def send(url: str) -> None:
        await guarded(LOOPBACK, resolver=Names(empty_example=[[]])).send(request(url))

    with reserved() as held:
        for url, code in [
            (f"http://127.0.0.1:{held.getsockname()[1]}/", "CONNECT_FAILED"),
            ("http://unknown.example/", "DNS_FAILED"),
            ("http://empty.example/", "DNS_FAILED"),
        ]:
            with pytest.raises(AttemptFailedError) as caught:
                asyncio.run(send(url))
            assert (caught.value.error_code, caught.value.retryable) == (code, True)


def test_repeated_headers_are_joined_and_names_are_in_lower_case() -> None:
    response = exchange(always(answer("200 OK", ["X-One: a", "x-one: b", "X-Ümlaut: ä"][:2])))
    assert dict(response.headers)["x-one"] == "a, b"


def _certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for ``name``, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    file = folder / "server.pem"
    file.write_bytes(
        pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=pem.decode())


def test_tls_keeps_the_name_while_connecting_to_the_judged_address(tmp_path: Path) -> None:
    server, trusting = _certificate(tmp_path, "hooks.example")

    async def scenario() -> tuple[Lab, list[str]]:
        async with serve(always(answer("200 OK")), tls=server) as lab:
            wires = Wires(lab.port)
            names = Names(hooks_example=[[PUBLIC]], other_example=[[PUBLIC]])
            client = guarded(OutboundRules(), resolver=names, network=wires, ssl_context=trusting)
            assert (await client.send(request("https://hooks.example/"))).status_code == 200
            with pytest.raises(AttemptFailedError, match=r"(?i)mismatch") as caught:
                await client.send(request("https://other.example/"))
            assert (caught.value.error_code, caught.value.retryable) == ("CONNECT_FAILED", True)
            distrusting = GuardedHttp(OutboundRules(), resolver=names, network=wires)
            with pytest.raises(AttemptFailedError, match="self-signed"):
                await distrusting.send(request("https://hooks.example/"))
            return lab, wires.connected

    lab, connected = asyncio.run(scenario())
    assert lab.server_names == ["hooks.example", "other.example", "hooks.example"]
    assert connected == [PUBLIC] * 3
    assert [seen.headers["host"] for seen in lab.seen] == ["hooks.example"]


def test_a_sink_gets_the_body_of_a_success_in_pieces_up_to_the_limit() -> None:
    pieces: list[bytes] = []
    whole = exchange(always(answer("200 OK", body=b"x" * 1000)), sink=pieces.append)
    assert (whole.body, whole.truncated, b"".join(pieces)) == (b"", False, b"x" * 1000)

    pieces.clear()
    more = exchange(always(packed(gzip.compress(b"y" * 1001), "gzip")), sink=pieces.append)
    assert (more.body, more.truncated, b"".join(pieces)) == (b"", True, b"y" * 1000)


def test_a_sink_gets_nothing_of_a_redirect_or_of_an_error() -> None:
    pieces: list[bytes] = []

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.target == "/next":
            writer.write(answer("404 Not Found", body=b"z" * (MOST_WITHOUT_SINK_BYTES + 1)))
        else:
            writer.write(answer("302 Found", ["Location: /next"], b"moved"))

    response = exchange(respond, sink=pieces.append, max_body_bytes=10_000_000)
    assert (response.status_code, len(response.body), response.truncated) == (404, MOST_WITHOUT_SINK_BYTES, True)
    assert pieces == []

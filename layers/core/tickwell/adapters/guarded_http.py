"""The one way out for HTTP: it resolves a name, judges every address, and connects to just that address.

Because the check and the connection use the same answer, a name that changes its mind in between (DNS rebinding)
gains nothing; and because each hop connects through the same hook, neither does a redirect. Proxies and the
environment are ignored. Answers are read, and unpacked, in bounded pieces.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import NoReturn

import httpcore2
import httpx2

from tickwell import __version__
from tickwell.adapters.bounded_body import pour_bounded, read_bounded
from tickwell.application.http_client import MOST_WITHOUT_SINK_BYTES, HttpRequest, HttpResponse
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.outbound import OutboundRules, is_literal
from tickwell.outgoing_url import fault_of_url, is_same_site

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host name and a port to addresses; raises OSError when there are none."""

MAX_REDIRECTS = 5
_CONNECT_TIMEOUT_SECONDS = 10.0
_MOST_ADDRESSES_TRIED = 4
_KEPT_ACROSS_ORIGINS = frozenset(
    {"accept", "accept-encoding", "accept-language", "connection", "content-length", "content-type", "host"}
    | {"idempotency-key", "user-agent"}
)


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system, without blocking the event loop."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedHttp:
    """The ``HttpClient`` of a deployment; see there for the errors.

    Safe to share among threads and event loops: every exchange has connections of its own.
    """

    def __init__(
        self,
        rules: OutboundRules,
        *,
        resolver: Resolver = system_resolver,
        network: httpcore2.AsyncNetworkBackend | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._backend = _GuardedBackend(rules, resolver, network or httpcore2.AnyIOBackend())
        self._ssl_context = ssl_context

    async def send(self, request: HttpRequest) -> HttpResponse:
        """See ``HttpClient.send``."""
        try:
            async with asyncio.timeout(request.timeout_seconds), self._client() as client:
                return await _exchange(client, request)
        except TimeoutError as error:
            message = f"no complete answer within {request.timeout_seconds:g} s"
            raise AttemptFailedError("HTTP_TIMEOUT", message) from error
        except (httpx2.InvalidURL, UnicodeError) as error:
            raise AttemptFailedError("INVALID_URL", "the URL cannot be read", retryable=False) from error
        except httpx2.TransportError as error:
            _raise_translated(error)

    def _client(self) -> httpx2.AsyncClient:
        if self._ssl_context is None:  # only now: reading the certificates takes longer than building the rest
            self._ssl_context = httpx2.create_ssl_context(trust_env=False)
        return httpx2.AsyncClient(
            transport=_Transport(self._backend, self._ssl_context),
            headers={"Accept-Encoding": "gzip", "User-Agent": f"tickwell/{__version__}"},
            timeout=httpx2.Timeout(None, connect=_CONNECT_TIMEOUT_SECONDS),
            trust_env=False,
        )


class _GuardedBackend(httpcore2.AsyncNetworkBackend):
    """The connect hook."""

    def __init__(self, rules: OutboundRules, resolver: Resolver, network: httpcore2.AsyncNetworkBackend) -> None:
        self._rules = rules
        self._resolver = resolver
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the signature is the library's)
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception = httpcore2.ConnectError("no address")
        for address in (await self._judged(host, port))[:_MOST_ADDRESSES_TRIED]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 (the signature is the library's)
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 (see above)
    ) -> NoReturn:
        raise _blocked(path)

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)

    async def _judged(self, host: str, port: int) -> Sequence[str]:
        if is_literal(host):
            addresses: Sequence[str] = (host,)
        else:
            addresses = await self._resolved(host, port)
        if not self._rules.allow(host, addresses):
            raise _blocked(host)
        return addresses

    async def _resolved(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = await self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise AttemptFailedError("DNS_FAILED", f"the name {host} cannot be resolved") from error
        if not addresses:
            raise AttemptFailedError("DNS_FAILED", f"the name {host} has no address")
        return addresses


class _Transport(httpx2.AsyncBaseTransport):
    """A pool of the guarded backend. Written out, because the library's own transport takes no backend."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend, ssl_context: ssl.SSLContext) -> None:
        self._pool = httpcore2.AsyncConnectionPool(ssl_context=ssl_context, network_backend=backend)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        _require_sound(request.url)
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        try:
            response = await self._pool.handle_async_request(
                httpcore2.Request(
                    method=request.method,
                    url=url,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        except _CORE_ERRORS as error:
            raise _as_httpx(error) from error
        return httpx2.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Stream(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._response.aiter_stream():
                yield piece
        except _CORE_ERRORS as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        await self._response.aclose()


_CORE_ERRORS = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
)


def _as_httpx(error: Exception) -> httpx2.TransportError:
    if isinstance(error, httpcore2.ConnectError | httpcore2.ConnectTimeout):
        return httpx2.ConnectError(str(error))
    if isinstance(error, httpcore2.TimeoutException):
        return httpx2.TimeoutException(str(error))
    if isinstance(error, httpcore2.NetworkError):
        return httpx2.NetworkError(str(error))
    return httpx2.ProtocolError(str(error))


def _raise_translated(error: httpx2.TransportError) -> NoReturn:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__  # the library raises some of its errors "from None"
    if isinstance(error, httpx2.ConnectError):
        reason = "" if cause is None else f": {getattr(cause, 'verify_message', '') or 'TLS failed'}"
        raise AttemptFailedError("CONNECT_FAILED", f"no connection to {_origin(error)}{reason}") from error
    if isinstance(error, httpx2.TimeoutException):
        raise AttemptFailedError("HTTP_TIMEOUT", f"{_origin(error)} did not answer in time") from error
    if isinstance(error, httpx2.NetworkError):
        raise AttemptFailedError("CONNECTION_LOST", f"{_origin(error)} closed the connection too early") from error
    raise AttemptFailedError("HTTP_PROTOCOL_ERROR", f"what {_origin(error)} answered is not HTTP") from error


def _origin(error: httpx2.TransportError) -> str:
    return error.request.url.netloc.decode("ascii")


def _blocked(host: str) -> AttemptFailedError:
    # Without the address: it would tell a caller what internal names resolve to.
    message = (
        f"{host} leads to an address that outgoing requests may not reach; private ones are allowed by "
        "TICKWELL_ALLOW_PRIVATE_HOSTS (on AWS: AllowPrivateHosts)"
    )
    return AttemptFailedError("BLOCKED_ADDRESS", message, retryable=False)


def _require_sound(url: httpx2.URL) -> None:
    fault = fault_of_url(url)
    if fault is not None:
        raise AttemptFailedError("INVALID_URL", f"the URL {fault}", retryable=False)


async def _exchange(client: httpx2.AsyncClient, request: HttpRequest) -> HttpResponse:
    """The library would follow redirects itself, but reads their bodies without a bound."""
    outgoing = client.build_request(request.method, request.url, headers=list(request.headers), content=request.body)
    for _ in range(MAX_REDIRECTS + 1):
        response = await client.send(outgoing, stream=True, follow_redirects=False)
        try:
            following = response.next_request if request.follow_redirects else None
            if following is None:
                body, truncated = await _body(response, request)
                return _answer(response, body, truncated=truncated)
        finally:
            await response.aclose()
        outgoing = _next(following, came_from=outgoing.url, confined=request.confined)
    raise AttemptFailedError("TOO_MANY_REDIRECTS", f"more than {MAX_REDIRECTS} redirects", retryable=False)


async def _body(response: httpx2.Response, request: HttpRequest) -> tuple[bytes, bool]:
    """What ``HttpResponse`` has as its body; the rest of it, where there is more, went to the sink."""
    if request.sink is None:
        return await read_bounded(response, request.max_body_bytes)
    if response.is_success:
        return b"", await pour_bounded(response, request.max_body_bytes, request.sink)
    return await read_bounded(response, min(request.max_body_bytes, MOST_WITHOUT_SINK_BYTES))


def _next(following: httpx2.Request, *, came_from: httpx2.URL, confined: bool) -> httpx2.Request:
    """Leave behind what a caller may have meant for one origin only. Raises AttemptFailedError; see ``HttpClient``."""
    if not is_same_site(came_from, following.url):
        if confined and following.headers.get("Content-Length", "0") != "0":
            target = following.url.netloc.decode("ascii")
            message = f"the server sends the request on to {target}, and its body is not for others: call that directly"
            raise AttemptFailedError("REDIRECT_TO_OTHER_ORIGIN", message, retryable=False)
        for name in set(following.headers) - _KEPT_ACROSS_ORIGINS:
            del following.headers[name]
    return following


def _answer(response: httpx2.Response, body: bytes, *, truncated: bool) -> HttpResponse:
    return HttpResponse(
        status_code=response.status_code,
        url=str(response.url),
        headers=tuple((name.lower(), value) for name, value in response.headers.items()),
        body=body,
        truncated=truncated,
    )

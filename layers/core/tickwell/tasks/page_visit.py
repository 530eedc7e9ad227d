"""Fetches one page: each redirect asks ``robots.txt`` anew, and takes nothing secret to another origin."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin

from tickwell import __version__
from tickwell.application.http_client import HttpRequest, HttpResponse
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.outgoing_url import is_same_site, sound_url
from tickwell.tasks.http_answer import has_retryable_status, retry_after_seconds
from tickwell.tasks.robots import Robots

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OF_ANYBODY = frozenset({"accept", "accept-language", "user-agent"})
_AGENT = f"tickwell/{__version__}"
_HTML_TYPES = frozenset({"", "text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Visits:
    """How pages are fetched. ``timeout_seconds`` is for one page with all that it takes; ``robots`` None: not asked."""

    context: TaskContext
    headers: Mapping[str, str]
    timeout_seconds: float
    max_page_bytes: int
    robots: Robots | None

    async def page(self, url: str) -> HttpResponse:
        """The page at ``url``, wherever it redirects to.

        Raises AttemptFailedError as ``HttpClient.send`` and ``Robots.require_allowed`` do; ``HTTP_STATUS`` unless the
        status is from 200 to 299; ``NOT_HTML`` (not retryable) for what is something else by its type.
        """
        try:
            async with asyncio.timeout(self.timeout_seconds):
                response = await self._arrived(url)
        except TimeoutError as error:
            message = f"no complete page within {self.timeout_seconds:g} s"
            raise AttemptFailedError("HTTP_TIMEOUT", message) from error
        if not 200 <= response.status_code <= 299:
            raise self._unexpected(response)
        media_type = dict(response.headers).get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in _HTML_TYPES:
            raise AttemptFailedError("NOT_HTML", f"what the server sent is {media_type}, not HTML", retryable=False)
        return response

    async def _arrived(self, url: str) -> HttpResponse:
        here = url
        for _ in range(MOST_REDIRECTS + 1):
            if self.robots is not None:
                await self.robots.require_allowed(here)
            response = await self.context.http.send(self._request(here, asked_for=url))
            target = dict(response.headers).get("location")
            if response.status_code not in _REDIRECTS or target is None:
                return response
            here = _followed(here, target)
        raise AttemptFailedError("TOO_MANY_REDIRECTS", f"more than {MOST_REDIRECTS} redirects", retryable=False)

    def _request(self, url: str, *, asked_for: str) -> HttpRequest:
        at_home = is_same_site(asked_for, url)
        sent = {name: value for name, value in self.headers.items() if at_home or name.lower() in _OF_ANYBODY}
        return HttpRequest(
            method="GET",
            url=url,
            headers=tuple(sent.items()),
            timeout_seconds=self.timeout_seconds,
            max_body_bytes=self.max_page_bytes,
            follow_redirects=False,
        )

    def _unexpected(self, response: HttpResponse) -> AttemptFailedError:
        retryable = has_retryable_status(response)
        return AttemptFailedError(
            "HTTP_STATUS",
            f"the server answered {response.status_code}",
            retryable=retryable,
            retry_after_seconds=retry_after_seconds(response, self.context.now()) if retryable else None,
        )


def agent_of(headers: Mapping[str, str]) -> str:
    """What a visitor with ``headers`` calls itself."""
    given = next((value for name, value in headers.items() if name.lower() == "user-agent"), "")
    return given or _AGENT


def plain(url: str) -> str:
    """``url`` without the part that no server sees."""
    return urldefrag(url).url


def _followed(here: str, target: str) -> str:
    try:
        return sound_url(plain(urljoin(here, target)))
    except ValueError as error:
        raise AttemptFailedError("INVALID_URL", "the server redirects to what is no URL", retryable=False) from error

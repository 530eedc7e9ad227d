"""What the ``robots.txt`` of sites allows, asked once for each site and attempt (RFC 9309)."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tickwell.application.http_client import HttpRequest, HttpResponse
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.tasks.http_answer import retry_after_seconds

if TYPE_CHECKING:
    from protego import Protego

LONGEST_PAUSE_SECONDS = 30.0
"""A site that asks for more time between pages gets no more than this."""

_MOST_BYTES = 500 * 1024
"""As much as the RFC wants read at least."""

_UNREACHABLE = frozenset({"CONNECT_FAILED", "CONNECTION_LOST", "DNS_FAILED", "HTTP_PROTOCOL_ERROR", "HTTP_TIMEOUT"})


class Robots:
    """The rules for one attempt; ``agent`` is what it calls itself."""

    def __init__(self, context: TaskContext, *, agent: str, timeout_seconds: float) -> None:
        self._context = context
        self._agent = agent
        self._timeout_seconds = timeout_seconds
        self._rules: dict[str, Protego | None] = {}

    async def require_allowed(self, url: str) -> None:
        """Ask the site of ``url`` if it has not been asked.

        Raises AttemptFailedError: ``ROBOTS_DISALLOWED`` (not retryable); ``ROBOTS_UNAVAILABLE`` (retryable) where the
        site cannot answer, which forbids everything until it can; as ``HttpClient.send`` for an address that may not
        be reached.
        """
        site = site_of(url)
        if site not in self._rules:
            self._rules[site] = await self._asked(site)
        rules = self._rules[site]
        if rules is not None and not rules.can_fetch(url, self._agent):
            reason = f"robots.txt of {site} forbids this page to {self._agent.partition('/')[0]}"
            raise AttemptFailedError("ROBOTS_DISALLOWED", reason, retryable=False)

    def pause_seconds(self, url: str) -> float:
        """How long the site of ``url``, which has been asked, wants to be left alone before the next page."""
        rules = self._rules.get(site_of(url))
        wanted = None if rules is None else rules.crawl_delay(self._agent)
        return 0.0 if wanted is None else min(max(0.0, wanted), LONGEST_PAUSE_SECONDS)

    async def _asked(self, site: str) -> "Protego | None":
        """The rules of a site; None: it has none."""
        request = HttpRequest(
            method="GET",
            url=f"{site}/robots.txt",
            headers=(("User-Agent", self._agent),),
            timeout_seconds=self._timeout_seconds,
            max_body_bytes=_MOST_BYTES,
        )
        try:
            response = await self._context.http.send(request)
        except AttemptFailedError as error:
            if error.error_code == "TOO_MANY_REDIRECTS":  # RFC 9309, 2.3.1.2: as if there were none
                return None
            if error.error_code in _UNREACHABLE:
                raise _unavailable(site, error.message) from error
            raise
        if response.status_code == 429 or response.status_code >= 500:
            raise self._not_now(site, response)
        if not 200 <= response.status_code <= 299:
            return None
        return _parsed(response.body.decode("utf-8-sig", "replace"))

    def _not_now(self, site: str, response: HttpResponse) -> AttemptFailedError:
        after = retry_after_seconds(response, self._context.now())
        return _unavailable(site, f"the server answered {response.status_code}", retry_after_seconds=after)


def site_of(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _unavailable(site: str, why: str, *, retry_after_seconds: float | None = None) -> AttemptFailedError:
    message = f"robots.txt of {site} cannot be read, so that nothing there may be: {why}"
    return AttemptFailedError("ROBOTS_UNAVAILABLE", message, retry_after_seconds=retry_after_seconds)


def _parsed(text: str) -> "Protego":
    from protego import Protego  # noqa: PLC0415 (the API knows this task, and has no parser)

    return Protego.parse(text)

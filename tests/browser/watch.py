"""What a page must never do, whatever a test is about: complain, break its policy, ask another host."""

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

_TOLD_BY_STATUS = "Failed to load resource: the server responded with a status of"
"""Chromium's line for each answer of 400 and above: those are judged by their status."""
_OWN_SCHEMES = ("data:", "blob:", "about:")


@dataclass(kw_only=True)
class Watch:
    """Notes what the pages of a test do.

    ``origin``: the only host they may ask. ``expected``: statuses of 400 and above that the test provokes; any other
    is a complaint.
    """

    origin: str
    expected: set[int] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    _statuses: list[tuple[int, str]] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch all pages of ``context`` from now on. A violation of the policy is an error of the console."""
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("page", self._page)

    def faults(self) -> list[str]:
        """All that was wrong so far."""
        refused = [f"{status} {url}" for status, url in self._statuses if status not in self.expected]
        return [*self.complaints, *refused]

    def _page(self, page: Page) -> None:
        self.pages.append(page)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_TOLD_BY_STATUS):
            self.complaints.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _error(self, error: WebError) -> None:
        """An exception that nobody caught, or a promise that was rejected and not handled."""
        self.complaints.append(f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", *_OWN_SCHEMES)):
            self.complaints.append(f"asked another host: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._statuses.append((response.status, response.url))

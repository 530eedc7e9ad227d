"""``scrape_website``: fetches pages, and reads what CSS selectors find in them.

It runs in a process, because a page can keep its parser busy for longer than any attempt may last (ADR 0058).
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from tickwell.application.http_client import HttpResponse
from tickwell.application.task import RunsIn, Task, TaskContext
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.retry import Policy
from tickwell.outgoing_url import is_same_site, sound_url
from tickwell.tasks.page_reader import Page, Room, require_selector
from tickwell.tasks.page_text import decoded
from tickwell.tasks.page_visit import Visits, agent_of, plain
from tickwell.tasks.pauses import doubling
from tickwell.tasks.payload import payload_parser
from tickwell.tasks.robots import Robots
from tickwell.tasks.scrape_payload import Follow, ScrapeWebsitePayload

_MOST_CHARACTERS = 1024 * 1024
"""Of all values that an attempt keeps: less than the largest output, however they are spelled in JSON."""


async def _run(payload: ScrapeWebsitePayload, context: TaskContext) -> dict[str, Any]:
    for name, selector in payload.wanted.items():
        require_selector(name, selector.css)
    if payload.follow is not None:
        require_selector("follow", payload.follow.css)
    started_at = context.now()
    scrape = _Scrape(payload, context)
    if payload.url is None:
        found = await scrape.each(payload.urls or ())
    elif payload.follow is None:
        found = await scrape.one(payload.url)
    else:
        found = await scrape.followed(payload.url, payload.follow)
    return {**found, "elapsed_ms": to_epoch_ms(context.now()) - to_epoch_ms(started_at)}


class _Scrape:
    """One attempt."""

    def __init__(self, payload: ScrapeWebsitePayload, context: TaskContext) -> None:
        self._payload = payload
        self._context = context
        self._room = Room(_MOST_CHARACTERS)
        agent = agent_of(payload.headers)
        robots = Robots(context, agent=agent, timeout_seconds=payload.timeout) if payload.respect_robots else None
        self._visits = Visits(
            context=context,
            headers=payload.headers,
            timeout_seconds=payload.timeout,
            max_page_bytes=payload.max_page_bytes,
            robots=robots,
        )
        self._robots = robots
        self._read: list[dict[str, Any]] = []

    async def one(self, url: str) -> dict[str, Any]:
        """The only page."""
        await self._visited(url)
        return self._read[0]

    async def each(self, urls: Sequence[str]) -> dict[str, Any]:
        """All of them, in order."""
        for number, url in enumerate(urls):
            await self._rest(url, number, len(urls))
            await self._visited(url)
        return {"pages": self._read}

    async def followed(self, url: str, follow: Follow) -> dict[str, Any]:
        """The page and those that follow it; ``stopped`` tells why there are no more."""
        seen: set[str] = set()
        for number in range(follow.max_pages):
            await self._rest(url, number, follow.max_pages)
            page = await self._visited(url)
            seen |= {plain(url), plain(page.url)}
            link = page.link(follow.css)
            stopped = _dead_end(page.url, link, seen)
            if link is None or stopped is not None:
                return {"pages": self._read, "stopped": stopped}
            url = plain(link)
        return {"pages": self._read, "stopped": "max_pages"}

    async def _rest(self, url: str, number: int, of: int) -> None:
        """Say how far it is, and leave the site alone as long as it asks for."""
        if number:
            await self._context.progress(100 * number / of, f"{number} pages")
        if number and self._robots is not None:
            await asyncio.sleep(self._robots.pause_seconds(url))

    async def _visited(self, url: str) -> Page:
        response = await self._visits.page(url)
        content_type = dict(response.headers).get("content-type", "")
        text, encoding = decoded(response.body, content_type, truncated=response.truncated)
        page = Page(text, response.url)
        self._room.cut = response.truncated
        data = self._values(page)
        self._read.append(_told(response, data, encoding=encoding, truncated=self._room.cut))
        status, size = response.status_code, len(response.body)
        self._context.log("info", "page read", url=response.url, status_code=status, size_bytes=size)
        return page

    def _values(self, page: Page) -> Any:
        values = {
            name.removeprefix("selectors."): page.read(
                selector.css, attribute=selector.attribute, every=selector.all, room=self._room
            )
            for name, selector in self._payload.wanted.items()
        }
        return values["selector"] if self._payload.selectors is None else values


def _told(response: HttpResponse, data: Any, *, encoding: str, truncated: bool) -> dict[str, Any]:
    return {
        "url": response.url,
        "status_code": response.status_code,
        "data": data,
        "encoding": encoding,
        "truncated": truncated,
    }


def _dead_end(here: str, link: str | None, seen: Collection[str]) -> str | None:
    """Why ``link`` is not followed; None: it is."""
    try:
        following = None if link is None else plain(sound_url(link))
    except ValueError:
        following = None
    if following is None:
        return "no_next_page"
    if following in seen:
        return "page_seen_before"
    return None if is_same_site(here, following) else "other_site"


SCRAPE_WEBSITE: Task[ScrapeWebsitePayload] = Task(
    name="scrape_website",
    summary="Fetches pages, and reads what CSS selectors find in them.",
    parse=payload_parser(ScrapeWebsitePayload),
    payload_schema=ScrapeWebsitePayload.model_json_schema,
    run=_run,
    runs_in=RunsIn.PROCESS,
    policy=Policy(max_retries=3, retry=doubling(10.0, most_seconds=600.0)),
)

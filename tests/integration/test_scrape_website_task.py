"""``scrape_website`` against real servers on loopback: pages as they come, and sites that say what may be read."""

import asyncio
import gzip
from collections.abc import Callable
from typing import Any

import pytest

from tests.doubles import FakeClock
from tests.integration.http_lab import Lab, Names, Respond, Seen, Wires, answer, guarded, lying_names, serve
from tests.ssrf_vectors import PUBLIC
from tests.task_contexts import task_context
from tickwell import __version__
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.outbound import OutboundRules
from tickwell.tasks.registry import built_in_tasks

LOOPBACK = OutboundRules.allowing(["127.0.0.1"])
NONE = answer("404 Not Found")


def html(text: str, content_type: str = "text/html; charset=utf-8", *, encoding: str = "utf-8") -> bytes:
    return answer("200 OK", [f"Content-Type: {content_type}"], text.encode(encoding))


def site(**pages: bytes) -> Respond:
    """A server of ``/name`` for each name; anything else, ``robots.txt`` too, is not there."""

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(pages.get(seen.target.partition("?")[0].strip("/").replace(".", "_"), NONE))

    return respond


def robots(text: str, status: str = "200 OK") -> bytes:
    return answer(status, ["Content-Type: text/plain"], text.encode())


def scrape(respond: Respond, path: str = "/a", context: TaskContext | None = None, **payload: Any) -> tuple[Any, Lab]:
    """Run the task on a page of the server; ``{site}`` in other URLs stands for the server."""

    async def scenario() -> tuple[Any, Lab]:
        async with serve(respond) as lab:
            here = f"http://127.0.0.1:{lab.port}"
            asked = (
                {"urls": [f"{here}{url}" for url in payload.pop("urls")]} if "urls" in payload else {"url": here + path}
            )
            used = context or task_context(http=guarded(LOOPBACK))
            return await built_in_tasks().execute("scrape_website", {**asked, **payload}, used), lab

    return asyncio.run(scenario())


def fail(respond: Respond, context: TaskContext | None = None, **payload: Any) -> AttemptFailedError:
    with pytest.raises(AttemptFailedError) as caught:
        scrape(respond, context=context, **payload)
    return caught.value


def targets(lab: Lab) -> list[str]:
    return [seen.target for seen in lab.seen]


def test_the_title_of_a_page() -> None:
    context = task_context(http=guarded(LOOPBACK))
    output, lab = scrape(site(a=html("<title>Grüße</title>")), context=context)
    assert output == {
        "url": f"http://127.0.0.1:{lab.port}/a",
        "status_code": 200,
        "data": "Grüße",
        "encoding": "utf-8",
        "truncated": False,
        "elapsed_ms": 0,
    }
    assert targets(lab) == ["/robots.txt", "/a"]
    assert {seen.headers["user-agent"] for seen in lab.seen} == {f"tickwell/{__version__}"}
    assert "idempotency-key" not in lab.seen[1].headers
    (line,) = context.logbook.entries()
    assert (line.message, line.metadata["status_code"]) == ("page read", 200)


def test_several_selectors_by_name() -> None:
    page = html("<h1>Shop</h1><p class=price>1 €<p class=price>2 €</p><a href=next>more</a>")
    wanted = {
        "name": "h1",
        "prices": {"css": ".price", "all": True},
        "more": {"css": "a", "attribute": "href"},
        "none": "h6",
    }
    output, lab = scrape(site(shop=page), "/shop", selectors=wanted)
    more = f"http://127.0.0.1:{lab.port}/next"
    assert output["data"] == {"name": "Shop", "prices": ["1 €", "2 €"], "more": more, "none": None}


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (html("<title>Привет</title>", "text/html; charset=koi8-r", encoding="koi8-r"), "Привет"),
        (html("<meta charset=shift_jis><title>日本</title>", "text/html", encoding="cp932"), "日本"),
        (html("<title>caf\u00e9</title>", "text/html", encoding="latin-1"), "caf\u00e9"),
        (html("\ufeff<title>ä</title>", "text/html", encoding="utf-16-le"), "ä"),
        (answer("200 OK", ["Content-Encoding: gzip"], gzip.compress(b"<title>packed</title>")), "packed"),
        (html("<title>open", "application/xhtml+xml"), "open"),
        (html("</b><p><table><title>lost &amp; found<tr></title>"), "lost & found<tr>"),
        (answer("200 OK", [], b"<title>no type</title>"), "no type"),
        (answer("203 Non-Authoritative", [], b"<title>other 2xx</title>"), "other 2xx"),
        (answer("200 OK"), None),
    ],
)
def test_pages_as_they_come(page: bytes, text: str | None) -> None:
    assert scrape(site(a=page))[0]["data"] == text


def test_a_huge_page_is_read_up_to_its_limit() -> None:
    page = html("<title>big</title><p>first</p>" + "x" * 50_000 + "<p>last</p>")
    output, _ = scrape(site(a=page), max_page_bytes=10_000, selector="p", all=True)
    assert (output["data"], output["truncated"]) == (["first"], True)


def endless(beginning: bytes, pause: float) -> Respond:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.target == "/robots.txt":
            writer.write(NONE)
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + beginning)
        while not writer.is_closing():
            writer.write(b"<p>more" * 1000)
            await writer.drain()
            await asyncio.sleep(pause)

    return respond


def test_an_endless_page_ends_at_its_limit() -> None:
    output, _ = scrape(endless(b"<title>endless</title>", 0), max_page_bytes=50_000)
    assert (output["data"], output["truncated"]) == ("endless", True)


def test_a_page_that_takes_too_long_is_a_failure_to_be_tried_again() -> None:
    caught = fail(endless(b"", 30), timeout=0.3)
    assert (caught.error_code, caught.retryable) == ("HTTP_TIMEOUT", True)


@pytest.mark.parametrize(
    ("status", "retryable", "after"),
    [("500 No", True, 7.0), ("429 Slow", True, 7.0), ("404 No", False, None), ("410 Gone", False, None)],
)
def test_a_page_that_is_not_there(status: str, retryable: bool, after: float | None) -> None:
    caught = fail(site(a=answer(status, ["Retry-After: 7"], b"<title>Error</title>")))
    assert (caught.error_code, caught.retryable, caught.retry_after_seconds) == ("HTTP_STATUS", retryable, after)


def test_what_is_no_page_is_refused() -> None:
    caught = fail(site(a=html("{}", "application/json")))
    assert (caught.error_code, caught.retryable, "application/json" in caught.message) == ("NOT_HTML", False, True)


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ({"selector": "p["}, "selector"),
        ({"selectors": {"good": "p", "bad": "p::text"}}, "selectors.bad"),
        ({"follow": "//a"}, "follow"),
    ],
)
def test_a_selector_that_cannot_be_read_ends_it_before_any_request(payload: dict[str, Any], name: str) -> None:
    caught = fail(site(), task_context(), **payload)  # whose client refuses to be used
    assert (caught.error_code, caught.retryable, name in caught.message) == ("INVALID_SELECTOR", False, True)


# Redirects


def moved(to: str, status: str = "302 Found") -> bytes:
    return answer(status, [f"Location: {to}"])


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
def test_redirects_are_followed_and_the_last_url_is_told(status: str) -> None:
    output, lab = scrape(site(a=moved("b/c?x#y", status), **{"b/c": html("<title>c</title>")}))
    assert (output["data"], output["url"]) == ("c", f"http://127.0.0.1:{lab.port}/b/c?x")
    assert targets(lab) == ["/robots.txt", "/a", "/b/c?x"]


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("http://10.0.0.1/", "BLOCKED_ADDRESS"),
        ("http://169.254.169.254/latest/meta-data/", "BLOCKED_ADDRESS"),
        ("http://[::1]/", "BLOCKED_ADDRESS"),
        ("file:///etc/passwd", "INVALID_URL"),
        ("http://[1::2", "INVALID_URL"),
        ("/a", "TOO_MANY_REDIRECTS"),
    ],
)
@pytest.mark.parametrize("respect_robots", [True, False])
def test_a_redirect_is_judged_as_any_url(to: str, code: str, respect_robots: bool) -> None:
    caught = fail(site(a=moved(to)), respect_robots=respect_robots)
    assert (caught.error_code, caught.retryable) == (code, False)


def abroad(respond: Respond, **payload: Any) -> tuple[Any, Lab, Wires]:
    """Run the task on ``http://here.example/a``, where all names lead to one server."""

    async def scenario() -> tuple[Any, Lab, Wires]:
        async with serve(respond) as lab:
            wires = Wires(lab.port)
            names = Names(here_example=[[PUBLIC]], there_example=[["8.8.8.8"]])
            context = task_context(http=guarded(OutboundRules(), resolver=names, network=wires))
            whole = {"url": "http://here.example/a", **payload}
            return await built_in_tasks().execute("scrape_website", whole, context), lab, wires

    return asyncio.run(scenario())


def test_a_callers_headers_do_not_go_to_another_site() -> None:
    pages = site(a=moved("/b"), b=moved("http://there.example/c"), c=html("<title>c</title>"))
    headers = {"Cookie": "s3cret", "Authorization": "Bearer s3cret", "User-Agent": "mine/1", "Accept-Language": "de"}
    output, lab, wires = abroad(pages, headers=headers)
    assert output["url"] == "http://there.example/c"
    assert wires.connected == [PUBLIC] * 3 + ["8.8.8.8"] * 2
    secret = {seen.target: "s3cret" in str(seen.headers) for seen in lab.seen}
    assert secret == {"/robots.txt": False, "/a": True, "/b": True, "/c": False}
    assert {seen.headers["user-agent"] for seen in lab.seen} == {"mine/1"}
    assert lab.seen[-1].headers["accept-language"] == "de"


def test_a_private_address_may_not_be_read() -> None:
    context = task_context(http=guarded(OutboundRules(), resolver=lying_names()))
    for respect_robots in (True, False):
        caught = fail(site(), context, respect_robots=respect_robots)
        assert (caught.error_code, caught.retryable) == ("BLOCKED_ADDRESS", False)


# robots.txt


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /a", False),
        ("User-agent: *\nDisallow: /b", True),
        ("User-agent: *\nDisallow: /\nAllow: /a", True),
        ("User-agent: tickwell\nDisallow: /a\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: other\nDisallow: /", True),
        ("", True),
        ("\x00\xff no robots at all <html>", True),
    ],
)
def test_robots_txt_is_obeyed(text: str, allowed: bool) -> None:
    pages = site(robots_txt=robots(text), a=html("<title>a</title>"))
    if allowed:
        assert scrape(pages)[0]["data"] == "a"
    else:
        caught = fail(pages)
        assert (caught.error_code, caught.retryable) == ("ROBOTS_DISALLOWED", False)
        assert scrape(pages, respect_robots=False)[0]["data"] == "a"


def test_robots_txt_counts_for_where_a_redirect_leads() -> None:
    forbids = robots("User-agent: *\nDisallow: /b")
    assert fail(site(robots_txt=forbids, a=moved("/b"), b=html("b"))).error_code == "ROBOTS_DISALLOWED"


@pytest.mark.parametrize(
    ("answered", "code", "after"),
    [
        (robots("", "404 Not Found"), None, None),
        (robots("User-agent: *\nDisallow: /", "403 Forbidden"), None, None),
        (moved("/robots.txt"), None, None),
        (robots("", "500 No"), "ROBOTS_UNAVAILABLE", None),
        (answer("503 No", ["Retry-After: 9"]), "ROBOTS_UNAVAILABLE", 9.0),
        (answer("429 Slow", ["Retry-After: 9"]), "ROBOTS_UNAVAILABLE", 9.0),
        (b"no HTTP\r\n\r\n", "ROBOTS_UNAVAILABLE", None),
        (moved("http://10.0.0.1/"), "BLOCKED_ADDRESS", None),
    ],
)
def test_a_site_whose_robots_txt_cannot_be_read(answered: bytes, code: str | None, after: float | None) -> None:
    pages = site(robots_txt=answered, a=html("<title>a</title>"))
    if code is None:
        assert scrape(pages)[0]["data"] == "a"
        return
    caught = fail(pages)
    assert (caught.error_code, caught.retry_after_seconds) == (code, after)
    assert caught.retryable is (code == "ROBOTS_UNAVAILABLE")


def test_robots_txt_is_read_by_its_first_half_megabyte() -> None:
    text = "#" * 600_000 + "\nUser-agent: *\nDisallow: /"
    assert scrape(site(robots_txt=robots(text), a=html("<title>a</title>")))[0]["data"] == "a"


# Several pages


def test_several_urls_ask_their_site_once() -> None:
    pages = {name: html(f"<title>{name}</title>") for name in "abc"}
    output, lab = scrape(site(**pages), urls=["/a", "/b", "/c"])
    assert [page["data"] for page in output["pages"]] == ["a", "b", "c"]
    assert all(page["status_code"] == 200 for page in output["pages"])
    assert targets(lab) == ["/robots.txt", "/a", "/b", "/c"]
    assert "stopped" not in output


def numbered(last: int, after_last: str = "") -> Respond:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        number = int(seen.target.partition("=")[2] or 1)
        link = f"<a rel=next href='?page={number + 1}#top'>" if number < last else after_last
        writer.write(NONE if seen.target == "/robots.txt" else html(f"<title>{number}</title>{link}"))

    return respond


@pytest.mark.parametrize(
    ("respond", "most", "read", "stopped"),
    [
        (numbered(3), 10, 3, "no_next_page"),
        (numbered(30), 4, 4, "max_pages"),
        (numbered(3), 3, 3, "no_next_page"),
        (numbered(3, "<a rel=next href='/a#again'>"), 10, 3, "page_seen_before"),
        (numbered(3, "<a rel=next href='?page=3'>"), 10, 3, "page_seen_before"),
        (numbered(3, "<a rel=next href='http://10.0.0.1/'>"), 10, 3, "other_site"),
        (numbered(3, "<a rel=next href='javascript:next()'>"), 10, 3, "no_next_page"),
    ],
)
def test_pages_are_followed_until_there_is_a_reason_to_stop(
    respond: Respond, most: int, read: int, stopped: str
) -> None:
    output, lab = scrape(respond, follow={"css": "a[rel=next]", "max_pages": most})
    assert [page["data"] for page in output["pages"]] == [str(n + 1) for n in range(read)]
    assert output["stopped"] == stopped
    assert len(lab.seen) == read + 1


def test_a_page_in_the_middle_that_fails_fails_the_attempt() -> None:
    caught = fail(site(a=html("<a rel=next href=/gone>")), follow="a")
    assert (caught.error_code, caught.retryable) == ("HTTP_STATUS", False)


def test_a_site_is_left_alone_as_long_as_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    real: Callable[[float], Any] = asyncio.sleep

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await real(0)

    monkeypatch.setattr("tickwell.tasks.scrape_website.asyncio.sleep", sleep)
    pages = {name: html("<title>x</title>") for name in "abc"}
    for wanted, given in (("0.5", 0.5), ("86400", 30.0)):
        pauses.clear()
        asked = robots(f"User-agent: *\nCrawl-delay: {wanted}")
        scrape(site(robots_txt=asked, **pages), urls=["/a", "/b", "/c"])
        assert [pause for pause in pauses if pause] == [given, given]


def test_the_time_taken_is_measured() -> None:
    clock = FakeClock()

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        clock.advance(1.0)
        writer.write(NONE if seen.target == "/robots.txt" else html("<title>x</title>"))

    output, _ = scrape(respond, context=task_context(http=guarded(LOOPBACK), clock=clock))
    assert output["elapsed_ms"] == 2000

"""What selectors find in pages, sound and broken."""

from typing import Any

import pytest

from tickwell.domain.errors import AttemptFailedError
from tickwell.tasks.page_reader import LONGEST_TEXT, MOST_MATCHES, Page, Room, require_selector

URL = "https://a.example/shop/list?page=1"


def read(html: str, css: str, *, attribute: str | None = None, every: bool = False) -> Any:
    return Page(html, URL).read(css, attribute=attribute, every=every, room=Room(10**6))


@pytest.mark.parametrize(
    ("html", "css", "text"),
    [
        ("<title> A\n page </title>", "title", "A page"),
        ("<p>no title", "title", None),
        ("<title></title>", "title", ""),
        ("<title>1</title><title>2</title>", "title", "1"),
        ("<p class='a b'>x<p id=c>y", "p.b", "x"),
        ("<p class='a b'>x<p id=c>y", "#c", "y"),
        ("<ul><li>1<li>2<li>3</ul>", "li:nth-child(2)", "2"),
        ("<div><p>x</p></div><div><b>y</b></div>", "div:has(b)", "y"),
        ("<p>one<p>two", "p:not(:first-child)", "two"),
        ("<p data-x='1'>y", "p[data-x^='1']", "y"),
        ("<p>a &amp; b &#228; &nbsp;c", "p", "a & b ä c"),
        ("<div>a<p>b</p>c<b>d</b>e<br>f</div>", "div", "a b cde f"),
        ("<div>a<ul><li>b<li>c</ul>d</div>", "div", "a b c d"),
        ("<div>a<script>var x</script><style>p{}</style><!-- c -->b</div>", "div", "ab"),
        ('<script type="application/ld+json">{"a": 1}</script>', "script", '{"a": 1}'),
        ("<table><tr><td>1<td>2</table>", "tr", "1 2"),
        ("<b><i>x</b>y</i>", "i", "x"),
        ("<p>a\x00b", "p", "ab"),
        ("", "body", ""),
        ("no HTML at all", "body", "no HTML at all"),
        ("<<<>>><p", "body", "<<<>>>"),
    ],
)
def test_the_text_of_the_first_match(html: str, css: str, text: str | None) -> None:
    assert read(html, css) == text


def test_every_match_is_a_list() -> None:
    assert read("<li> 1 <li>2", "li", every=True) == ["1", "2"]
    assert read("<p>", "li", every=True) == []


def test_attributes_of_those_that_have_them() -> None:
    html = "<a>0</a><a title=x>1</a><a TITLE='y z'>2</a><a title>3</a>"
    assert read(html, "a", attribute="title") == "x"
    assert read(html, "a", attribute="Title", every=True) == ["x", "y z", ""]
    assert read(html, "a", attribute="id") is None


@pytest.mark.parametrize(
    ("html", "css", "attribute", "value"),
    [
        ("<a href=next>", "a", "href", "https://a.example/shop/next"),
        ("<a href='/x?y#z'>", "a", "href", "https://a.example/x?y#z"),
        ("<a href='?page=2'>", "a", "href", "https://a.example/shop/list?page=2"),
        ("<img src=//b.example/i.png>", "img", "src", "https://b.example/i.png"),
        ("<base href='https://c.example/d/'><a href=e>", "a", "href", "https://c.example/d/e"),
        ("<base href='/d/'><a href=e>", "a", "href", "https://a.example/d/e"),
        ("<a href=' mailto:a@b.example '>", "a", "href", "mailto:a@b.example"),
        ("<a href='http://[1::2'>", "a", "href", "http://[1::2"),
        ("<p title=next>", "p", "title", "next"),
    ],
)
def test_links_are_made_absolute(html: str, css: str, attribute: str, value: str) -> None:
    assert read(html, css, attribute=attribute) == value


@pytest.mark.parametrize(
    ("html", "link"),
    [
        ("<a rel=next href='?page=2'>", "https://a.example/shop/list?page=2"),
        ("<a rel=next>", None),
        ("<a rel=next href=''>", None),
        ("<a rel=next href='http://[1::2'>", None),
        ("<p>", None),
    ],
)
def test_the_link_to_the_next_page(html: str, link: str | None) -> None:
    assert Page(html, URL).link("a[rel=next]") == link


@pytest.mark.parametrize(
    "css", ["p[", "p >", "//p", "p,,b", "p::before", "a::attr(href)", "p:unknown", "p{", "(" * 900]
)
def test_a_selector_that_cannot_be_read_is_named(css: str) -> None:
    with pytest.raises(AttemptFailedError) as caught:
        require_selector("selectors.price", css)
    assert (caught.value.error_code, caught.value.retryable) == ("INVALID_SELECTOR", False)
    assert "selectors.price" in caught.value.message


@pytest.mark.parametrize("css", ["p", "a > b + c ~ d", "p:nth-child(2n+1)", "[x='y' i]", ":is(p, b)", "*", "müller"])
def test_selectors_that_can_be_read(css: str) -> None:
    require_selector("selector", css)


def test_matches_beyond_the_most_are_left_out() -> None:
    room, page = Room(10**6), Page("<i>x</i>" * (MOST_MATCHES + 1), URL)
    assert len(page.read("i:not(:last-child)", attribute=None, every=True, room=room)) == MOST_MATCHES
    assert not room.cut
    assert len(page.read("i", attribute=None, every=True, room=room)) == MOST_MATCHES
    assert room.cut


@pytest.mark.parametrize("piece", ["x", "xy ", "<b>xyz</b>", "<p>xyz</p>"])
def test_a_long_text_is_cut_and_told_so(piece: str) -> None:
    room = Room(10**6)
    text = Page(f"<div>{piece * (LONGEST_TEXT + 1)}</div>", URL).read("div", attribute=None, every=False, room=room)
    assert (len(text), room.cut) == (LONGEST_TEXT, True)


def test_blanks_alone_are_no_text_however_many() -> None:
    room = Room(10**6)
    assert Page(f"<p>a{' ' * 10**6}b", URL).read("p", attribute=None, every=False, room=room) == "a b"
    assert not room.cut


def test_an_attempt_keeps_no_more_than_its_room() -> None:
    room, page = Room(100), Page("<p>0123456789</p>" * 50, URL)
    values = page.read("p", attribute=None, every=True, room=room)
    assert sum(len(value) for value in values) <= 100
    assert room.cut
    assert page.read("p", attribute=None, every=False, room=room) == ""


def test_deep_nesting_is_read() -> None:
    assert read("<div>" * 3000 + "x", "div div") == "x"

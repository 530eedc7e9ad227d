"""A mail as a page: what is in it, and what a browser is told that it may do. See also ``tests/browser``."""

import base64
import re

import pytest

from tests.api_hosts import Api, Client
from tests.images import PNG_BYTES
from tests.integration.test_api_emails import EMAILS, MAIL, scheduled
from tickwell.application import mail_pictures
from tickwell.application.emails import Message
from tickwell.application.mail_pictures import Picture
from tickwell.domain.task_file import file_blob
from tickwell.http.mail_preview import preview_page


def preview(client: Client, email_id: str, query: str = "") -> str:
    answer = client("GET", f"{EMAILS}/{email_id}/preview{query}")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.body.decode()


def test_a_mail_is_shown_as_the_html_or_the_text_that_it_has(ada: Client) -> None:
    both = scheduled(ada, html="<p>Ünïcode &amp; more</p>")
    assert preview(ada, both) == preview(ada, both, "?part=html") == "<p>Ünïcode &amp; more</p>"
    text = preview(ada, both, "?part=text")
    assert "It is time." in text
    assert "Ünïcode" not in text
    assert preview(ada, scheduled(ada)) == text
    assert ada("GET", f"{EMAILS}/{both}/preview?part=pdf").fields == ["part"]


def test_text_is_text(ada: Client) -> None:
    email_id = scheduled(ada, subject="</title><script>", body="\n<script>alert(1)</script> & {braces} %s")
    page = preview(ada, email_id)
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {braces} %s" in page


def test_the_page_may_do_nothing(api: Api, ada: Client) -> None:
    answer = ada("GET", f"{EMAILS}/{scheduled(ada)}/preview")
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "sandbox": "",
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-dns-prefetch-control"] == "off"
    assert api.anonymous("GET", f"{EMAILS}/unknown/preview").status == 401


def test_a_ticket_opens_the_preview_of_one_mail_and_nothing_else(api: Api, ada: Client) -> None:
    mine, other = scheduled(ada, delay_seconds=60), scheduled(ada, delay_seconds=60)
    path = ada("GET", f"{EMAILS}/{mine}").data["previewUrl"]
    assert "ticket" not in path
    ticket = ada("POST", "/api/v1/sse/tickets", {"path": path}).data["ticket"]
    frame = api.anonymous("GET", f"{path}?part=text&ticket={ticket}")
    assert (frame.status, "It is time." in frame.body.decode()) == (200, True)
    for elsewhere in (f"{EMAILS}/{other}/preview", f"{EMAILS}/{mine}", EMAILS):
        assert api.anonymous("GET", f"{elsewhere}?ticket={ticket}").status == 401
    assert api.user()("GET", path).status == 404


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('<link rel="preconnect" href="//x">', '<x-link rel="preconnect" href="//x">'),
        ("<LINK\nrel=dns-prefetch>", "<x-LINK\nrel=dns-prefetch>"),
        ("<meta/http-equiv=refresh>", "<x-meta/http-equiv=refresh>"),
        ("<base href=//x>", "<x-base href=//x>"),
        ("<<link>", "<<x-link>"),
        ("<iframe src=//x><frame src=//x><object data=//x>", "<x-iframe src=//x><x-frame src=//x><x-object data=//x>"),
        ("<linked> <metal> <b> < link>", "<linked> <metal> <b> < link>"),
    ],
)
def test_elements_that_reach_out_beside_all_policies_are_made_others(written: str, shown: str) -> None:
    assert preview_page(Message(to=(), subject="", text="", html=written), {}, as_text=False) == shown


def test_pictures_of_its_own_are_in_the_page_and_nothing_else_is(
    api: Api, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = ada("GET", "/api/v1/auth/me").data["tenant_id"]
    gif, large = b"GIF89a" + bytes(9), PNG_BYTES + bytes(2000)
    files = {"a.png": PNG_BYTES, "b.gif": gif, "c.png": b"<script>", "big.png": large}
    for name, data in files.items():
        api.world.blobs.put(file_blob(tenant_id, name), data, content_type="image/png")
    monkeypatch.setattr(mail_pictures, "MOST_BYTES", len(PNG_BYTES) + 100)
    attachments = [{"file": name, "inline_id": name} for name in (*files, "none.png")]
    shown = "".join(f'<img src="cid:{name}">' for name in (*files, "none.png", "other"))
    page = preview(ada, scheduled(ada, html=shown, attachments=attachments, delay_seconds=60))
    assert re.findall(r'src="([^;"]+)', page) == [
        "data:image/png",
        "data:image/gif",
        "cid:c.png",
        "cid:big.png",
        "cid:none.png",
        "cid:other",
    ]
    assert base64.b64encode(PNG_BYTES).decode() in page


def test_a_picture_that_is_named_again_and_again_does_not_make_the_page_grow() -> None:
    # A mail has room for 200,000 names: with 2 MB for each of them the page ended the server.
    large = Picture(content_type="image/png", data=bytes(mail_pictures.MOST_BYTES - 10))
    small = Picture(content_type="image/gif", data=b"GIF89a")
    html = "cid:a " * 20 + "cid:b cid:b"
    page = preview_page(Message(to=(), subject="", text="", html=html), {"a": large, "b": small}, as_text=False)
    assert page.count("data:image/png") == 1
    assert page.endswith("cid:a data:image/gif;base64,R0lGODlh data:image/gif;base64,R0lGODlh")
    many = preview_page(Message(to=(), subject="", text="", html="cid:b " * 170_000), {"b": small}, as_text=False)
    assert len(many) < 4_000_000, "Lambda answers no more than 6 MB"


def test_a_mail_of_the_largest_size_is_shown(ada: Client) -> None:
    email_id = scheduled(ada, {**MAIL, "html": "<p>" + "ä" * 150_000})
    assert len(preview(ada, email_id)) == 150_003

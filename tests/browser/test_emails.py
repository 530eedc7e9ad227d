"""Mails in the dashboard: written, watched going out, looked at, called back, tried again."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.background_server import answering
from tests.browser.looking import at
from tests.browser.tenant import ZONE, Tenant
from tests.browser.watch import Watch


class _Remote(BaseHTTPRequestHandler):
    """Another host, which notes what it is asked for, and each connection: a browser may ask for no more than that."""

    asked: list[str]

    def setup(self) -> None:
        self.asked.append("connected")
        super().setup()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def remote() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Remote", (_Remote,), {"asked": asked}))
    with answering(server):
        yield f"127.0.0.1:{server.server_port}", asked


def fill_in(page: Page, to: str, subject: str, body: str) -> None:
    page.get_by_label("To", exact=True).fill(to)
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Message").fill(body)


def test_a_mail_is_written_goes_out_under_ones_eyes_and_can_be_looked_at(signed_in: Page, tenant: Tenant) -> None:
    page = signed_in
    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto("/#/emails")
    fill_in(page, "grace@example.com, alan@example.com", "Tea at four", "Bring biscuits.")
    page.get_by_text("Copies, replies, HTML").click()
    page.get_by_label("The same as HTML").fill("<h1>Tea</h1><p>Bring <b>biscuits</b>.</p>")
    page.get_by_label("At a time").check()
    in_two_hours = (datetime.now(UTC) + timedelta(hours=2)).astimezone(ZoneInfo(ZONE))
    page.get_by_label("Date and time").fill(in_two_hours.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Schedule", exact=True).click()
    row = page.get_by_role("row", name="Tea at four")
    expect(row).to_contain_text("to grace@example.com and 1 more")
    expect(row).to_contain_text("scheduled")
    expect(page.get_by_label("Subject")).to_have_value("")

    fill_in(page, "grace@example.com", "Now", "At once.")
    page.get_by_text("Copies, replies, HTML").click()
    page.get_by_text("Copies, replies, HTML").click()
    page.get_by_label("The same as HTML").fill("<h1>Here <i>and</i> now</h1>")
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_role("link", name="Sent 1")).to_be_visible()  # without a reload
    assert "At once." in tenant.mail_to("grace@example.com")
    page.get_by_role("link", name="Sent 1").click()
    page.get_by_role("link", name="Now", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Now")
    sheet = page.frame_locator("iframe")
    expect(sheet.get_by_role("heading", name="Here and now")).to_be_visible()
    page.get_by_role("button", name="Text").click()
    expect(sheet.get_by_text("At once.")).to_be_visible()
    expect(page.get_by_text("Message-ID")).to_be_visible()


def test_a_mail_is_called_back_and_a_failed_one_is_tried_again(signed_in: Page, tenant: Tenant) -> None:
    page, address = signed_in, "bounce@closed.example"
    tenant.inbox.recipient_answers[address] = "550 no such mailbox"
    mail = {"to": address, "subject": "Are you there?", "body": "Hello?"}
    failed = tenant.data("POST", "emails/schedule", mail)["id"]
    tenant.data("POST", "emails/schedule", {**mail, "subject": "Not after all", "delay_seconds": 3600})
    tenant.data("POST", "emails/schedule", {**mail, "subject": "Later still", "delay_seconds": 7200})
    tenant.ended(failed)
    page.goto("/#/emails")
    expect(page.locator("tbody").get_by_role("row")).to_contain_text(["Not after all", "Later still"])
    page.get_by_role("row", name="Not after all").get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the mail").click()
    expect(page.get_by_role("row", name="Not after all")).to_have_count(0)
    page.get_by_role("link", name="Failed 1").click()
    row = page.get_by_role("row", name="Are you there?")
    expect(row).to_contain_text("no such mailbox")
    expect(row).to_contain_text("MAIL_REJECTED")
    del tenant.inbox.recipient_answers[address]
    page.get_by_role("link", name="Are you there?").click()
    expect(page.get_by_text("It could not be sent")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("sent")
    expect(page.get_by_text("It could not be sent")).to_have_count(0)
    assert "Hello?" in tenant.mail_to(address)


def test_what_the_api_refuses_stands_beside_its_field(signed_in: Page, watch: Watch) -> None:
    watch.expected.add(422)
    page = signed_in
    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto("/#/emails")
    fill_in(page, "grace@example.com, nobody", "Hello", "Hello.")
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("nobody must be")).to_be_visible()
    expect(page.get_by_label("To", exact=True)).to_be_focused()


def test_a_viewer_looks_and_writes_nothing(tenant: Tenant, open_as: Callable[[Tenant], Page]) -> None:
    tenant.data(
        "POST", "emails/schedule", {"to": "a@example.com", "subject": "Later", "body": "x", "delay_seconds": 3600}
    )
    page = open_as(tenant.joined("viewer"))
    page.goto("/#/emails")
    expect(page.get_by_role("row", name="Later")).to_be_visible()
    assert page.get_by_text("Write a mail").count() == 0
    assert page.get_by_role("button", name="Cancel").count() == 0


def requests(asked: list[str]) -> list[str]:
    """Without mere connections: Chromium opens one to the host of a link that somebody presses."""
    return [each for each in asked if each != "connected"]


ATTACKS = """
<script>top.document.title = "owned"; document.title = "owned"</script>
<img src="http://REMOTE/img.png" onerror="document.title='owned'" srcset="http://REMOTE/2x.png 2x">
<svg onload="document.title='owned'"><script>top.location = "http://REMOTE/svg"</script>
<image href="http://REMOTE/svg.png"/></svg>
<meta http-equiv="refresh" content="0;url=http://REMOTE/refresh">
<base href="http://REMOTE/base/"><img src="relative.png">
<link rel="stylesheet" href="http://REMOTE/style.css"><link rel="preconnect" href="http://REMOTE">
<link rel="dns-prefetch" href="//REMOTE"><link rel="prefetch" href="http://REMOTE/prefetch">
<link rel="icon" href="http://REMOTE/icon">
<style>@import "http://REMOTE/import.css"; @font-face { font-family: f; src: url(http://REMOTE/font) }
body { background: url(http://REMOTE/background.png); font-family: f; cursor: url(http://REMOTE/cursor), auto }</style>
<iframe src="http://REMOTE/frame"></iframe><object data="http://REMOTE/object"></object><embed src="http://REMOTE/embed">
<video autoplay src="http://REMOTE/video"></video><audio src="http://REMOTE/audio"></audio>
<form action="http://REMOTE/form"><input name="a" autofocus onfocus="document.title='owned'">
<button id="send">Send</button></form>
<a id="script" href="javascript:document.title='owned'">script</a>
<a id="top" target="_top" href="http://REMOTE/top">top</a>
<a id="blank" target="_blank" href="http://REMOTE/blank" ping="http://REMOTE/ping">blank</a>
<p id="end">The end of the mail</p>
"""


def test_what_a_mail_may_hold_does_nothing(
    signed_in: Page, tenant: Tenant, watch: Watch, remote: tuple[str, list[str]]
) -> None:
    host, asked = remote
    mail = {"to": "a@example.com", "subject": "Trust me", "body": "x", "html": ATTACKS.replace("REMOTE", host)}
    email_id = tenant.data("POST", "emails/schedule", mail)["id"]
    tenant.ended(email_id)
    page = signed_in
    page.goto(f"/#/emails/{email_id}")
    sheet = page.frame_locator("iframe[title='The mail']")
    expect(sheet.get_by_text("The end of the mail")).to_be_visible()
    page.wait_for_timeout(500)  # as long as a browser takes for what it does by itself
    assert asked == [], "not even a connection"
    for place in ("#send", "#script", "#top", "#blank"):
        sheet.locator(place).click()
    page.wait_for_timeout(500)
    expect(sheet.get_by_text("The end of the mail")).to_be_visible()
    assert page.title() == "Trust me · Tickwell"
    assert page.url.endswith(f"#/emails/{email_id}")
    assert len(page.context.pages) == 1
    assert requests(asked) == []
    refusals = ("blocked", "refused", "sandbox", "violates", "asked another host")  # what the browser says of each
    assert all(any(word in complaint.lower() for word in refusals) for complaint in watch.complaints), watch.complaints
    watch.complaints.clear()

    page.goto(page.locator("iframe[title='The mail']").get_attribute("src") or "")  # and not in a window of its own
    expect(page.get_by_text("The end of the mail")).to_be_visible()
    page.locator("#send").click()
    page.locator("#script").click()
    page.wait_for_timeout(500)
    assert page.title() != "owned"
    assert page.url.startswith(tenant.server.url)
    assert requests(asked) == []
    watch.complaints.clear()


def test_a_letter_is_not_lost_by_leaving(signed_in: Page) -> None:
    page = at(signed_in, "/#/emails")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_label("Subject").press_sequentially("A long letter")
    page.get_by_role("link", name="Sent").click()
    page.get_by_role("link", name="Queues", exact=True).click()
    page.get_by_role("dialog", name="Leave without saving?").get_by_role("button", name="Cancel").click()
    page.evaluate("() => { location.hash = '#/queues'; }")
    page.get_by_role("button", name="Go back to it").click()
    expect(page.get_by_label("Subject")).to_have_value("A long letter")
    page.evaluate("() => location.reload()")
    expect(page.get_by_label("Subject")).to_have_value("A long letter")
    assert asked == ["beforeunload"]
    page.get_by_label("To", exact=True).fill("grace@example.com")
    page.get_by_label("Message").fill("Dear Grace, and so on.")
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("On its way to grace@example.com")).to_be_visible()
    page.get_by_role("link", name="Queues", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Queues")).to_be_visible()

"""What pages do while their server is stopped and started again."""

import socket
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.looking import WIDE, at
from tests.browser.tenant import new_tenant
from tests.browser.watch import Watch
from tests.integration.test_local_server import Inbox, smtp
from tests.server_process import running


def free_port() -> str:
    """One that the server can have, and have again."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def test_all_goes_on_by_itself_when_the_server_is_started_again(
    chromium: Browser, inbox: Inbox, tmp_path: Path
) -> None:
    settings = {"PORT": free_port(), **smtp(inbox)}
    with running(tmp_path / "data", settings) as server:
        tenant = new_tenant(server, inbox, "restart@example.com", tmp_path)
        job_id = tenant.recurring("Nightly backup")
        watch = Watch(origin=server.url)
        context = chromium.new_context(base_url=server.url, viewport=WIDE, storage_state=tenant.kept_session)
        watch.over(context)
        followed, asked = context.new_page(), context.new_page()
        at(followed, f"/#/jobs/{job_id}")
        at(asked, "/#/queues")
        assert server.terminate() == 0
    asked.get_by_role("link", name="Jobs", exact=True).click()
    expect(asked.get_by_role("alert")).to_contain_text("cannot be reached")
    with running(tmp_path / "data", settings):
        expect(asked.get_by_role("link", name="Nightly backup")).to_be_visible()
        tenant.data("POST", f"jobs/{job_id}/pause")
        expect(followed.locator(".page-head .badge")).to_have_text("paused")
        assert all("net::ERR_" in each for each in watch.complaints), "what the browser says of it"
        context.close()

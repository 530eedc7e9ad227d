"""The dashboard from the deployed API: the same page, which works there."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import NoChromiumError, executable, launched
from tests.browser.watch import Watch
from tests.e2e.deployment import PASSWORD, Deployment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

EMAIL = "dashboard@example.com"


def test_somebody_signs_in_and_sees_the_overview(plain: Deployment) -> None:
    try:
        executable()
    except NoChromiumError as error:
        pytest.skip(str(error))
    registered = Deployment(aws=plain.aws, outputs=plain.outputs)
    registered.register(EMAIL)
    registered.create_job({"name": "Later today", "task": "echo", "delay_seconds": 7200})
    host = urlsplit(plain.outputs["ApiUrl"]).netloc
    watch = Watch(origin=f"http://{host}")
    # No resolver knows the local AWS's names.
    with launched(f"--host-resolver-rules=MAP {host} 127.0.0.1:{plain.aws.port}") as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=watch.origin)
        context.set_default_timeout(60_000)
        watch.over(context)
        page = context.new_page()
        page.goto("/")
        page.get_by_label("E-mail address").fill(EMAIL)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("link", name="Later today")).to_be_visible(timeout=60_000)
    assert watch.faults() == []

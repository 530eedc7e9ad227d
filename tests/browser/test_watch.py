"""The watch that every test relies on: whatever a page must not do is seen."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.watch import Watch

INLINE = """document.head.append(Object.assign(document.createElement("script"), {textContent: "window.ran = 1"}))"""

MISDEEDS = {
    "a complaint": ("console.error('broken')", "console error: broken"),
    "an inline script": (INLINE, "Content Security Policy"),
    "another host": ("fetch('http://elsewhere.example/').catch(() => 0)", "Content Security Policy"),
    "an exception": ("setTimeout(() => { throw new Error('thrown') })", "uncaught: thrown"),
    "a rejection": ("void Promise.reject(new Error('rejected'))", "uncaught: rejected"),
    "a refusal": ("void fetch('/api/v1/jobs')", r"401 http://.*/api/v1/jobs"),
}


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_what_a_page_must_not_do_is_a_fault(page: Page, watch: Watch, misdeed: str) -> None:
    script, complaint = MISDEEDS[misdeed]
    page.goto("/docs")
    assert watch.faults() == []
    page.evaluate(f"() => {{ {script} }}")
    found = seen(page, watch, complaint)
    assert found
    watch.complaints.clear()
    watch.expected.add(401)


def seen(page: Page, watch: Watch, complaint: str) -> bool:
    """Whether it comes, sooner or later."""
    for _ in range(500):
        if any(re.search(complaint, fault) for fault in watch.faults()):
            return True
        page.wait_for_timeout(20)
    return False

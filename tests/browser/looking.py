"""What a page looks like once everything is there, and what is measured in it."""

from typing import Any

from playwright.sync_api import Page, ViewportSize, expect

NARROW: ViewportSize = {"width": 360, "height": 740}
WIDE: ViewportSize = {"width": 1280, "height": 800}

_SETTLED = "() => document.querySelector('h1') && !document.querySelector('.skeleton, .stale, [aria-busy=true]')"
_TOO_WIDE = """() => [...document.body.querySelectorAll("*")].filter((each) => {
    const box = each.getBoundingClientRect();
    return box.width > 0 && box.right > document.documentElement.clientWidth + 1 && !each.closest(".hidden-text");
}).slice(0, 5).map((each) => each.outerHTML.slice(0, 160))"""
_SQUEEZED = """() => [...document.body.querySelectorAll("main *")].filter((each) => {
    const box = each.getBoundingClientRect();
    const says = [...each.childNodes].some((one) => one.nodeType === Node.TEXT_NODE && one.data.trim().length > 4);
    const lines = box.height / parseFloat(getComputedStyle(each).fontSize);
    return says && box.width < 48 && lines > 4 && box.height > 2 * box.width;
}).slice(0, 5).map((each) => each.outerHTML.slice(0, 160))"""
"""Words of which a line has but a letter or two."""
_FROM_THE_TOP = """() => {
    window.walked = new Set();
    window.last = null;
    const top = Object.assign(document.createElement("div"), {tabIndex: -1});
    document.body.prepend(top);
    top.focus();
    top.remove();
    scrollTo(0, 0);
}"""
"""The focus may stand anywhere, and Tab goes on from where it was last: from here it is the first element's turn."""
_FOCUSED = """() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return null;
    window.walked ??= new Set();
    const isStill = window.last === element; // a date has several fields in one element
    const isAgain = !isStill && window.walked.has(element);
    window.last = element;
    window.walked.add(element);
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const middle = [box.x + box.width / 2, box.y + box.height / 2];
    return {
        html: element.outerHTML.slice(0, 160),
        isStill,
        isAgain,
        isSeen: box.width > 0 && box.height > 0 && middle[0] >= 0 && middle[0] <= innerWidth
            && middle[1] >= 0 && middle[1] <= innerHeight,
        isMarked: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none",
        order: element.tabIndex,
    };
}"""
_LEFT_OUT = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter((each) => each.checkVisibility({visibilityProperty: true}) && !each.disabled && each.tabIndex >= 0
        && each.type !== "radio" && !window.walked.has(each))
    .map((each) => each.outerHTML.slice(0, 160))"""


def settled(page: Page) -> Page:
    """The page, once it has a heading and waits for nothing more."""
    page.wait_for_function(_SETTLED)
    return page


def at(page: Page, address: str) -> Page:
    """Go to an address of the dashboard; the page once it is settled."""
    page.goto(address)
    return settled(page)


def at_home(page: Page, address: str) -> Page:
    """As ``at``, once the server has said too that the session counts: a page asks for that, and does not wait."""
    with page.expect_response("**/api/v1/auth/me"):
        page.goto(address)
    return settled(page)


def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways; nothing where it does not."""
    # A scroll bar's gutter belongs to the window, not to what can be scrolled.
    is_wider: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    culprits: list[str] = page.evaluate(_TOO_WIDE)
    return culprits or ["the page itself"] if is_wider else []


def squeezed(page: Page) -> list[str]:
    """What stands in so narrow a place that nobody reads it."""
    found: list[str] = page.evaluate(_SQUEEZED)
    return found


def walk(page: Page, *, most: int = 400) -> list[dict[str, Any]]:
    """Press Tab until the focus has been everywhere; each element that had it."""
    walked: list[dict[str, Any]] = []
    page.evaluate(_FROM_THE_TOP)
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None or focused["isAgain"]:
            return walked
        if not focused["isStill"]:
            walked.append(focused)
    raise AssertionError(f"the focus went on and on: {walked[-5:]}")


def left_out(page: Page) -> list[str]:
    """What can be used but was not reached by ``walk``."""
    found: list[str] = page.evaluate(_LEFT_OUT)
    return found


def sign_in(page: Page, email: str, password: str) -> None:
    """By the form, from wherever the page shows it."""
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()

"""How people come in and go: registration, sign-in, passwords, invitations, and the end of a session."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.looking import at, at_home
from tests.browser.tenant import PASSWORD, Tenant
from tests.browser.watch import Watch

NEW_PASSWORD = "Battery-Staple-8"
_RESET = re.compile(r"twr_[\w.-]+")


def enter(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def leave(page: Page) -> None:
    """Sign out, until the server knows: the page itself does not wait for it."""
    page.get_by_role("button", name="Account menu").click()
    with page.expect_response("**/api/v1/auth/logout"):
        page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()


def test_somebody_registers_and_is_told_what_is_wrong_beside_the_field(
    page: Page, tenant: Tenant, watch: Watch
) -> None:
    watch.expected |= {409, 422}
    at(page, "/#/register")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.get_by_role("button", name="Create my account").click()
    expect(page.locator(".field", has=page.get_by_label("E-mail address"))).to_contain_text("is required")
    page.get_by_label("E-mail address").fill(f"new.{tenant.email}")
    page.get_by_label("Password", exact=True).fill("correct-horse-9")
    page.get_by_role("button", name="Create my account").click()
    field = page.locator(".field", has=page.get_by_label("Password", exact=True))
    expect(field).to_contain_text("must have an upper-case letter")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("E-mail address").fill(tenant.email)
    page.get_by_role("button", name="Create my account").click()
    expect(page.get_by_role("alert")).to_contain_text("e-mail address")
    page.get_by_label("E-mail address").fill(f"new.{tenant.email}")
    page.get_by_role("button", name="Create my account").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(page.get_by_role("button", name="Account menu")).to_contain_text(f"new.{tenant.email}")


def test_who_is_not_signed_in_comes_back_to_where_they_wanted(page: Page, tenant: Tenant, watch: Watch) -> None:
    watch.expected.add(401)
    at(page, "/#/settings/members")
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    enter(page, tenant.email, "Wrong-Horse-9")
    expect(page.get_by_role("alert")).to_contain_text("Invalid e-mail address or password")
    page.get_by_label("Keep me signed in").check()
    enter(page, tenant.email, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_focused()
    expect(page.get_by_role("row", name=re.compile(re.escape(tenant.email)))).to_be_visible()
    kept = page.context.new_page()
    at(kept, "/#/settings/profile")
    expect(kept.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    leave(kept)
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()


def test_a_session_of_one_tab_ends_with_it_and_the_token_is_dead(new_page: NewPage, tenant: Tenant) -> None:
    page = new_page()
    at(page, "/#/settings/profile")
    enter(page, tenant.email, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    token = page.evaluate("JSON.parse(sessionStorage.getItem('tickwell.session')).token")
    assert page.evaluate("localStorage.length") == 0
    other = page.context.new_page()
    at(other, "/#/settings/profile")
    expect(other.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    leave(page)
    assert page.evaluate("sessionStorage.length") == 0
    tenant.server.token = token
    assert tenant.call("GET", "auth/me")[0] == 401


def test_tabs_of_several_people_do_not_end_each_others_sessions(page: Page, tenant: Tenant) -> None:
    grace = tenant.joined("viewer", tenant.email.replace("ada", "grace"))
    at(page, "/#/sign-in")
    once, other = (at(page.context.new_page(), "/#/sign-in") for _ in range(2))
    page.get_by_label("Keep me signed in").check()
    enter(page, tenant.email, PASSWORD)
    expect(page.get_by_role("button", name="Account menu")).to_contain_text(tenant.email)
    enter(once, tenant.email, PASSWORD)
    expect(once.get_by_role("button", name="Account menu")).to_contain_text(tenant.email)
    other.get_by_label("Keep me signed in").check()
    enter(other, grace.email, PASSWORD)
    expect(other.get_by_role("button", name="Account menu")).to_contain_text(grace.email)
    once.reload()
    expect(once.get_by_role("button", name="Account menu")).to_contain_text(tenant.email)
    leave(page)
    expect(once.get_by_role("button", name="Account menu")).to_contain_text(tenant.email)
    at(other, "/#/settings/profile").reload()
    expect(other.get_by_role("button", name="Account menu")).to_contain_text(grace.email)
    leave(other)
    assert page.evaluate("localStorage.length") == 0


def test_who_leaves_one_tab_leaves_all_that_are_kept(page: Page, tenant: Tenant) -> None:
    at(page, "/#/sign-in")
    other = at(page.context.new_page(), "/#/sign-in")
    for each in (page, other):
        each.get_by_label("Keep me signed in").check()
        enter(each, tenant.email, PASSWORD)
        expect(each.get_by_role("button", name="Account menu")).to_be_visible()
    expect(page.get_by_role("button", name="Account menu")).to_be_visible()
    leave(page)
    expect(other.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0


def test_a_forgotten_password_is_set_anew_by_the_link_of_a_mail(page: Page, tenant: Tenant) -> None:
    at(page, "/#/sign-in")
    page.get_by_role("link", name="Forgotten your password?").click()
    page.get_by_label("E-mail address").fill(tenant.email)
    page.get_by_role("button", name="Send the mail").click()
    expect(page.get_by_text("a mail is on its way")).to_be_focused()
    token = _RESET.search(tenant.mail_to(tenant.email))
    assert token is not None
    at(page, f"/reset-password#token={token.group()}")
    expect(page).to_have_url(re.compile(r"/#/reset-password$"))
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your new password is set")).to_be_visible()
    enter(page, tenant.email, NEW_PASSWORD)
    expect(page.get_by_role("button", name="Account menu")).to_be_visible()


def test_an_invitation_is_accepted_by_its_link_and_works_once(page: Page, tenant: Tenant, watch: Watch) -> None:
    watch.expected |= {403, 422}
    email = f"grace.{tenant.email}"
    tenant.data("POST", "organization/invitations", {"email": email, "role": "viewer"})
    link = f"/accept-invitation#token={tenant.invitation(email)}"
    at(page, link)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("button", name="Account menu")).to_contain_text("viewer")
    leave(page)
    at(page, link)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("alert")).to_be_visible()


def test_a_session_that_was_ended_elsewhere_goes_on_after_signing_in(
    signed_in: Page, tenant: Tenant, watch: Watch
) -> None:
    watch.expected.add(401)
    page = at_home(signed_in, "/#/settings/profile")
    tenant.data("PUT", "auth/password", {"old_password": PASSWORD, "new_password": NEW_PASSWORD})
    page.get_by_role("link", name="Members", exact=True).click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    enter(page, tenant.email, NEW_PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    expect(page).to_have_url(re.compile(r"#/settings/members$"))

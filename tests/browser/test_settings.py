"""The settings: people, keys, the organization, and one's own account."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenAs
from tests.browser.looking import at, at_home
from tests.browser.tenant import PASSWORD, Tenant
from tests.browser.watch import Watch


def test_a_key_is_shown_once_works_and_is_dead_when_deleted(signed_in: Page, tenant: Tenant, watch: Watch) -> None:
    watch.expected.add(422)
    page = at(signed_in, "/#/settings/api-keys")
    page.get_by_role("button", name="Create a key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill("build server")
    for scope in ("jobs:read", "jobs:write"):
        dialog.get_by_label(scope).uncheck()
    dialog.get_by_role("button", name="Create", exact=True).click()
    expect(dialog.locator("fieldset .fault")).to_be_visible()
    dialog.get_by_label("jobs:read").check()
    dialog.get_by_role("button", name="Create", exact=True).click()
    shown = page.get_by_role("dialog", name="The key build server")
    key = shown.get_by_label("Key").input_value()
    page.keyboard.press("Escape")
    page.mouse.click(3, 3)
    expect(shown).to_be_visible()
    shown.get_by_role("button", name="I have it").click()
    expect(shown).to_have_count(0)
    row = page.get_by_role("row", name=re.compile("build server"))
    expect(row).to_contain_text("jobs:read")
    assert key not in page.content()
    owner, tenant.server.token = tenant.server.token, key
    assert tenant.call("GET", "jobs")[0] == 200
    assert tenant.call("POST", "jobs", {"name": "x"})[0] == 403
    row.get_by_role("button", name="Delete build server").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No API keys")).to_be_visible()
    assert tenant.call("GET", "jobs")[0] == 401
    tenant.server.token = owner


def test_an_owner_invites_changes_and_removes_people(signed_in: Page, tenant: Tenant) -> None:
    grace = tenant.joined("viewer", f"grace.{tenant.email}")
    page = at(signed_in, "/#/settings/members")
    page.get_by_label("E-mail address").fill(f"edsger.{tenant.email}")
    page.get_by_role("button", name="Invite").click()
    invited = page.get_by_role("region", name="Invitations").get_by_role("row")
    expect(invited.last).to_contain_text(f"edsger.{tenant.email}")
    page.get_by_label(f"Role of {grace.email}").select_option("admin")
    expect(page.get_by_text(f"{grace.email} is admin now")).to_be_visible()
    assert grace.data("GET", "auth/me")["role"] == "admin"
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("region", name="Invitations")).to_have_count(0)
    page.get_by_role("button", name=f"Remove {grace.email}").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("row", name=re.compile(re.escape(grace.email)))).to_have_count(0)
    assert grace.call("GET", "auth/me")[0] == 401


def test_a_viewer_is_offered_nothing_that_takes_more(open_as: OpenAs, tenant: Tenant) -> None:
    page = at(open_as(tenant.joined("viewer")), "/#/settings/members")
    expect(page.get_by_role("row")).to_have_count(3)
    expect(page.locator("main").get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("link", name="API keys")).to_have_count(0)
    at(page, "/#/settings/api-keys")
    expect(page.get_by_text("This takes the role admin or above")).to_be_visible()
    at(page, "/#/settings/organization")
    expect(page.get_by_role("button", name="Rename")).to_have_count(0)
    expect(page.get_by_role("meter", name=re.compile("^members: 2 of"))).to_be_visible()


def test_an_organization_is_renamed_exported_and_ended(signed_in: Page, tenant: Tenant, watch: Watch) -> None:
    watch.expected |= {401, 403, 422}
    page = at(signed_in, "/#/settings/organization")
    page.get_by_label("Name", exact=True).fill("Analytical Engines")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_text("is called Analytical Engines now")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download everything").click()
    lines = download.value.path().read_text().splitlines()
    assert '"Analytical Engines"' in lines[0]
    page.get_by_role("button", name="Delete …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your password").fill("Wrong-Horse-9")
    dialog.get_by_role("button", name="Delete everything").click()
    expect(dialog.locator(".alert.bad:not([hidden]), .fault:not([hidden])").last).to_be_visible()
    dialog.get_by_label("Your password").fill(PASSWORD)
    dialog.get_by_role("button", name="Delete everything").click()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    assert tenant.call("GET", "auth/me")[0] == 401


def test_a_new_password_ends_all_sessions_but_this_one(signed_in: Page, tenant: Tenant, watch: Watch) -> None:
    watch.expected.add(422)
    page = at_home(signed_in, "/#/settings/profile")
    page.get_by_label("Present password").fill("Wrong-Horse-9")
    page.get_by_label("New password").fill("Battery-Staple-8")
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator(".field", has=page.get_by_label("Present password"))).to_contain_text("is not the present")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Your password is changed")).to_be_visible()
    assert tenant.call("GET", "auth/me")[0] == 401
    page.reload()
    expect(page.get_by_role("button", name="Account menu")).to_contain_text(tenant.email)

"""The tabs of the settings that are about operation: what is shown once, what is never shown, and what is on record."""

import http.client
import json
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenAs
from tests.browser.looking import at
from tests.browser.tenant import Tenant

KEPT = "() => JSON.stringify([{...localStorage}, {...sessionStorage}])"


def closed(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name="I have it").click()
    expect(page.locator("dialog")).to_have_count(0)


def shown(page: Page, label: str) -> str:
    box = page.get_by_role("dialog").get_by_label(label)
    expect(box).to_be_visible()
    return box.input_value()


def test_a_webhooks_secret_is_shown_once(tenant: Tenant, signed_in: Page) -> None:
    page = at(signed_in, "/#/settings/webhooks")
    page.get_by_role("button", name="Add webhook").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address").fill("https://hooks.example.com/tickwell")
    dialog.get_by_label("An attempt ran out of time").uncheck()
    dialog.get_by_role("button", name="Add webhook").click()
    secret = shown(page, "Secret of https://hooks.example.com/tickwell")
    assert secret.startswith("whsec_")
    page.keyboard.press("Escape")
    assert shown(page, "Secret of") == secret
    closed(page)
    (webhook,) = tenant.data("GET", "webhooks")["webhooks"]
    assert webhook["events"] == ["job.failed", "job.paused"]
    assert secret not in page.content() + page.evaluate(KEPT)
    page.reload()
    page.get_by_role("button", name="New secret for https://hooks.example.com/tickwell").click()
    dialog.get_by_role("button", name="New secret", exact=True).click()
    assert shown(page, "Secret of") not in {"", secret}
    closed(page)
    expect(page.get_by_text("old secret counts until")).to_be_visible()
    page.get_by_role("button", name="Remove https://hooks.example.com/tickwell").click()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("No webhooks")).to_be_visible()
    assert tenant.data("GET", "webhooks")["webhooks"] == []


def test_a_signed_hook_takes_messages_and_all_is_on_record(tenant: Tenant, signed_in: Page) -> None:
    page = at(signed_in, "/#/settings/secrets")
    page.get_by_role("button", name="New secret").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("reports-token")
    dialog.get_by_label("Value").fill("a value that nobody sees")
    dialog.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("{{secret:reports-token}}")).to_be_visible()
    assert "nobody sees" not in page.content() + page.evaluate(KEPT)

    at(page, "/#/settings/hooks")
    page.get_by_role("button", name="New hook").first.click()
    dialog.get_by_label("Name").fill("Message from the shop")
    dialog.get_by_label("Payload").fill('{"said": "{{message.content}}"')
    dialog.get_by_role("button", name="Make hook").click()
    expect(dialog.get_by_text("is no JSON")).to_be_visible()
    dialog.get_by_label("Payload").fill('{"said": "{{message.content}}"}')
    dialog.get_by_role("button", name="Make hook").click()
    address = shown(page, "Address")
    closed(page)
    assert address.rsplit("/", 1)[1] not in page.content()
    job = tenant.ended(_hand_in(address, {"content": "When do you open?"}))
    assert (job["name"], job["payload"]) == ("Message from the shop", {"said": "When do you open?"})

    at(page, "/#/settings/audit-log")
    log = page.get_by_role("region", name="Audit log")
    expect(log.get_by_role("row", name="Create hook")).to_contain_text(tenant.email)
    page.get_by_label("Action", exact=True).fill("putSecret")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(log.get_by_role("row", name="Create hook")).to_have_count(0)
    expect(log.get_by_role("row", name="Put secret")).to_contain_text("reports-token")

    at(page, "/#/settings/usage?period=7-days")  # a month may just have begun
    expect(page.get_by_text("Estimated cost")).to_be_visible()
    expect(page.get_by_role("region", name="Cost by queue")).to_contain_text("default-medium")


def test_members_are_told_which_role_it_takes(tenant: Tenant, open_as: OpenAs) -> None:
    member = tenant.joined("member")
    page = at(open_as(member), "/#/settings/webhooks")
    expect(page.get_by_text("by admins and owners of the organization")).to_be_visible()
    assert page.get_by_role("button", name="Add webhook").count() == 0
    at(page, "/#/settings/secrets")
    expect(page.get_by_text("This takes the role admin or above")).to_be_visible()
    for path in ("secrets", "webhooks", "hooks", "audit", "usage"):
        assert member.call("GET", path)[0] == 403


def _hand_in(address: str, message: object) -> str:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request("POST", parts.path, json.dumps(message), {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return str(answer["data"]["job_id"])

"""Jobs are created and changed in the dashboard: what is wrong is told at its field, and nothing else is changed."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.browser import axe
from tests.browser.conftest import OpenAs
from tests.browser.looking import NARROW, at, left_out, too_wide, walk
from tests.browser.tenant import Tenant
from tests.browser.watch import Watch

SAMPLES: dict[str, Any] = {
    "cleanup_files": {"older_than_days": 7, "type": "files", "dry_run": True},
    "echo": {"any": ["JSON", 1, None, {"deep": True}]},
    "generate_image": {"prompt": "A lighthouse", "count": 2, "options": {"quality": "high", "seed": 7, "hd": True}},
    "http_request": {
        "url": "https://example.com/till",
        "method": "POST",
        "headers": {"Accept": "text/plain", "X-Shop": "7"},
        "json": {"close": [1, 2]},
        "expected_status": [200, 204],
        "timeout_seconds": 2.5,
    },
    "invoke_lambda": {"function": "till", "mode": "wait", "payload": {"a": 1}, "no_retry_errors": ["ValueError"]},
    "monthly_report": {"customer": "Ada & Co.", "ledger": "/tmp/x", "copies": 3, "recipients": ["ada@example.com"]},
    "process_video": {
        "source": {"url": "https://example.com/a.mp4"},
        "operation": "thumbnail",
        "format": "png",
        "width": 320,
    },
    "scrape_website": {
        "url": "https://example.com",
        "selectors": {
            "title": {"css": "h1"},
            "links": {"css": "a", "attribute": "href", "all": True},
            "lead": "p.lead",
        },
        "follow": {"css": "a[rel=next]", "max_pages": 3},
        "respect_robots": False,
    },
    "send_email": {
        "to": ["ada@example.com", "grace@example.com"],
        "cc": "kurt@example.com",
        "subject": "Hello",
        "body": "Dear all,\nhello.",
        "attachments": [{"file": "a.pdf", "filename": "b.pdf"}],
    },
    "send_message": {
        "channel": "whatsapp",
        "to": "+4915112345678",
        "template": {"name": "hi", "language": "en_US", "parameters": ["x"]},
    },
    "take_stock": {"warehouse": "Hamburg"},
}
"""A payload for each task of the server."""

PAYLOAD = re.compile("^Payload")


@pytest.fixture
def form(signed_in: Page) -> Page:
    """The form for a new job."""
    return at(signed_in, "/#/jobs/new")


def _segment(page: Page, name: str) -> None:
    page.locator(".segments label", has_text=re.compile(f"^{name}$")).click()


def _field(page: Page, label: str) -> Locator:
    """The field with that label, with its hint and what is wrong with it."""
    return page.locator(".field").filter(has=page.get_by_label(label, exact=True)).last


def _new(page: Page, task: str, name: str) -> None:
    page.get_by_label("Task", exact=True).select_option(label=task)
    page.get_by_label("Name", exact=True).fill(name)


def _has_status(status: str, job: dict[str, Any]) -> bool:
    return bool(job["status"] == status)


def _jobs(tenant: Tenant) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tenant.data("GET", "jobs")["jobs"]
    return found


def test_a_cron_job_is_made_with_its_next_runs_in_view(form: Page, tenant: Tenant, watch: Watch) -> None:
    watch.expected.add(422)
    _new(form, "echo", "Morning call")
    form.get_by_label(PAYLOAD).fill('{"edition": 7}')
    _segment(form, "By cron")
    form.get_by_role("button", name="Weekdays 9:00").click()
    runs = form.get_by_role("complementary", name="Next runs")
    expect(runs.get_by_role("listitem")).to_have_count(5)
    expect(runs).to_contain_text("09:00 CE")
    cron = form.get_by_label("Cron expression")
    cron.fill("0 25 * * 1-5")
    expect(_field(form, "Cron expression").locator(".fault")).to_contain_text("the hour '25' is not one (0-23)")
    expect(runs.get_by_role("listitem")).to_have_count(0)
    cron.fill("30 8 * * 1-5")
    expect(runs.get_by_role("listitem").first).to_contain_text("08:30")
    form.get_by_label("Time zone").fill("Asia/Tokyo")
    expect(runs).to_contain_text("your time (Europe/Berlin)")
    form.get_by_role("button", name="Create job").click()
    expect(form.get_by_role("heading", level=1, name="Morning call")).to_be_visible()
    job = tenant.data("GET", f"jobs/{_jobs(tenant)[0]['id']}")
    said = {name: job[name] for name in ("name", "task", "cron_expression", "timezone", "payload")}
    assert said == {
        "name": "Morning call",
        "task": "echo",
        "cron_expression": "30 8 * * 1-5",
        "timezone": "Asia/Tokyo",
        "payload": {"edition": 7},
    }
    for action, status in (("Pause", "paused"), ("Resume", "active")):
        form.get_by_role("button", name=action, exact=True).click()
        tenant.until(job["id"], partial(_has_status, status))
    form.get_by_role("button", name="Run now", exact=True).click()
    expect(form.get_by_role("region", name="Extra run")).to_contain_text("completed")


def test_what_is_wrong_is_told_at_its_field(form: Page, tenant: Tenant, watch: Watch) -> None:
    watch.expected.add(422)
    _new(form, "send_email", "")
    form.get_by_role("button", name="Create job").click()
    expect(_field(form, "Name").locator(".fault")).to_have_text("is required")
    expect(form.get_by_label("Name", exact=True)).to_be_focused()
    form.get_by_label("Name", exact=True).fill("Greeting")
    form.get_by_label("To 1").fill("ada@example.com")
    form.get_by_role("group", name="To").get_by_role("button", name="Add").click()
    form.get_by_label("To 2").fill("no address")
    form.get_by_label("Subject").fill("Hello")
    form.get_by_label("Body").fill("Dear Ada")
    form.get_by_text("Advanced").click()
    form.get_by_role("textbox", name="Retries").fill("1000")
    form.get_by_role("button", name="Create job").click()
    expect(_field(form, "Retries").locator(".fault")).to_contain_text("0 to 100")
    form.get_by_role("textbox", name="Retries").fill("2")
    form.get_by_role("button", name="Create job").click()
    expect(_field(form, "To 2").locator(".fault")).to_be_visible()
    expect(form.get_by_label("To 2")).to_be_focused()
    expect(_field(form, "To 1").locator(".fault")).to_be_hidden()
    assert _jobs(tenant) == []
    form.get_by_label("To 2").fill("grace@example.com")
    form.get_by_role("button", name="Create job").dblclick()
    form.wait_for_url(re.compile("#/jobs/(?!new)"))
    assert [job["name"] for job in _jobs(tenant)] == ["Greeting"]
    job = tenant.data("GET", f"jobs/{_jobs(tenant)[0]['id']}")
    assert (job["max_retries"], job["payload"]["to"]) == (2, ["ada@example.com", "grace@example.com"])


def last_sunday(year: int, month: int) -> date:
    """When clocks change in Europe, in a month of 31 days."""
    end = date(year, month, 31)
    return end - timedelta(days=end.isoweekday() % 7)


def test_a_time_is_typed_by_the_clocks_of_its_zone(form: Page, tenant: Tenant) -> None:
    _new(form, "echo", "Once")
    _segment(form, "At a time")
    at_field = _field(form, "Date and time")
    year = datetime.now(UTC).year + 2  # this year's times are told without it, and somewhere the next one has begun
    spring, autumn = last_sunday(year, 3), last_sunday(year, 10)
    eve = autumn - timedelta(days=1)
    for zone, local, told in (
        ("Europe/Berlin", f"{spring}T02:30", "Clocks skip this time there; 03:30 is meant."),
        ("Europe/Berlin", f"{autumn}T02:30", "Clocks show this time twice there; the first is meant."),
        ("Asia/Tokyo", f"{autumn}T02:30", f"{eve.day} Oct {year}"),
    ):
        form.get_by_label("Time zone").fill(zone)
        form.get_by_label("Date and time").fill(local)
        expect(at_field.locator(".hint")).to_contain_text(told)
    form.get_by_role("button", name="Create job").click()
    expect(form.get_by_role("heading", level=1, name="Once")).to_be_visible()
    assert _jobs(tenant)[0]["scheduled_time"] == f"{eve}T17:30:00.000Z"


def test_an_edit_sends_what_was_changed_and_nothing_else(signed_in: Page, tenant: Tenant) -> None:
    fields: dict[str, Any] = {
        "description": "Old",
        "tags": ["night"],
        "overlap": "queue_one",
        "payload": {"a": [1]},
        "timeout_seconds": 30,
    }
    job_id = tenant.recurring(exclude=["2027-01-01"], jitter_seconds=60, **fields)
    before = tenant.data("GET", f"jobs/{job_id}")
    later = f"3{before['cron_expression']}"  # by half an hour
    sent: list[Any] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            sent.append(request.post_data_json)

    signed_in.on("request", note)
    page = at(signed_in, f"/#/jobs/{job_id}/edit")
    page.get_by_label("Description").fill("New")
    page.get_by_label("Cron expression").fill(later)
    page.get_by_label("Tags").fill("")
    page.get_by_text("Advanced").click()
    page.get_by_label("Time limit of an attempt", exact=True).fill("")
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url(re.compile(f"#/jobs/{job_id}$"))
    assert sent == [{"description": "New", "cron_expression": later, "tags": [], "timeout_seconds": None}]
    after = tenant.data("GET", f"jobs/{job_id}")
    differing = {name for name in after if after[name] != before[name]}
    assert differing == {"description", "cron_expression", "tags", "timeout_seconds", "next_run", "updated_at"}


def test_the_job_can_become_another_kind_of_schedule(signed_in: Page, tenant: Tenant) -> None:
    job_id = tenant.recurring(exclude=["2027-01-01"])
    page = at(signed_in, f"/#/jobs/{job_id}/edit")
    _segment(page, "At an interval")
    page.get_by_label("Every", exact=True).fill("90")
    expect(page.get_by_role("complementary", name="Next runs").get_by_role("listitem")).to_have_count(5)
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url(re.compile(f"#/jobs/{job_id}$"))
    job = tenant.data("GET", f"jobs/{job_id}")
    assert (job["interval_seconds"], job["timezone"], job["exclude"]) == (5400, "Europe/Berlin", ["2027-01-01"])


def test_somebody_elses_change_is_not_overwritten_unseen(signed_in: Page, tenant: Tenant) -> None:
    job_id = tenant.recurring(description="Mine")
    page = at(signed_in, f"/#/jobs/{job_id}/edit")
    tenant.data("PATCH", f"jobs/{job_id}", {"description": "Theirs", "name": "Renamed"})
    page.get_by_label("Description").fill("Mine again")
    page.get_by_role("button", name="Save changes").click()
    asked = page.get_by_role("dialog", name="Somebody else changed this job")
    expect(asked).to_contain_text("description became")
    asked.get_by_role("button", name="Cancel").click()
    assert tenant.data("GET", f"jobs/{job_id}")["description"] == "Theirs"
    page.get_by_role("button", name="Save changes").click()
    asked.get_by_role("button", name="Save mine").click()
    page.wait_for_url(re.compile(f"#/jobs/{job_id}$"))
    job = tenant.data("GET", f"jobs/{job_id}")
    assert (job["description"], job["name"]) == ("Mine again", "Renamed")


def test_what_was_typed_is_not_lost_by_leaving(form: Page) -> None:
    form.get_by_label("Name", exact=True).fill("Half-written")
    form.get_by_role("link", name="Cancel").click()
    form.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(form.get_by_label("Name", exact=True)).to_have_value("Half-written")
    form.evaluate("location.hash = '#/settings/profile'")
    form.get_by_role("button", name="Go back to it").click()
    expect(form.get_by_label("Name", exact=True)).to_have_value("Half-written")
    form.get_by_role("link", name="Cancel").click()
    form.get_by_role("dialog").get_by_role("button", name="Leave").click()
    form.wait_for_url(re.compile("#/jobs$"))


def test_a_key_of_ones_own_is_not_taken_from_another_job(form: Page, tenant: Tenant, watch: Watch) -> None:
    watch.expected.add(404)
    tenant.data("PUT", "jobs/by-key/reports/daily", {"name": "The first", "delay_seconds": 3600})
    _new(form, "echo", "The second")
    form.get_by_text("Advanced").click()
    form.get_by_label("Key of your own").fill("reports/daily")
    form.get_by_role("button", name="Create job").click()
    expect(_field(form, "Key of your own").locator(".fault")).to_contain_text("The first")
    form.get_by_label("Key of your own").fill("reports/second")
    form.get_by_role("button", name="Create job").click()
    form.wait_for_url(re.compile("#/jobs/(?!new)"))
    assert tenant.data("GET", "jobs/by-key/reports/second")["name"] == "The second"
    assert tenant.data("GET", "jobs/by-key/reports/daily")["name"] == "The first"


def test_another_job_is_made_after_one(signed_in: Page, tenant: Tenant) -> None:
    tenant.queue("reports")
    retry = {"strategy": "fixed", "delay_seconds": 5, "max_delay_seconds": 60}
    job_id = tenant.recurring(
        "Backup", queue="reports", retry=retry, payload={"disk": "sda"}, tags=["night"], misfire="skip"
    )
    page = at(signed_in, f"/#/jobs/new?from={job_id}")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Backup (copy)")
    page.get_by_role("button", name="Create job").click()
    page.wait_for_url(re.compile("#/jobs/(?!new)"))
    jobs = {job["name"]: tenant.data("GET", f"jobs/{job['id']}") for job in _jobs(tenant)}
    own = {"id", "name", "created_at", "updated_at"}
    first, second = (
        {name: value for name, value in jobs[one].items() if name not in own} for one in ("Backup", "Backup (copy)")
    )
    assert first == second


def test_who_may_only_look_is_not_offered_a_form(tenant: Tenant, open_as: OpenAs) -> None:
    page = at(open_as(tenant.joined("viewer")), "/#/jobs/new")
    expect(page.get_by_text("This takes the role member")).to_be_visible()
    expect(page.locator("form.job-form")).to_have_count(0)


def test_the_schema_of_each_task_makes_a_form_that_loses_nothing(form: Page, tenant: Tenant) -> None:
    tasks = {task["name"]: task for task in tenant.data("GET", "tasks")["tasks"]}
    assert set(SAMPLES) == set(tasks)
    for name in sorted(tasks):
        form.get_by_label("Task", exact=True).select_option(label=name)
        payload = form.locator(".schema-form")
        _, asks_all = _known_fields(tasks[name])
        if not asks_all:
            payload.get_by_label(PAYLOAD).fill(json.dumps(SAMPLES[name]))
            continue
        missing = [field for field in asks_all if payload.locator(f'[name="{field}"], fieldset').count() == 0]
        assert missing == [], name
        payload.get_by_role("button", name="JSON").click()
        payload.get_by_label("Payload as JSON").fill(json.dumps(SAMPLES[name]))
        payload.get_by_role("button", name="Form", exact=True).click()
        expect(payload.get_by_label("Payload as JSON")).to_have_count(0)
        payload.get_by_role("button", name="JSON").click()
        assert json.loads(payload.get_by_label("Payload as JSON").input_value()) == SAMPLES[name], name
        payload.get_by_role("button", name="Form", exact=True).click()
    status, answer = tenant.call(
        "POST", "jobs", {"name": "x", "task": "http_request", "payload": SAMPLES["http_request"]}
    )
    assert status == 201, answer


def _known_fields(task: dict[str, Any]) -> tuple[list[str], list[str]]:
    properties = task["payload_schema"].get("properties", {})
    return task["payload_schema"].get("required", []), list(properties)


def test_a_form_with_everything_in_it_keeps_nobody_out(signed_in: Page, tenant: Tenant) -> None:
    payload = SAMPLES["scrape_website"]
    job_id = tenant.recurring("Read the news", task="scrape_website", payload=payload, start_at="2027-01-01T00:00:00Z")
    page = at(signed_in, f"/#/jobs/{job_id}/edit")
    expect(page.get_by_role("complementary", name="Next runs").get_by_role("listitem")).to_have_count(5)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    walked = walk(page)
    assert [each["html"] for each in walked if not (each["isSeen"] and each["isMarked"])] == []
    assert left_out(page) == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert axe.serious(page) == []
    page.set_viewport_size(NARROW)
    assert too_wide(page) == []

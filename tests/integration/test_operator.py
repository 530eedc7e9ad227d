"""``python -m tickwell.operator`` on both engines."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.contract.makers import created, user
from tests.contract.queue_engines import REGION
from tests.contract.store_engines import TABLE, embedded_stores
from tests.doubles import FakeClock
from tickwell.bootstrap.aws import clients
from tickwell.domain.schedule import OneTime
from tickwell.operator.__main__ import main

TENANT = user().tenant_id
IN_2100 = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["embedded", "aws"])
def deployment(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An engine with one tenant, and the environment of its operator."""
    for name in ("DATA_DIR", "TICKWELL_ENGINE", "TICKWELL_TABLE", "TICKWELL_QUOTA_JOBS", "TICKWELL_QUOTA_MEMBERS"):
        monkeypatch.delenv(name, raising=False)
    if request.param == "aws":
        request.getfixturevalue("dynamodb").stores.accounts.create(user())
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setenv("TICKWELL_ENGINE", "aws")
        monkeypatch.setenv("TICKWELL_TABLE", TABLE)
        clients.forget_clients()
        request.addfinalizer(clients.forget_clients)  # noqa: PT021 - only this engine has clients
    else:
        made = embedded_stores(str(tmp_path / "tickwell.db"), FakeClock())
        made.stores.accounts.create(user())
        made.database.close()
        monkeypatch.setenv("TICKWELL_DATA_DIR", str(tmp_path))
    return str(request.param)


def test_stop_status_and_resume(deployment: str, capsys: Any) -> None:
    assert deployment
    assert main(["stop", "--tenant", TENANT, "--reason", "a flood"]) == 0
    assert main(["stop", "--all", "--reason", "a broken release"]) == 0
    assert main(["stop", "--all", "--reason", "once more"]) == 0
    capsys.readouterr()
    assert main(["status"]) == 0
    everybody, tenant = capsys.readouterr().out.splitlines()
    assert everybody.startswith("everybody, since 20")
    assert everybody.endswith("Z: a broken release")
    assert tenant.startswith(f"tenant {TENANT}, since 20")
    assert main(["resume", "--all"]) == 0
    assert main(["resume", "--tenant", TENANT]) == 0
    assert main(["resume", "--all"]) == 0
    assert main(["status"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["nothing was stopped", "nothing is stopped"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["stop", "--tenant", "nobody", "--reason", "r"], "no tenant nobody"),
        (["stop", "--all", "--reason", " "], "reason: must have 1 to 200"),
        (["quota", "--tenant", "nobody"], "no tenant nobody"),
        (["quota", "--tenant", "nobody", "--jobs", "1"], "no tenant nobody"),
        (["quota", "--tenant", TENANT, "--jobs", "many"], "--jobs: must be a whole number from 0 to 999999999999, or"),
        (["quota", "--tenant", TENANT, "--members", "-1"], "--members: must be a whole number"),
    ],
)
def test_what_cannot_be_done_is_told(deployment: str, arguments: list[str], told: str, capsys: Any) -> None:
    assert deployment
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_due_items_are_rebuilt(
    deployment: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("tickwell.bootstrap.operator.time.sleep", lambda _: None)
    if deployment == "aws":
        created(request.getfixturevalue("dynamodb").stores, next_run_at=IN_2100, schedule=OneTime(at=IN_2100))
    else:
        made = embedded_stores(str(tmp_path / "tickwell.db"), FakeClock())
        created(made.stores, next_run_at=IN_2100, schedule=OneTime(at=IN_2100))
        made.database.close()
    found = "1 jobs that may wait, 1 attempts awaited, 1 due items missing"
    assert main(["rebuild", "--dry-run"]) == 0
    assert main(["rebuild", "--dry-run", "--read-units", "5"]) == 0
    assert main(["rebuild", "--write-units=7"]) == 0
    assert main(["rebuild"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{found}: nothing was written",
        f"{found}: nothing was written",
        f"{found}: they are written",
        "1 jobs that may wait, 1 attempts awaited, 0 due items missing: they are written",
    ]


@pytest.mark.parametrize("word", ["0", "-1", "many", "1.5"])
def test_a_pace_is_a_whole_number(deployment: str, word: str, capsys: Any) -> None:
    assert deployment
    with pytest.raises(SystemExit):
        main(["rebuild", "--read-units", word])
    assert "--read-units: must be a whole number above 0" in capsys.readouterr().err


def test_counts_are_repaired(deployment: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("tickwell.bootstrap.operator._STREAM_SECONDS", 0.0)
    assert deployment
    assert main(["recount", "--tenant", "tenant-1"]) == 0
    assert capsys.readouterr().out == "recounted: tenant tenant-1\n"


def test_a_tenant_is_exported_line_by_line(
    deployment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    if deployment == "aws":
        monkeypatch.setenv("TICKWELL_BLOB_BUCKET", "tickwell-blobs")
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="tickwell-blobs")
    assert main(["export", "--tenant", TENANT]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["organization", "member"]
    output = tmp_path / "tenant.ndjson"
    assert main(["export", "--tenant", TENANT, "--output", str(output)]) == 0
    assert output.read_text().splitlines() == lines
    assert output.stat().st_mode & 0o777 == 0o600
    assert main(["export", "--tenant", "nobody", "--output", str(tmp_path / "nobody")]) == 2
    assert "nobody" in capsys.readouterr().err
    assert not list(tmp_path.glob("nobody*"))
    assert main(["export", "--tenant", TENANT, "--output", str(tmp_path / "nowhere" / "file")]) == 2


def test_on_aws_an_export_takes_the_bucket(deployment: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.delenv("TICKWELL_BLOB_BUCKET", raising=False)
    assert main(["export", "--tenant", TENANT]) == (2 if deployment == "aws" else 0)
    assert ("TICKWELL_BLOB_BUCKET" in capsys.readouterr().err) == (deployment == "aws")


def test_quotas_are_shown_decided_and_left_to_the_deployment(
    deployment: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert deployment
    monkeypatch.setenv("TICKWELL_QUOTA_MEMBERS", "none")
    default, own = "(the default, as this command's own settings have it)", "(decided for this tenant)"
    fixed = [f"{name}: 0 used, limit {most} (fixed)" for name, most in (("queues", 100), ("webhooks", 10))]
    fixed.append("api_keys: 0 used, limit 100 (fixed)")
    of_all = [f"jobs: 0 used, limit 1000000 {default}", f"members: 1 used, limit none {default}"]
    for arguments, shown in (
        ([], of_all),
        (["--jobs", "5", "--members=7"], [f"jobs: 0 used, limit 5 {own}", f"members: 1 used, limit 7 {own}"]),
        (["--jobs", "none"], [f"jobs: 0 used, limit none {own}", f"members: 1 used, limit 7 {own}"]),
        (["--members", "0"], [f"jobs: 0 used, limit none {own}", f"members: 1 used, limit 0 {own}"]),
        (["--jobs", "default"], [of_all[0], f"members: 1 used, limit 0 {own}"]),
        (["--members", "default"], of_all),
    ):
        assert main(["quota", "--tenant", TENANT, *arguments]) == 0
        assert capsys.readouterr().out.splitlines() == [*shown, *fixed], arguments


def test_a_wrong_default_is_told(deployment: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert deployment
    monkeypatch.setenv("TICKWELL_QUOTA_JOBS", "plenty")
    assert main(["quota", "--tenant", TENANT]) == 2
    assert "TICKWELL_QUOTA_JOBS" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["quota"], ["recount"], ["export"], ["stop", "--reason", "r"], ["resume"], ["stop", "--all"], []]
)
def test_everybody_is_stopped_by_name_only(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)


def test_a_wrong_place_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("TICKWELL_DATA_DIR", str(tmp_path / "nowhere"))
    assert main(["status"]) == 2
    assert "TICKWELL_DATA_DIR must be the data directory of a server" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()
    monkeypatch.setenv("TICKWELL_ENGINE", "aws")
    assert main(["status"]) == 2
    assert "TICKWELL_ENGINE=aws and TICKWELL_TABLE go together" in capsys.readouterr().err


@pytest.mark.usefixtures("aws")
def test_a_wrong_table_is_told(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("TICKWELL_ENGINE", "aws")
    monkeypatch.setenv("TICKWELL_TABLE", "no-such-table")
    clients.forget_clients()
    assert main(["status"]) == 2
    assert "tickwell: aws: " in capsys.readouterr().err
    clients.forget_clients()


def test_without_the_sdk_of_aws_that_is_told(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("tickwell.settings.operator.find_spec", lambda _: None)
    monkeypatch.setenv("TICKWELL_ENGINE", "aws")
    monkeypatch.setenv("TICKWELL_TABLE", "a-table")
    assert main(["status"]) == 2
    assert "TICKWELL_ENGINE=aws needs the package boto3" in capsys.readouterr().err

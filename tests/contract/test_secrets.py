"""What every store of secrets promises."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber

from tickwell.adapters.aws.secrets_manager import SecretsManagerSecrets
from tickwell.adapters.embedded.secrets import FileSecrets
from tickwell.application.ports import Secrets
from tickwell.domain.errors import NotFoundError, UnavailableError


def test_a_secret_is_found_by_its_name(secrets: Secrets) -> None:
    assert secrets.get("signing-key") == "correct horse"
    assert secrets.get("signing-key") == "correct horse"


@pytest.mark.parametrize("name", ["unknown", "deleted", "", "../signing-key", "/etc/passwd", "signing-key/"])
def test_an_unknown_secret_is_not_found(secrets: Secrets, name: str) -> None:
    with pytest.raises(NotFoundError):
        secrets.get(name)


def test_secrets_manager_is_asked_once(aws: str) -> None:
    client = boto3.client("secretsmanager", region_name=aws)
    secrets = SecretsManagerSecrets(client, {"key": "tickwell/key"})
    with Stubber(client) as stubber:
        stubber.add_client_error("get_secret_value", "ThrottlingException")
        stubber.add_response("get_secret_value", {"SecretString": "s3cret"}, {"SecretId": "tickwell/key"})
        with pytest.raises(UnavailableError):
            secrets.get("key")
        assert [secrets.get("key") for _ in range(3)] == ["s3cret"] * 3


def test_a_binary_secret_is_refused_without_showing_it(aws: str) -> None:
    client = boto3.client("secretsmanager", region_name=aws)
    client.create_secret(Name="tickwell/key", SecretBinary=b"s3cret")
    with pytest.raises(ValueError, match="secret key is binary") as caught:
        SecretsManagerSecrets(client, {"key": "tickwell/key"}).get("key")
    assert "s3cret" not in str(caught.value)


def test_a_missing_file_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "secrets"
    assert FileSecrets(folder).ensure("key", lambda: "first") == "first"
    assert FileSecrets(folder).ensure("key", lambda: "second") == "first"
    assert [entry.name for entry in folder.iterdir()] == ["key"]
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_who_comes_second_while_a_secret_is_made_gets_the_first_one(tmp_path: Path) -> None:
    secrets = FileSecrets(tmp_path)

    def overtaken() -> str:
        assert secrets.ensure("key", lambda: "first") == "first"
        return "second"

    assert secrets.ensure("key", overtaken) == "first"


def test_all_who_make_a_secret_at_once_get_the_same_one(tmp_path: Path) -> None:
    def ensure(number: int) -> str:
        return FileSecrets(tmp_path).ensure("key", lambda: f"from {number}")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ensure, range(32)))) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666, 0o755])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "key").write_text("s3cret")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(PermissionError, match="chmod 600") as caught:
        FileSecrets(tmp_path).get("key")
    assert "s3cret" not in str(caught.value)


def test_a_line_break_that_an_editor_left_does_not_belong_to_the_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret \n")
    (tmp_path / "key").chmod(0o600)
    assert FileSecrets(tmp_path).get("key") == "s3cret "


@pytest.mark.parametrize("name", ["", ".", "..", "../key", "a/b", "Key", ".key", "k" * 65])
def test_no_secret_is_made_under_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a secret's name"):
        FileSecrets(tmp_path).ensure(name, lambda: "x")
    assert list(tmp_path.iterdir()) == []

"""A wrong setting is told by the variable that was given, and by what would be right."""

import sys
from pathlib import Path

import pytest

from tickwell.bootstrap.local import local
from tickwell.settings.local import LocalSettings
from tickwell.settings.reading import SettingsError, load, refuse_unknown


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("PORT", "abc", "must be a whole number from 0 to 65535"),
        ("TICKWELL_TASK_MEMORY_MB", "1", "must be a whole number from 256 to 1048576"),
        ("TICKWELL_SHUTDOWN_GRACE_SECONDS", "x", "must be a number from 0 to 3600"),
        ("TICKWELL_SAFETY_SYNC_INTERVAL_SECONDS", "0", "must be a number above 0 and up to 60"),
        ("TICKWELL_ARCHIVE", "perhaps", "must be true or false"),
        ("TICKWELL_OPERATOR_ADDRESS", "nobody", "must be an e-mail address, such as ada@example.com"),
        ("TICKWELL_PUBLIC_URL", "example.com", "must be a URL that begins with http:// or https://, "),
        ("TICKWELL_IMAGE_MODEL", "a b", "must be the name of a model: "),
        ("TICKWELL_OPENAI_URL", "https://api.example.com/", "must be a URL that begins with http:// or https:// and "),
        ("TICKWELL_SMS_SENDER", "a b", "must be a telephone number, "),
        ("TICKWELL_WHATSAPP_SENDER", "1", "must be a phone number id or its ARN, "),
        ("TICKWELL_SENDER_ADDRESS", "nobody", "must be an e-mail address such as "),
        ("TICKWELL_QUOTA_JOBS", "x", "must be a whole number from 0 "),
        ("TICKWELL_ALLOW_PRIVATE_HOSTS", "10.0.0.0/8", "'10.0.0.0/8' is neither an exact address nor a host name"),
        ("TICKWELL_ALLOW_PRIVATE_HOSTS", "10.0.0.1,169.254.169.254", "169.254.169.254 cannot be allowed: "),
        ("TICKWELL_ALLOW_PRIVATE_HOSTS", "::ffff:169.254.169.254", "169.254.169.254 cannot be allowed: "),
        ("TICKWELL_ALLOWED_FUNCTIONS", "a b", "a b is neither the name of a function nor its ARN"),
        ("TICKWELL_SMTP_HOST", "127.0.0.1:8025", "must be a host alone, such as smtp.example.com; its port is set by "),
        ("TICKWELL_TASK_VARIABLES", "A B", "must be names of environment variables, separated by commas, "),
    ],
)
def test_a_wrong_setting_is_told_with_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load(LocalSettings)
    assert str(caught.value).startswith(f"setting {variable}: {reason}")


@pytest.mark.parametrize("host", ["smtp.example.com", "SMTP.Example.com", "127.0.0.1", "::1", "localhost"])
def test_a_mail_server_is_a_host_alone(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("TICKWELL_SMTP_HOST", host)
    assert load(LocalSettings).smtp_host == host


def test_variables_of_tasks_are_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKWELL_TASK_VARIABLES", "SHOP_URL, shop_token2")
    assert load(LocalSettings).task_variables == ("SHOP_URL", "shop_token2")


def test_a_login_without_a_mail_server_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKWELL_SMTP_USER", "ada")
    monkeypatch.setenv("TICKWELL_SMTP_PASSWORD", "hunter2")
    with pytest.raises(SettingsError, match=r"^settings: TICKWELL_SMTP_USER needs TICKWELL_SMTP_HOST") as caught:
        load(LocalSettings)
    assert "hunter2" not in str(caught.value)


def test_a_misspelt_setting_is_told_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKWELL_SMTPHOST", "smtp.example.com")
    with pytest.raises(SettingsError, match=r"^setting TICKWELL_SMTPHOST: .*did you mean TICKWELL_SMTP_HOST"):
        refuse_unknown(LocalSettings)


@pytest.mark.parametrize("variable", ["DATA_DIR", "TICKWELL_DATA_DIR"])
@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("file", "is no folder, or lies in a file; it must be one"),
        ("file/below", "is no folder, or lies in a file; it must be one"),
        ("/proc/nope", "cannot be made"),
    ],
)
def test_a_data_directory_that_cannot_be_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, place: str, reason: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(variable, str(tmp_path / place))
    with pytest.raises(SettingsError, match=f"^setting {variable}: .*{reason}"):
        local(load(LocalSettings))


@pytest.mark.parametrize(
    ("module", "variable", "value"),
    [
        ("tickwell.settings.local", "TICKWELL_IMAGE_PROVIDER", "bedrock"),
        ("tickwell.bootstrap.outreach", "TICKWELL_ALLOWED_FUNCTIONS", "shop-*"),
        ("tickwell.bootstrap.outreach", "TICKWELL_MESSAGE_PROVIDER", "aws"),
    ],
)
def test_what_needs_the_aws_sdk_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, variable: str, value: str
) -> None:
    monkeypatch.setattr(f"{module}.find_spec", lambda _: None)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=rf"{variable}.* needs the AWS SDK: {sys.executable} -m pip install boto3$"):
        local(load(LocalSettings))

"""What is built or imported when it is needed: nothing is missing then, and nothing waits where there are threads."""

from pathlib import Path

import pytest

from tickwell.application import ports
from tickwell.http.resolvers import threaded_resolver
from tickwell.http.strict_body import StrictBody
from tickwell.settings.functions import ApiSettings
from tickwell.settings.local import LocalSettings
from tickwell.settings.reading import SettingsError, load


def below(base: type[StrictBody]) -> list[type[StrictBody]]:
    return [one for model in base.__subclasses__() for one in (model, *below(model))]


def test_the_server_with_threads_has_built_every_body_before_its_first_request() -> None:
    threaded_resolver()
    models = below(StrictBody)
    assert len(models) > 20
    assert [model.__name__ for model in models if not model.__pydantic_complete__] == []


def test_every_port_can_be_imported_from_the_ports() -> None:
    assert sorted(ports.__all__) == sorted(name for names in ports._NAMES.values() for name in names.split())
    for name in ports.__all__:
        assert getattr(ports, name) is not None


def test_a_port_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        ports.Nothing  # type: ignore[attr-defined]  # noqa: B018


def test_settings_come_from_the_environment_and_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKWELL_HOST", "")
    monkeypatch.setenv("TICKWELL_ARCHIVE", "off")
    monkeypatch.setenv("TICKWELL_ALLOWED_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("PORT", "8123")
    settings = load(LocalSettings)
    assert (settings.host, settings.archive, settings.port) == ("127.0.0.1", False, 8123)
    assert settings.allowed_origins == ("https://a.example", "https://b.example")


def test_the_variable_with_the_prefix_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKWELL_DATA_DIR", "/with/prefix")
    monkeypatch.setenv("DATA_DIR", "/without")
    assert load(LocalSettings).data_dir == Path("/with/prefix")


@pytest.mark.parametrize("variable", ["TICKWELL_PORT", "PORT"])
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "harbour")
    with pytest.raises(SettingsError, match=rf"^setting {variable}: must be a whole number from 0 to 65535$"):
        load(LocalSettings)


def test_each_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKWELL_ENGINE", "aws")
    with pytest.raises(SettingsError, match=r"setting TICKWELL_TABLE: is required.*TICKWELL_JWT_SECRET_ID"):
        load(ApiSettings)

"""The documents against what they speak of: what nobody would notice while reading them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template.cloudformation import ROOT, source
from tickwell.settings.local import LocalSettings
from tickwell.tasks.readme import PAGES, with_table

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
METHODS = ("delete", "get", "patch", "post", "put")
FILE = re.compile(r"`([\w/.-]+\.(?:py|json|toml|txt|yaml))`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ACTION = re.compile(r'"action": "([a-z_]+(?:\.[a-z_]+)?)"')


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def anchors_of(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document: Path) -> Iterator[str]:
    for link in LINK.findall(document.read_text()):
        path, _, anchor = link.partition("#")
        if ":" in path:
            continue
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            yield link


def source_files() -> list[str]:
    folders = ("docs", "examples", "functions", "infra", "layers", "requirements", "tests")
    below = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return [path.relative_to(ROOT).as_posix() for path in (*ROOT.iterdir(), *below)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    assert list(broken_links(document)) == []


def test_every_file_that_the_documents_name_is_there() -> None:
    files = source_files()
    made_up = {"tasks.py", "shop/tasks.py", "openapi.json", "build/bench.json", "build/chaos.json", "robots.txt"}
    named = {name for document in DOCUMENTS for name in FILE.findall(document.read_text())}
    missing = [name for name in named - made_up if not any(f"/{file}".endswith(f"/{name}") for file in files)]
    assert [name for name in missing if not name.startswith("/")] == []


def test_every_test_that_the_architecture_names_is_there() -> None:
    tests = "\n".join(path.read_text() for path in ROOT.glob("tests/**/test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", text_of("docs/architecture.md")))
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []


def test_the_walk_through_the_files_is_numbered_and_counted() -> None:
    walk = text_of("docs/architecture.md").partition("The files in the order")[2].partition("Left out:")[0]
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", walk, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert f"These {len(numbers)} files" in walk


def row_of(name: str) -> str:
    """The row of ``docs/settings.md`` that tells of a setting; empty where there is none."""
    return next((line for line in text_of("docs/settings.md").splitlines() if f"`{name}`" in line), "")


def test_every_setting_of_the_local_server_is_documented_with_its_default() -> None:
    for field, info in LocalSettings.model_fields.items():
        name = f"TICKWELL_{field.upper()}"
        row, default = row_of(name), info.get_default()
        assert row, name
        if isinstance(default, bool | int | float | str):
            assert (f"{default:g}" if isinstance(default, float) else str(default).lower()) in row, name


def test_every_parameter_of_the_template_is_documented_with_its_default() -> None:
    for name, parameter in source()["Parameters"].items():
        assert row_of(name), name
        assert str(parameter.get("Default", "")) in row_of(name), name


def test_every_operation_stands_in_the_table_of_the_api() -> None:
    paths = json.loads(text_of("docs/openapi.json"))["paths"]
    operations = {f"{method.upper()} {path}" for path, route in paths.items() for method in METHODS if method in route}
    told = set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", text_of("docs/api.md"), re.MULTILINE))
    assert told == operations


def test_the_readme_has_the_tasks_of_the_registry() -> None:
    assert text_of("README.md") == with_table(text_of("README.md")), "run make readme"


@pytest.mark.parametrize("page", PAGES.values())
def test_the_pages_of_tasks_are_there(page: str) -> None:
    assert (ROOT / "docs" / "how-to" / f"{page}.md").is_file()


def test_every_action_of_the_logs_is_explained() -> None:
    code = "\n".join(path.read_text() for path in ROOT.glob("layers/core/tickwell/**/*.py"))
    logged = {action for action in ACTION.findall(code) if "." in action or action in {"safety_sync", "notifications"}}
    assert logged
    explained = text_of("docs/operations.md").partition("## Logs")[2].partition("\n## ")[0]
    assert [action for action in sorted(logged) if f"`{action}`" not in explained] == []

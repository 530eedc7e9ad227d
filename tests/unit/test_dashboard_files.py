"""What lies in the dashboard's folder, and which requests get its page."""

import base64
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.strict_page import StrictPage
from tickwell.domain.errors import TickwellError
from tickwell.http.dashboard_files import FOLDER, PAGE, files, packed, prefers_page, text, type_of, unpacks, version

MOST_BYTES = 200 * 1024
MOST_BYTES_AT_FIRST = 70 * 1024
"""As they travel: packed, as every browser asks for them. With its data the first page stays below 100 KB."""
MOST_LINES, LONGEST_LINE = 300, 120
FIRST_PAGES = ("pages/sign_in.js", "pages/overview.js")
SCRIPTS = sorted(name for name in files() if name.endswith(".js"))
STYLES = sorted(name for name in files() if name.endswith(".css"))
NAMESPACE = "http://www.w3.org/2000/svg"
_STATIC = re.compile(r"""^(?:import|export)\b[^;]*?from\s+"([^"]+)";""", re.MULTILINE)
_LAZY = re.compile(r"""\bimport\("([^"]+)"\)""")
_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|\beval\(|new Function|cssText"
)


def named_by_page() -> list[str]:
    page = StrictPage(text(PAGE))
    assert page.inline == []
    own = f"dashboard/{version()}/"
    foreign = [place for place in page.places if not place.startswith((own, "data:image/svg+xml,"))]
    assert foreign == ["docs"]
    return [place.removeprefix(own) for place in page.places if place.startswith(own)]


def imported(name: str, pattern: re.Pattern[str]) -> Iterator[str]:
    for place in pattern.findall(files()[name]):
        parts: list[str] = list(PurePosixPath(name).parent.parts)
        for part in place.split("/"):
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        yield "/".join(parts)


def reached(begun: list[str], *patterns: re.Pattern[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(begun)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if name.endswith(".js"):
            waiting += [other for pattern in patterns for other in imported(name, pattern)]
    return found


def weight(name: str) -> int:
    return len(base64.b64decode(packed(name)))


def test_everything_in_the_folder_is_served_and_used() -> None:
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert there == set(files())
    assert reached(named_by_page(), _STATIC, _LAZY) == there - {PAGE}


def test_the_dashboard_is_small_and_its_first_page_smaller() -> None:
    assert sum(weight(name) for name in files()) < MOST_BYTES
    begun = [*named_by_page(), *(name for name in FIRST_PAGES if name in files())]
    assert sum(weight(name) for name in {PAGE, *reached(begun, _STATIC)}) < MOST_BYTES_AT_FIRST


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_make_no_markup_and_ask_no_other_host(name: str) -> None:
    script = files()[name]
    assert _MARKUP.findall(script) == []
    assert re.findall(r"""\bstyle:|"style"|\.on[a-z]+ = """, script.replace("new Intl", "")) == []
    assert set(re.findall(r"""https?://[^"'`\s]*""", script)) <= {NAMESPACE}


@pytest.mark.parametrize("name", [*SCRIPTS, *STYLES])
def test_files_are_readable(name: str) -> None:
    lines = files()[name].splitlines()
    assert len(lines) <= MOST_LINES
    if name.endswith(".js"):
        assert [number for number, line in enumerate(lines, 1) if len(line) > LONGEST_LINE] == []
    assert re.findall(r"url\(|@import", files()[name]) == []


@pytest.mark.parametrize("name", ["lib/none.js", "", PAGE, "../http/app.py", "lib/../app.js", "/app.js", "app.js/"])
def test_nothing_else_is_there(name: str) -> None:
    with pytest.raises(TickwellError, match="load / anew"):
        type_of(version(), name)


def test_files_of_another_version_are_not_there() -> None:
    assert type_of(version(), "app.js") == "text/javascript"
    with pytest.raises(TickwellError, match="load / anew"):
        type_of("0" * 12, "app.js")


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", True),
        ("TEXT/HTML; charset=utf-8", True),
        ("application/json;q=0.5, text/html;q=0.6", True),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0", False),
        ("text/html;q=much", False),
        ("text/html;q=inf", False),
        ("application/json", False),
        ("*/*", False),
        ("text/*", False),
        ("", False),
    ],
)
def test_browsers_get_the_page_and_programs_do_not(accept: str, is_page: bool) -> None:
    assert prefers_page(accept) is is_page


@pytest.mark.parametrize(
    ("accepted", "is_packed"), [("gzip, deflate, br", True), ("gzip;q=0", False), ("br", False), ("", False)]
)
def test_only_who_unpacks_gets_it_packed(accepted: str, is_packed: bool) -> None:
    assert unpacks(accepted) is is_packed

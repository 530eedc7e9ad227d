"""axe-core, which looks for what keeps people out of a page: a pinned release from the npm registry, for tests only."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

VERSION = "4.14.1"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
SERIOUS = frozenset({"serious", "critical"})

_CACHE = Path("build/axe-core") / f"axe-core-{VERSION}.tgz"
_RUN = """() => axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations.map((each) => ({
    rule: each.id, impact: each.impact, help: each.help,
    nodes: each.nodes.map((node) => `${node.target.join(" ")}: ${node.html.slice(0, 200)} ${node.failureSummary}`),
})))"""


class NoAxeError(Exception):
    """The package could not be fetched, or is not the one that was pinned; says what to do."""


@cache
def script() -> str:
    """The script of the pinned release. Raises NoAxeError."""
    if not _CACHE.exists():
        _fetch()
    packed = _CACHE.read_bytes()
    if _integrity(packed) != INTEGRITY:
        _CACHE.unlink(missing_ok=True)
        raise NoAxeError(f"axe-core {VERSION} came with the integrity {_integrity(packed)}, pinned is {INTEGRITY}")
    with tarfile.open(_CACHE) as archive:
        file = archive.extractfile("package/axe.min.js")
        assert file is not None
        return file.read().decode()


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds in the page as it is now. The debugger adds the script: no policy has to allow it."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(f"() => {{ {script()} }}")
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return found


def serious(page: Page) -> list[str]:
    """The violations that keep somebody out, with the elements at fault."""
    found = [each for each in violations(page) if each["impact"] in SERIOUS]
    return [f"{each['rule']} ({each['impact']}): {each['help']}: {node}" for each in found for node in each["nodes"]]


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NoAxeError("the browser tests get axe-core by npm: install Debian's package npm (apt-get install npm)")
    _CACHE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE.parent) as folder:
        command = [npm, "pack", f"axe-core@{VERSION}", "--pack-destination", folder]
        packing = subprocess.run(command, capture_output=True, text=True, check=False)
        if packing.returncode != 0:
            raise NoAxeError(f"npm could not fetch axe-core {VERSION}: {packing.stderr}")
        # Several test processes may fetch it at once: whichever is last leaves the same file.
        next(Path(folder).glob("*.tgz")).replace(_CACHE)


def _integrity(packed: bytes) -> str:
    return f"sha512-{base64.b64encode(hashlib.sha512(packed).digest()).decode()}"

"""Write the lock files of requirements/, or tell whether they still fit their sources.

`make lock` resolves anew. `make check` compares digests only, so that a release of some library on a
registry never breaks a build that did not change. Order matters: `dev` is the largest set and every
other set is constrained by it, so that what is tested is what ships.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
LAYER_COPY = ROOT / "layers" / "core" / "requirements.txt"
OLDEST_PYTHON = "3.11"


@dataclass(frozen=True, kw_only=True, slots=True)
class LockSet:
    """One lock file: the parts of pyproject.toml that it resolves, and the lock that constrains it."""

    name: str
    project: bool = True
    extra: str | None = None
    group: str | None = None
    constrained_by: str | None = None

    @property
    def lock(self) -> Path:
        """Where the lock file lies."""
        return REQUIREMENTS / f"{self.name}.txt"


SETS = (
    LockSet(name="dev", extra="server", group="dev"),
    LockSet(name="runtime", extra="server", constrained_by="dev"),
    LockSet(name="layer", constrained_by="dev"),
    LockSet(name="oidc", extra="oidc", constrained_by="dev"),
    LockSet(name="sam", project=False, group="sam"),
    LockSet(name="ministack", project=False, group="ministack"),
    LockSet(name="checkov", project=False, group="checkov"),
)


def digest(text: str) -> str:
    """Name a text by its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


def source_digest(lock_set: LockSet) -> str:
    """Name the present state of the dependencies that a set resolves."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = pyproject["project"]
    wanted = [
        project["dependencies"] if lock_set.project else [],
        project["optional-dependencies"].get(lock_set.extra, []),
        pyproject["dependency-groups"].get(lock_set.group, []),
    ]
    return digest(json.dumps(wanted))


def header(lock_set: LockSet, body: str) -> str:
    """Write the two lines by which `check` recognises an untouched lock file."""
    return (
        f"# Written by `make lock` from pyproject.toml (dependencies sha256 {source_digest(lock_set)}).\n"
        f"# Do not edit: what follows has sha256 {digest(body)}.\n"
    )


def resolve(lock_set: LockSet, upgrade: bool) -> str:
    """Resolve one set for all platforms; without `upgrade` the present versions stay where they fit."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url"]
    command += ["--python-version", OLDEST_PYTHON]
    command += ["--output-file", f"requirements/{lock_set.name}.txt"]
    if lock_set.project:
        command.append("pyproject.toml")
    if lock_set.extra:
        command += ["--extra", lock_set.extra]
    if lock_set.group:
        command += ["--group", lock_set.group]
    if upgrade:
        command.append("--upgrade")
    if lock_set.constrained_by:
        command += ["--constraint", f"requirements/{lock_set.constrained_by}.txt"]
    subprocess.run(command, cwd=ROOT, check=True)
    text = lock_set.lock.read_text()
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def write(upgrade: bool) -> None:
    """Resolve every set and copy the layer's lock to where `sam build` reads it."""
    for lock_set in SETS:
        body = resolve(lock_set, upgrade)
        lock_set.lock.write_text(header(lock_set, body) + body)
    LAYER_COPY.write_text((REQUIREMENTS / "layer.txt").read_text())


def drift() -> list[str]:
    """Say of each lock file that no longer fits its sources what is wrong with it."""
    complaints = []
    for lock_set in SETS:
        text = lock_set.lock.read_text() if lock_set.lock.exists() else ""
        body = "".join(text.splitlines(keepends=True)[2:])
        if text != header(lock_set, body) + body:
            complaints.append(f"requirements/{lock_set.name}.txt does not fit pyproject.toml")
    layer = (REQUIREMENTS / "layer.txt").read_text()
    if not LAYER_COPY.exists() or LAYER_COPY.read_text() != layer:
        complaints.append("layers/core/requirements.txt differs from requirements/layer.txt")
    return complaints


def main() -> int:
    """Run the command line; 1 when a check finds drift."""
    parser = argparse.ArgumentParser(description="Write or check the lock files.")
    parser.add_argument("--check", action="store_true", help="only say whether they fit")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    arguments = parser.parse_args()
    if not arguments.check:
        write(arguments.upgrade)
    complaints = drift()
    for complaint in complaints:
        print(f"{complaint}: run `make lock`", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

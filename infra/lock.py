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
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
LAYERS = ROOT / "layers"
OLDEST_PYTHON = "3.11"


@dataclass(frozen=True, kw_only=True, slots=True)
class LockSet:
    """One lock file: the parts of pyproject.toml that it resolves, and the lock that constrains it.

    ``layer``: the folder below layers/ that gets a copy, where `sam build` reads it.
    """

    name: str
    project: bool = True
    extras: tuple[str, ...] = ()
    group: str | None = None
    constrained_by: str | None = None
    layer: str | None = None

    @property
    def lock(self) -> Path:
        """Where the lock file lies."""
        return REQUIREMENTS / f"{self.name}.txt"

    @property
    def copy(self) -> Path | None:
        """Where its copy lies; None where there is none."""
        return None if self.layer is None else LAYERS / self.layer / "requirements.txt"


_SERVER = ("server", "tasks", "media")
SETS = (
    LockSet(name="dev", extras=_SERVER, group="dev"),
    LockSet(name="runtime", extras=_SERVER, constrained_by="dev"),
    LockSet(name="layer", constrained_by="dev", layer="core"),
    LockSet(name="tasks-layer", project=False, extras=("tasks",), constrained_by="dev", layer="tasks"),
    LockSet(name="media-layer", project=False, extras=("media",), constrained_by="dev", layer="media"),
    LockSet(name="oidc", extras=("oidc",), constrained_by="dev"),
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
    wanted = [
        pyproject["project"]["dependencies"] if lock_set.project else [],
        requirements_of(lock_set.extras),
        pyproject["dependency-groups"].get(lock_set.group, []),
    ]
    return digest(json.dumps(wanted))


def requirements_of(extras: Iterable[str]) -> list[str]:
    """What the extras of pyproject.toml name, in their order."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [wanted for extra in extras for wanted in pyproject["project"]["optional-dependencies"][extra]]


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
        command += [word for extra in lock_set.extras for word in ("--extra", extra)]
    elif lock_set.extras:  # they alone, without what the project itself needs
        command.append("-")
    if lock_set.group:
        command += ["--group", lock_set.group]
    if upgrade:
        command.append("--upgrade")
    if lock_set.constrained_by:
        command += ["--constraint", f"requirements/{lock_set.constrained_by}.txt"]
    subprocess.run(command, cwd=ROOT, check=True, text=True, input="\n".join(requirements_of(lock_set.extras)))
    text = lock_set.lock.read_text()
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def write(upgrade: bool) -> None:
    """Resolve every set, and copy the layers' locks to where `sam build` reads them."""
    for lock_set in SETS:
        body = resolve(lock_set, upgrade)
        lock_set.lock.write_text(header(lock_set, body) + body)
        if lock_set.copy is not None:
            lock_set.copy.write_text(lock_set.lock.read_text())


def drift() -> list[str]:
    """Say of each lock file that no longer fits its sources what is wrong with it."""
    complaints = []
    for lock_set in SETS:
        text = lock_set.lock.read_text() if lock_set.lock.exists() else ""
        body = "".join(text.splitlines(keepends=True)[2:])
        if text != header(lock_set, body) + body:
            complaints.append(f"requirements/{lock_set.name}.txt does not fit pyproject.toml")
        if lock_set.copy is not None and not (lock_set.copy.exists() and lock_set.copy.read_text() == text):
            complaints.append(f"layers/{lock_set.layer}/requirements.txt differs from requirements/{lock_set.name}.txt")
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

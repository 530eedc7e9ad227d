"""What benches install for their peers, each into an environment of its own under ``build/bench-env``; kept there.

Never into the environment of Tickwell. What is already there in the same version is not installed again.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.benches import ENVIRONMENTS

_PATIENCE_SECONDS = 170.0
_SAID = 2000


class NotInstalledError(Exception):
    """A peer is not to be had on this machine; the message says why."""


def python_environment(name: str, requirements: Sequence[str]) -> Path:
    """The interpreter of an environment with ``requirements``, of the same Python as this process.

    Raises NotInstalledError.
    """
    folder = ENVIRONMENTS / name

    def install() -> None:
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        _run([sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet", *requirements])

    _once(folder, f"{sys.version} {' '.join(requirements)}", install)
    return folder / "bin" / "python"


def node_environment(name: str, packages: Sequence[str]) -> Path:
    """A folder with ``packages`` from npm in its ``node_modules``. Raises NotInstalledError, also without Node.js."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotInstalledError("Node.js and npm are not on the PATH")
    folder = ENVIRONMENTS / name

    def install() -> None:
        (folder / "package.json").write_text('{"private": true}\n')
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", *packages], folder=folder)

    _once(folder, " ".join(packages), install)
    return folder


@dataclass(frozen=True, kw_only=True, slots=True)
class RedisProgram:
    """How a Redis server is started."""

    program: str
    variables: Mapping[str, str]

    @property
    def version(self) -> str:
        """As it tells it."""
        told = subprocess.run(
            [self.program, "--version"], env=self.variables, capture_output=True, text=True, check=True
        )
        return next(word.removeprefix("v=") for word in told.stdout.split() if word.startswith("v="))


def redis_program() -> RedisProgram:
    """The Redis of this machine, or else Debian's, unpacked beside the peers. Raises NotInstalledError."""
    if (found := shutil.which("redis-server") or shutil.which("valkey-server")) is not None:
        return RedisProgram(program=found, variables=dict(os.environ))
    folder = ENVIRONMENTS / "redis"
    _once(folder, "redis-tools", lambda: _unpack(folder, "redis-tools"))
    libraries = ":".join(sorted({str(path.parent) for path in folder.rglob("*.so*")}))
    program = folder / "usr" / "bin" / "redis-server"
    if not program.exists():  # a link to it in the package of the service, which is not needed
        program = folder / "usr" / "bin" / "redis-check-rdb"
        (folder / "usr" / "bin" / "redis-server").symlink_to(program.name)
        program = program.with_name("redis-server")
    return RedisProgram(program=str(program), variables={**os.environ, "LD_LIBRARY_PATH": libraries})


def _unpack(folder: Path, package: str) -> None:
    """Debian's ``package`` and what it depends on, but for what every Debian has; nothing is installed."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise NotInstalledError("there is no redis-server, and no apt-get to fetch Debian's")
    told = _dependencies(package)
    needed = [line.split()[-1] for line in told.splitlines() if line.strip().startswith("Depends: lib")]
    _run(["apt-get", "download", "--quiet", package, *(name for name in needed if name != "libc6")], folder=folder)
    for archive in sorted(folder.glob("*.deb")):
        _run(["dpkg", "-x", str(archive), str(folder)])


def _dependencies(package: str) -> str:
    ask = ["apt-cache", "depends", "--important", package]
    try:
        return _run(ask)
    except NotInstalledError:  # a new machine has no lists yet
        _run(["apt-get", "update", "--quiet"])
        return _run(ask)


def _once(folder: Path, what: str, install: Callable[[], None]) -> None:
    """Install anew unless ``folder`` holds ``what`` already; half an installation is not taken for a whole one."""
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == what:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    install()
    stamp.write_text(what)


def _run(command: Sequence[str], *, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=_PATIENCE_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalledError(f"{' '.join(command)}: no answer within {_PATIENCE_SECONDS:.0f} s") from error
    except subprocess.CalledProcessError as error:
        raise NotInstalledError(f"{' '.join(command)}: {error.stderr.strip()[-_SAID:]}") from error
    return done.stdout

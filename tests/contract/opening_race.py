"""``python -m tests.contract.opening_race FOLDER database|limits``: processes open what one left that died meanwhile.

Prints what kept each file closed, a line each. In one process SQLite's locks behave otherwise.
"""

import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from tests.doubles import NOON, FakeClock
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.rates import EmbeddedRateLimiter
from tickwell.domain.errors import UnavailableError

AT_ONCE, ROUNDS = 4, 30

OPENERS: dict[str, Callable[[Path], Database | EmbeddedRateLimiter]] = {
    "database": Database,
    "limits": lambda path: EmbeddedRateLimiter(path, FakeClock(NOON)),
}


def _race(path: Path, opener: str) -> list[str]:
    """A file whose journal was begun, and nothing else; what became of each process."""
    path.touch()
    path.with_name(f"{path.name}-journal").write_bytes(bytes(512))
    context = multiprocessing.get_context("fork")
    start, said = context.Barrier(AT_ONCE), context.SimpleQueue()
    processes = [context.Process(target=_open, args=(path, opener, start, said)) for _ in range(AT_ONCE)]
    for process in processes:
        process.start()
    told = [said.get() for _ in processes]
    for process in processes:
        process.join()
    return told


def _open(path: Path, opener: str, start: Barrier, said: "SimpleQueue[str]") -> None:
    start.wait(10)
    try:
        OPENERS[opener](path).close()
    except UnavailableError as error:
        said.put(str(error))
    else:
        said.put("")


def main() -> None:
    """Run the race several times: who wins it is chance."""
    folder, opener = Path(sys.argv[1]), sys.argv[2]
    told = [said for number in range(ROUNDS) for said in _race(folder / f"{number}.db", opener)]
    sys.stdout.write("".join(f"{said}\n" for said in told if said))


if __name__ == "__main__":
    main()

"""huey on SQLite, eight threads, durable: it waits for the disk. It keeps no record of a job that returns nothing."""

from pathlib import Path

import marks
from huey import SqliteHuey

huey = SqliteHuey(filename=str(Path(marks.FOLDER) / "huey.db"), fsync=True)
noop = huey.task(name="noop")(marks.noop)


def submit_one() -> None:
    with marks.timed():
        for number in marks.numbers():
            noop(number)


def work() -> None:
    huey.create_consumer(workers=8, periodic=False, initial_delay=0.001, check_worker_health=False).run()


if __name__ == "__main__":
    marks.program(submit_one=submit_one, submit_many=None, work=work)

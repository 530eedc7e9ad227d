"""Celery on Redis with jobs that have a countdown. Each execution writes how late it begins: number, milliseconds.

``BENCH`` says besides: ``delays``, in seconds, one for each job, and ``transport``, the options of the broker. All else
is as it comes.
"""

import time
from pathlib import Path

import marks
from celery import Celery

URL = f"redis://127.0.0.1:{marks.PORT}/0"
app = Celery("late", broker=URL, backend=URL)
app.conf.update(
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options=marks.ASKED["transport"],
)


def _run(number: int, due: float) -> None:
    late_ms = (time.time() - due) * 1000
    with Path(marks.ASKED["log"]).open("a") as log:
        log.write(f"{number} {late_ms:.3f}\n")


late = app.task(name="late")(_run)


def submit_one() -> None:
    with marks.timed():
        for number in marks.numbers():
            delay = marks.ASKED["delays"][number]
            late.apply_async(args=[number, time.time() + delay], countdown=delay)


def work() -> None:
    app.worker_main(["worker", "--concurrency=1", "--loglevel=ERROR"])


if __name__ == "__main__":
    marks.program(submit_one=submit_one, submit_many=None, work=work)

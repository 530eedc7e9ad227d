"""Celery on Redis with results there, durable: a message is acknowledged when its job is done. One process, no fork."""

import marks
from celery import Celery

URL = f"redis://127.0.0.1:{marks.PORT}/0"
SOON = {"visibility_timeout": 5, "unacked_restore_interval": 1, "unacked_restore_throttle": 1}
app = Celery("peer", broker=URL, backend=URL)
app.conf.update(
    task_acks_late=True,
    worker_prefetch_multiplier=64,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options=SOON if marks.SURVIVES else {},
)
noop = app.task(name="noop")(marks.noop)


def submit_one() -> None:
    with marks.timed():
        for number in marks.numbers():
            noop.delay(number)


def work() -> None:
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR"]
    app.worker_main(["worker", "--pool=solo", *quiet])


if __name__ == "__main__":
    marks.program(submit_one=submit_one, submit_many=None, work=work)

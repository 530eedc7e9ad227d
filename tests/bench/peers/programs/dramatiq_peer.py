"""dramatiq on Redis, eight threads. It keeps no record, and has no way to submit many."""

import threading

import dramatiq
import marks
from dramatiq.brokers.redis import RedisBroker

OFTEN = {"heartbeat_timeout": 5000, "maintenance_chance": 1_000_000} if marks.SURVIVES else {}
broker = RedisBroker(port=marks.PORT, **OFTEN)
dramatiq.set_broker(broker)
noop = dramatiq.actor(marks.noop, actor_name="noop")


def submit_one() -> None:
    with marks.timed():
        for number in marks.numbers():
            noop.send(number)


def work() -> None:
    dramatiq.Worker(broker, worker_threads=8).start()
    threading.Event().wait()


if __name__ == "__main__":
    marks.program(submit_one=submit_one, submit_many=None, work=work)

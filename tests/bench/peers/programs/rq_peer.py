"""RQ on Redis, its worker that does not fork for each job. It keeps the record of a job for 500 seconds."""

import marks
from redis import Redis
from rq import Queue, Retry, SimpleWorker

connection = Redis(port=marks.PORT)
queue = Queue("jobs", connection=connection)
HOW = {"job_timeout": 3, "retry": Retry(max=3)} if marks.SURVIVES else {}


def submit_one() -> None:
    with marks.timed():
        for number in marks.numbers():
            queue.enqueue("marks.noop", number, **HOW)


def submit_many() -> None:
    how = {"timeout" if name == "job_timeout" else name: value for name, value in HOW.items()}
    with marks.timed():
        for step in marks.steps(100):
            queue.enqueue_many([Queue.prepare_data("marks.noop", (number,), **how) for number in step])


def work() -> None:
    how = {"maintenance_interval": 2, "worker_ttl": 5} if marks.SURVIVES else {}
    SimpleWorker([queue], connection=connection, **how).work(logging_level="ERROR")


if __name__ == "__main__":
    marks.program(submit_one=submit_one, submit_many=submit_many, work=work)

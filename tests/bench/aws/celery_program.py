"""Celery on SQS with results in DynamoDB, run in an environment of its own; knows nothing of Tickwell.

``celery -A celery_program worker`` is the worker; ``python celery_program.py JOBS`` sends jobs.
"""

import os
import sys
from urllib.parse import urlsplit

from celery import Celery

URL = os.environ["AWS_ENDPOINT_URL"]
PLACE = urlsplit(URL).netloc

app = Celery("bench", broker=f"sqs://test:test@{PLACE}", backend="dynamodb://test:test@us-east-1/results")
app.conf.update(
    broker_transport_options={
        "region": "us-east-1",
        "is_secure": False,
        "wait_time_seconds": 5,
        "predefined_queues": {
            "celery": {
                "url": f"{URL}/000000000000/celery",
                "access_key_id": "test",
                "secret_access_key": "test",
            }
        },
    },
    dynamodb_endpoint_url=URL,
    worker_prefetch_multiplier=10,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    task_track_started=False,
    task_create_missing_queues=False,
)


@app.task  # type: ignore[untyped-decorator]
def nothing() -> None:
    """Does nothing."""


def main() -> None:
    """Send one to warm up, wait for a line, then send all; ``done`` is said after each."""
    nothing.delay()
    say_done()
    sys.stdin.readline()
    for _ in range(int(sys.argv[1])):
        nothing.delay()
    say_done()
    sys.stdin.readline()


def say_done() -> None:
    """For whoever started this."""
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

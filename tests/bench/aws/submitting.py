"""Submits jobs through functions/api, in a process of its own: ``python -m tests.bench.aws.submitting JOBS A_REQUEST``.

Says ``done`` when it is warm, waits for a line, and says it again when all were submitted.
"""

import json
import sys
import time
from typing import Any

from functions.api.handler import handler
from tests.function_stack import Context, http_event


def main() -> None:
    """Register, and send one request more than it takes: the first is to warm up."""
    jobs, a_request = map(int, sys.argv[1:])

    def call(path: str, body: Any, token: str = "") -> Any:
        answer = handler(http_event("POST", path, body, {"authorization": f"Bearer {token}"}), Context())
        return json.loads(answer["body"])["data"]

    email = f"{time.time_ns()}@example.com"
    token = call("/api/v1/auth/register", {"email": email, "password": "Correct-Horse-9"})["token"]
    body = {"jobs": [{"name": "nothing", "task": "echo"}] * a_request}
    call("/api/v1/jobs/batch", body, token)
    _say_done()
    sys.stdin.readline()
    for _ in range(jobs // a_request):
        call("/api/v1/jobs/batch", body, token)
    _say_done()
    sys.stdin.readline()


def _say_done() -> None:
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

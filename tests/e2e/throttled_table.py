"""A way to DynamoDB that can be made to refuse everything, as a table does that has no capacity left."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.background_server import answering
from tests.e2e import sam
from tests.e2e.local_aws import LocalAws

_REFUSAL = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "message": "The level of configured provisioned throughput for the table was exceeded.",
    }
).encode()
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


@dataclass(kw_only=True)
class ThrottledTable:
    """Where it answers, and how many calls it refused while ``throttles`` was set."""

    url: str = ""
    throttles: threading.Event = field(default_factory=threading.Event)
    passed: int = 0
    refused: int = 0


@contextmanager
def throttled_table(aws: LocalAws) -> Iterator[ThrottledTable]:
    """Stand between the functions and the DynamoDB of ``aws`` until the block ends."""
    table, counting = ThrottledTable(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            refuses = table.throttles.is_set()
            with counting:
                table.refused += refuses
                table.passed += not refuses
            status, headers, answer = (400, {}, _REFUSAL) if refuses else self._forwarded(body)
            with suppress(BrokenPipeError):  # whoever asked may be dead by now
                self._answer(status, headers, answer)

        def _answer(self, status: int, headers: dict[str, str], answer: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _forwarded(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=30)
            try:
                sent = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
                connection.request("POST", self.path, body, sent)
                answer = connection.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read()
            finally:
                connection.close()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    table.url = f"http://127.0.0.1:{server.server_port}"
    with answering(server):
        yield table


def lead_functions_through(aws: LocalAws, table: ThrottledTable) -> None:
    """From now on all functions of the stack reach DynamoDB through ``table``."""
    client = aws.client("lambda")
    for function in client.list_functions()["Functions"]:
        if function["FunctionName"].startswith(sam.STACK):
            variables = {**function["Environment"]["Variables"], "AWS_ENDPOINT_URL_DYNAMODB": table.url}
            client.update_function_configuration(
                FunctionName=function["FunctionName"], Environment={"Variables": variables}
            )

"""One client that posts one job after the other over one connection: a process of its own, started by ``submit``.

It reads what to do from the first line of its input, answers ``ready``, begins at the second line, and writes how many
milliseconds each request took. It is no HTTP client worth the name: it must not need the time that it measures.
"""

import json
import socket
import sys
import time
from typing import Any

_WARM_UP = 25


def _answered(connection: socket.socket, request: bytes) -> None:
    """Send and read the whole answer. RuntimeError unless it is 201."""
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _received(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 201 " not in head[:16]:
        raise RuntimeError(answer.decode())
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _received(connection)


def _received(connection: socket.socket) -> bytes:
    chunk = connection.recv(65536)
    if not chunk:
        raise RuntimeError("the server closed the connection")
    return chunk


def _request(told: dict[str, Any], number: int) -> bytes:
    job = {**told["job"], "name": f"job {number}"}
    body = json.dumps(job).encode()
    head = (
        f"POST /api/v1/jobs HTTP/1.1\r\nHost: {told['host']}\r\nAuthorization: Bearer {told['token']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main() -> None:
    """Serve the process that started this one."""
    told = json.loads(sys.stdin.readline())
    requests = [_request(told, number) for number in range(told["requests"])]
    with socket.create_connection((told["host"], told["port"]), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests[:_WARM_UP]:
            _answered(connection, request)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        took: list[float] = []
        for request in requests:
            begun = time.perf_counter()
            _answered(connection, request)
            took.append((time.perf_counter() - begun) * 1000)
    sys.stdout.write(json.dumps(took) + "\n")


if __name__ == "__main__":
    main()

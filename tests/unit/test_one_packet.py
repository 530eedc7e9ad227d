"""An answer's head and body leave the server together."""

import h11

from tickwell.local.patient_protocol import OnePacketConnection


def asked(method: str) -> OnePacketConnection:
    connection = OnePacketConnection(h11.SERVER)
    connection.receive_data(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    while connection.next_event() is not h11.PAUSED:
        if connection.their_state is h11.DONE:
            break
    return connection


def response(status: int, length: int) -> h11.Response:
    return h11.Response(status_code=status, headers=[("Content-Length", str(length))])


def test_a_head_leaves_with_the_body() -> None:
    connection = asked("GET")
    assert connection.send(response(200, 2)) == b""
    whole = connection.send(h11.Data(data=b"ok"))
    assert whole == b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"
    assert connection.send(h11.EndOfMessage()) == b""


def test_a_head_without_a_body_leaves_too() -> None:
    connection = asked("HEAD")
    assert connection.send(response(200, 2)) == b""
    assert connection.send(h11.Data(data=b"")) == b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n"


def test_what_comes_before_the_answer_does_not_wait_for_it() -> None:
    connection = asked("GET")
    assert connection.send(h11.InformationalResponse(status_code=100, headers=[])) == b"HTTP/1.1 100 \r\n\r\n"


def test_the_end_of_a_connection_sends_nothing() -> None:
    connection = asked("GET")
    connection.send(response(200, 0))
    connection.send(h11.EndOfMessage())
    connection.start_next_cycle()
    assert connection.send(h11.ConnectionClosed()) is None

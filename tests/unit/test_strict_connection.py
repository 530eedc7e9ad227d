"""What may be read in two ways is refused before anybody reads it."""

import h11
import pytest

from tests.smuggling_vectors import AMBIGUOUS, PLAIN
from tickwell.local.strict_connection import StrictConnection


def targets(raw: bytes, *, piece: int) -> list[bytes]:
    """The targets of all requests that a server sees in ``raw``, which comes in pieces. Raises RemoteProtocolError."""
    connection, seen = StrictConnection(h11.SERVER), []
    for at in range(0, len(raw), piece):
        connection.receive_data(raw[at : at + piece])
        while (event := connection.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Request):
                seen.append(event.target)
            if event is h11.PAUSED or connection.their_state is h11.MUST_CLOSE:
                return seen
            if isinstance(event, h11.EndOfMessage):
                connection.send(h11.Response(status_code=204, headers=[]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    return seen
                connection.start_next_cycle()
    return seen


@pytest.mark.parametrize("piece", [1, 7, 100_000])
@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_others_may_read_otherwise_is_refused(name: str, piece: int) -> None:
    with pytest.raises(h11.RemoteProtocolError):
        targets(AMBIGUOUS[name], piece=piece)


@pytest.mark.parametrize("piece", [1, 100_000])
@pytest.mark.parametrize("name", ["two requests", "zeros before a length", "in chunks", "HTTP/1.0", "GET with a body"])
def test_what_is_plain_is_read(name: str, piece: int) -> None:
    raw, answers = PLAIN[name]
    assert len(targets(raw, piece=piece)) == len(answers)

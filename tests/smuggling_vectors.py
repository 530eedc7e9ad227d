"""Requests that two parsers may see end in different places, each with another request hidden behind or inside it."""

from typing import Final

HIDDEN: Final = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked"
NO_CHUNKS: Final = b"0\r\n\r\n"
REFUSED: Final = (400,)
"""One answer, after which the connection is closed."""


def _post(fields: bytes, body: bytes = b"", *, version: bytes = b"1.1") -> bytes:
    line = b"POST /api/v1/auth/login HTTP/" + version
    return line + b"\r\nHost: a\r\nContent-Type: application/json\r\n" + fields + b"\r\n\r\n" + body


def _get(fields: bytes = b"", *, target: bytes = b"/health", version: bytes = b"HTTP/1.1") -> bytes:
    return b"GET " + target + b" " + version + b"\r\nHost: a\r\n" + fields + b"\r\n"


def _length(body: bytes) -> bytes:
    return b"Content-Length: %d" % len(body)


def _both(fields: bytes) -> bytes:
    """By its length the hidden request is body, by what ``fields`` may be taken for it is none."""
    body = NO_CHUNKS + HIDDEN
    return _post(fields + b"\r\n" + _length(body), body)


def _in_chunks(chunks: bytes) -> bytes:
    return _post(CHUNKED, chunks + HIDDEN)


AMBIGUOUS: Final = {
    "length and chunks": _both(CHUNKED),
    "chunks and a shorter length": _post(
        CHUNKED + b"\r\nContent-Length: 4", b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n" + NO_CHUNKS
    ),
    "chunks twice": _both(CHUNKED + b"\r\n" + CHUNKED),
    "chunks and identity": _both(CHUNKED + b"\r\nTransfer-Encoding: identity"),
    "identity": _both(b"Transfer-Encoding: identity"),
    "chunked, identity": _both(b"Transfer-Encoding: chunked, identity"),
    "gzip, chunked": _both(b"Transfer-Encoding: gzip, chunked"),
    "xchunked": _both(b"Transfer-Encoding: xchunked"),
    "quoted": _both(b'Transfer-Encoding: "chunked"'),
    "with a parameter": _both(b"Transfer-Encoding: chunked;a=b"),
    "a comma before": _both(b"Transfer-Encoding: ,chunked"),
    "blank before the colon": _both(b"Transfer-Encoding : chunked"),
    "tab before the colon": _both(b"Transfer-Encoding\t: chunked"),
    "vertical tab": _both(b"Transfer-Encoding: \x0bchunked"),
    "form feed": _both(b"Transfer-Encoding: chunked\x0c"),
    "NUL": _both(b"Transfer-Encoding: chunked\0"),
    "not ASCII": _both(b"Transfer-Encoding: chunked\xa0"),
    "folded value": _both(b"Transfer-Encoding:\r\n chunked"),
    "folded into another field": _both(b"X: y\r\n " + CHUNKED),
    "behind a mere LF": _both(b"X: y\n" + CHUNKED),
    "behind a mere CR": _both(b"X: y\r" + CHUNKED),
    "behind NUL": _both(b"X: y\0" + CHUNKED),
    "no name": _both(b": chunked"),
    "no colon": _both(b"Transfer-Encoding chunked"),
    "blank before the first field": b"POST / HTTP/1.1\r\n " + CHUNKED + b"\r\nHost: a\r\n\r\n" + NO_CHUNKS + HIDDEN,
    "chunks in HTTP/1.0": _post(CHUNKED, NO_CHUNKS + HIDDEN, version=b"1.0"),
    "chunks in HTTP/1.0, kept alive": _post(
        CHUNKED + b"\r\nConnection: keep-alive", NO_CHUNKS + HIDDEN, version=b"1.0"
    ),
    "two lengths": _post(b"Content-Length: 2\r\n" + _length(b"{}" + HIDDEN), b"{}" + HIDDEN),
    "the same length twice": _post(b"Content-Length: 2\r\nContent-Length: 2", b"{}" + HIDDEN),
    "a list of lengths": _post(b"Content-Length: 2, 2", b"{}" + HIDDEN),
    "a list of other lengths": _post(b"Content-Length: 2, 40", b"{}" + HIDDEN),
    "a signed length": _post(b"Content-Length: +2", b"{}" + HIDDEN),
    "a negative length": _post(b"Content-Length: -2", b"{}" + HIDDEN),
    "a hexadecimal length": _post(b"Content-Length: 0x2", b"{}" + HIDDEN),
    "a length with an exponent": _post(b"Content-Length: 2e0", b"{}" + HIDDEN),
    "a length in other digits": _post("Content-Length: \u0662".encode(), b"{}" + HIDDEN),
    "two numbers": _post(b"Content-Length: 2 2", b"{}" + HIDDEN),
    "an empty length": _post(b"Content-Length: ", b"{}" + HIDDEN),
    "an endless length": _post(b"Content-Length: " + b"9" * 400, b"{}" + HIDDEN),
    "a folded length": _post(b"Content-Length:\r\n 2", b"{}" + HIDDEN),
    "a length behind a mere LF": _post(b"X: y\nContent-Length: 2", b"{}" + HIDDEN),
    "a mere LF ends the head": b"GET /health HTTP/1.1\nHost: a\n\n" + HIDDEN,
    "a hexadecimal chunk": _in_chunks(b"0x2\r\n{}\r\n" + NO_CHUNKS),
    "a negative chunk": _in_chunks(b"-2\r\n{}\r\n" + NO_CHUNKS),
    "a signed chunk": _in_chunks(b"+2\r\n{}\r\n" + NO_CHUNKS),
    "blank before the chunk's size": _in_chunks(b" 2\r\n{}\r\n" + NO_CHUNKS),
    "an underscore in the chunk's size": _in_chunks(b"0_2\r\n{}\r\n" + NO_CHUNKS),
    "an endless chunk": _in_chunks(b"f" * 40 + b"\r\n{}\r\n" + NO_CHUNKS),
    "an extension with a mere LF": _in_chunks(b"2;a\n{}\r\n" + NO_CHUNKS),
    "chunks of mere LF": _in_chunks(b"2\n{}\n0\n\n"),
    "a chunk that is longer than its size": _in_chunks(b"2\r\n{}{}\r\n" + NO_CHUNKS),
    "a chunk without a size": _in_chunks(b"\r\n{}\r\n" + NO_CHUNKS),
    "no host": b"GET /health HTTP/1.1\r\n\r\n" + HIDDEN,
    "two hosts": _get(b"Host: b\r\n") + HIDDEN,
    "no version": b"GET /health\r\n\r\n" + HIDDEN,
    "HTTP/0.9": _get(version=b"HTTP/0.9") + HIDDEN,
    "HTTP/1.2": _get(version=b"HTTP/1.2") + HIDDEN,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.10": _get(version=b"HTTP/1.10") + HIDDEN,
    "another protocol": _get(version=b"ICY/1.1") + HIDDEN,
    "two blanks": _get(target=b" /health") + HIDDEN,
    "a blank in the target": _get(target=b"/hea lth") + HIDDEN,
    "tabs": b"GET\t/health\tHTTP/1.1\r\nHost: a\r\n\r\n" + HIDDEN,
    "NUL in the target": _get(target=b"/hea\0lth") + HIDDEN,
    "CR in the target": _get(target=b"/hea\rlth") + HIDDEN,
    "a target that is not ASCII": _get(target="/h\u00e9".encode()) + HIDDEN,
    "NUL in a value": _get(b"X: a\0b\r\n") + HIDDEN,
    "CR in a value": _get(b"X: a\rb\r\n") + HIDDEN,
    "a name that is not ASCII": _get("X\u00e9: a\r\n".encode()) + HIDDEN,
    "a blank in a name": _get(b"X Y: a\r\n") + HIDDEN,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "noise": bytes(range(256)) + b"\r\n\r\n",
}
"""All of them are to be refused."""

PLAIN: Final = {
    "two requests": (_post(b"Content-Length: 2", b"{}") + HIDDEN, (422, 404)),
    "zeros before a length": (_post(b"Content-Length: 0002", b"{}") + HIDDEN, (422, 404)),
    "in chunks": (_in_chunks(b"2\r\n{}\r\n" + NO_CHUNKS), (422, 404)),
    "with an extension": (_in_chunks(b"2;a=b\r\n{}\r\n" + NO_CHUNKS), (422, 404)),
    "a length in the trailer": (_in_chunks(b"2\r\n{}\r\n0\r\n" + _length(HIDDEN) + b"\r\n\r\n"), (422, 404)),
    "a credential in the trailer": (
        b"POST /api/v1/jobs HTTP/1.1\r\nHost: a\r\n" + CHUNKED + b"\r\n\r\n0\r\nAuthorization: Bearer a\r\n\r\n",
        (401,),
    ),
    "GET with a body": (_get(_length(HIDDEN) + b"\r\n") + HIDDEN, (200,)),
    "HEAD with a body": (_get(_length(HIDDEN) + b"\r\n").replace(b"GET", b"HEAD", 1) + HIDDEN, (200,)),
    "HTTP/1.0": (_get(version=b"HTTP/1.0") + HIDDEN, (200,)),
    "closed by the client": (_get(b"Connection: close\r\n") + HIDDEN, (200,)),
    "too large, hidden inside": (_post(b"Content-Length: 99999999", HIDDEN * 3), (413,)),
    "waits to be asked on": (_post(b"Expect: 100-continue\r\nContent-Length: 2", b"{}") + HIDDEN, (100, 422, 404)),
    "waits, too large": (_post(b"Expect: 100-continue\r\nContent-Length: 99999999", HIDDEN), (413,)),
    "upgrade to HTTP/2": (_get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n") + HIDDEN, (200, 404)),
    "upgrade to a websocket": (_get(b"Connection: Upgrade\r\nUpgrade: websocket\r\n") + HIDDEN, (200, 404)),
    "a tunnel": (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n" + HIDDEN, (404, 404)),
    "another host in the target": (_get(target=b"http://evil.example/smuggled") + HIDDEN, (404, 404)),
    "escapes that are none": (_get(target=b"/%zz%ff%00%E0%80%0d%0aX:y") + HIDDEN, (404, 404)),
    "line breaks in the query": (_get(target=b"/health?a=%0d%0aX-Injected:%20y") + HIDDEN, (422, 404)),
    "a token that is not ASCII": (_get(b"Authorization: Bearer \xff\xfe\r\n", target=b"/api/v1/jobs"), (401,)),
    "a key that is not ASCII": (_get(b"X-API-Key: tw_\xff\xfe\r\n", target=b"/api/v1/jobs"), (401,)),
    "two tokens": (_get(b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", target=b"/api/v1/jobs"), (401,)),
    "a key by underscores": (_get(b"X_API_Key: tw_a\r\n", target=b"/api/v1/jobs"), (401,)),
    "a method in a header": (_get(b"X-HTTP-Method-Override: DELETE\r\n", target=b"/openapi.json"), (200,)),
    "a path in a header": (_get(b"X-Original-URL: /openapi.json\r\n", target=b"/smuggled"), (404,)),
    "many fields": (_get(b"".join(b"X%d: a\r\n" % number for number in range(2000))), (200,)),
}
"""Which answers each is to have."""

"""A real SMTP server on a free port of this machine, which answers what a test tells it to."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = "127.0.0.1"
_READY_SECONDS = 60.0


def is_encrypted(server: SMTP) -> bool:
    """Whether what the server reads came through TLS."""
    assert server.transport is not None
    return server.transport.get_extra_info("ssl_object") is not None


@dataclass(kw_only=True)
class Postbox:
    """What the server took, and what it answers: to each recipient, and to the message."""

    envelopes: list[Envelope] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    recipient_answers: dict[str, str] = field(default_factory=dict)
    data_answer: str = "250 taken"
    sender_answer: str | None = None

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_answer is not None:
            return self.sender_answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.recipient_answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answer.startswith("250"):
            self.envelopes.append(envelope)
            assert isinstance(envelope.content, bytes)
            self.contents.append(envelope.content)
            self.encrypted.append(is_encrypted(server))
        return self.data_answer

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        login = (data.login.decode(), data.password.decode())
        self.logins.append(login)
        return AuthResult(success=login == ("ada", "s3cret"), handled=False)


@dataclass(kw_only=True)
class MailServer:
    """A running server. ``trusting`` is a client's context that knows its certificate."""

    port: int
    postbox: Postbox
    trusting: ssl.SSLContext | None = None


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate for 127.0.0.1 and its key, signed by itself."""

    path: Path

    def for_server(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.path)
        return context

    def for_client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.path))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LOOPBACK)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return Certificate(path=path)


def reserved() -> socket.socket:
    """Holds a port of its own: nobody else can take it, and whoever connects is refused until a server listens."""
    held = socket.socket()
    held.bind((LOOPBACK, 0))
    return held


class _Controller(Controller):
    """Serves on a port that is held already; has time to start on a machine that has much else to do."""

    def __init__(self, postbox: Postbox, held: socket.socket, **options: Any) -> None:
        self._held = held
        port: int = held.getsockname()[1]
        super().__init__(postbox, hostname=LOOPBACK, port=port, ready_timeout=_READY_SECONDS, **options)

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._held, ssl=self.ssl_context)


def serve(postbox: Postbox, held: socket.socket | None = None, **options: Any) -> Iterator[MailServer]:
    """Run a server, on the port that is ``held`` if there is one, until the generator is closed."""
    controller = _Controller(postbox, held or reserved(), **options)
    controller.start()
    try:
        yield MailServer(port=controller.port, postbox=postbox)
    finally:
        controller.stop()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A server without encryption or login."""
    yield from serve(Postbox())


@pytest.fixture
def starttls_server(certificate: Certificate) -> Iterator[MailServer]:
    """A server that wants STARTTLS, then a login (ada, s3cret)."""
    postbox = Postbox()
    options: dict[str, Any] = {
        "require_starttls": True,
        "auth_required": True,
        "authenticator": postbox.authenticate,
        "auth_exclude_mechanism": ["LOGIN"],
    }
    for server in serve(postbox, tls_context=certificate.for_server(), **options):
        server.trusting = certificate.for_client()
        yield server


@pytest.fixture
def tls_server(certificate: Certificate) -> Iterator[MailServer]:
    """A server that speaks TLS from the first byte."""
    for server in serve(Postbox(), ssl_context=certificate.for_server()):
        server.trusting = certificate.for_client()
        yield server

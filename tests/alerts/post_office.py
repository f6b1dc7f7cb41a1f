"""Real servers on this machine that take alerts: one for JSON over HTTP, one for e-mail."""

from __future__ import annotations

import email
import ipaddress
import json
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.slack.house import free_port

USER, PASSWORD = "lifeboat", "correct-horse-battery"


@dataclass
class Hook:
    """A webhook's server: what it was posted, and what it answers next."""

    port: int = 0
    posted: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # Used up first; then 200.
    silent: threading.Event = field(default_factory=threading.Event)  # Set: it does not answer.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/T0K3N-of-the-hook"


@contextmanager
def hook() -> Iterator[Hook]:
    """A real HTTP server, up while the context is held."""
    told = Hook()
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if told.silent.is_set():
                over.wait(30)
                return
            status = told.answers.pop(0) if told.answers else 200
            if status == 200:
                told.posted.append(body)
                told.keys.append(self.headers["Idempotency-Key"])
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", told.url + "-elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Mailbox:
    """A mail server: what it was handed, and what it answers next."""

    port: int = 0
    mails: list[Any] = field(default_factory=list)
    safe: list[bool] = field(default_factory=list)  # Whether each came over TLS.
    answers: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(email.message_from_bytes(envelope.content, policy=policy.default))
        self.safe.append(session.ssl is not None)
        return "250 OK"


@contextmanager
def mailbox(folder: Path, *, security: str = "starttls") -> Iterator[tuple[Mailbox, Path]]:
    """A real mail server that takes nothing without TLS and the password, and its certificate."""
    certificate = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, folder / "mail.key")

    def check(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=good, handled=False)

    box = Mailbox()
    tls: dict[str, Any] = {"tls_context": context, "require_starttls": True}
    if security == "tls":
        tls = {"ssl_context": context, "auth_require_tls": False}
    with warnings.catch_warnings():
        # It does not see that the line is safe from the start, and says so at each connection.
        warnings.simplefilter("ignore")
        controller = Controller(
            box, "127.0.0.1", free_port(), authenticator=check, auth_required=True, **tls
        )
        controller.start()
        box.port = controller.port
        try:
            yield box, certificate
        finally:
            controller.stop()


def _certificate(folder: Path) -> Path:
    """Make a certificate for this machine that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "mail.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path

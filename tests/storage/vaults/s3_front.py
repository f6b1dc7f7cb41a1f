"""A door before the S3 server that does to requests what a bad day does.

    with S3Front(server.url) as front:
        front.on("PUT .*partNumber=2", Cut(1000), times=2)
        …                                   # a vault whose endpoint is front.url
        assert front.seen("PUT .*partNumber=2") == 3

A rule is a regular expression over "METHOD /path?query", a fault, and how often it strikes; the
first rule that fits and has not struck out is taken, and everything else goes through untouched.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """Answer this instead of asking the server; `more` are elements of the error.

    `body` is an answer of another kind than an error.
    """

    status: int
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    more: str = ""
    body: str = ""


@dataclass(frozen=True)
class Hang:
    """Say nothing until the other side has gone or the front ends."""


@dataclass(frozen=True)
class Cut:
    """Read so many bytes of the body, then cut the connection; the server hears nothing."""

    bytes: int = 0


@dataclass(frozen=True)
class Lost:
    """Have the server do it, and lose the answer."""


@dataclass(frozen=True)
class CutAnswer:
    """Pass on the answer's head and so many bytes of its body, then cut the connection."""

    bytes: int = 0


@dataclass(frozen=True)
class Changed:
    """Flip a bit of the body, on the way there or back."""

    back: bool = False


@dataclass(frozen=True)
class Without:
    """Leave headers out, as a server that does not know them would; names in small letters.

    With `lying` it keeps other bytes than it was given, too.
    """

    asked: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    lying: bool = False


Fault = Answer | Hang | Cut | Lost | CutAnswer | Changed | Without


@dataclass
class Rule:
    pattern: re.Pattern[str]
    fault: Fault
    left: float


class S3Front:
    """The door; its rules may change while requests come in."""

    def __init__(self, server: str) -> None:
        self.server = urlsplit(server)
        self.ended = threading.Event()
        self._rules: list[Rule] = []
        self._seen: list[str] = []
        self._lock = threading.Lock()
        front = self

        class Handler(_Handler):
            door = front

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def on(self, pattern: str, fault: Fault, times: float = 1) -> None:
        """Add a rule."""
        with self._lock:
            self._rules.append(Rule(re.compile(pattern), fault, times))

    def heal(self) -> None:
        """Forget every rule."""
        with self._lock:
            self._rules.clear()

    def seen(self, pattern: str) -> int:
        """How many requests fitted so far."""
        with self._lock:
            return sum(bool(re.search(pattern, each)) for each in self._seen)

    def fault(self, line: str) -> Fault | None:
        """Note a request and return what happens to it."""
        with self._lock:
            self._seen.append(line)
            for rule in self._rules:
                if rule.left > 0 and rule.pattern.search(line):
                    rule.left -= 1
                    return rule.fault
        return None

    def __enter__(self) -> S3Front:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    door: S3Front

    def _handle(self) -> None:
        fault = self.door.fault(f"{self.command} {self.path}")
        length = int(self.headers.get("Content-Length") or 0)
        if isinstance(fault, Cut):
            self.rfile.read(min(fault.bytes, length))
            self._drop()
            return
        body = self.rfile.read(length)
        if isinstance(fault, Hang):
            self._wait_gone()
        elif isinstance(fault, Answer):
            self._answer(fault)
        else:
            self._through(fault, body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815 - http.server's names.

    def log_message(self, *_: Any) -> None:
        pass

    def _through(self, fault: Fault | None, body: bytes) -> None:
        lying = isinstance(fault, Without) and fault.lying
        if (lying or (isinstance(fault, Changed) and not fault.back)) and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        gone = fault.asked if isinstance(fault, Without) else ()
        status, headers, told = self._ask(body, gone)
        if isinstance(fault, Lost):
            self._drop()
            return
        if isinstance(fault, Changed) and fault.back and told:
            told = bytes([told[0] ^ 1]) + told[1:]
        self.send_response_only(status)
        hidden = fault.answered if isinstance(fault, Without) else ()
        for name, value in headers:
            if name.lower() not in (*hidden, "transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = {k.lower(): v for k, v in headers}.get("content-length", str(len(told)))
        self.send_header("Content-Length", length)
        self.end_headers()
        if isinstance(fault, CutAnswer):
            self.wfile.write(told[: fault.bytes])
            self._drop()
            return
        self.wfile.write(told)

    def _ask(self, body: bytes, gone: tuple[str, ...]) -> tuple[int, list[tuple[str, str]], bytes]:
        server = self.door.server
        connection = http.client.HTTPConnection(server.hostname or "", server.port)
        try:
            kept = {
                k: v
                for k, v in self.headers.items()
                if k.lower() not in (*gone, "expect", "connection")
            }
            connection.request(self.command, self.path, body, kept)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(self, fault: Answer) -> None:
        text = f"<Error><Code>{fault.code}</Code><Message>No.</Message>{fault.more}</Error>"
        body = b"" if self.command == "HEAD" else (fault.body or text).encode()
        self.send_response_only(fault.status)
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _wait_gone(self) -> None:
        self.connection.settimeout(0.05)
        while not self.door.ended.is_set():
            try:
                if not self.connection.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        self._drop()

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

"""Deployments for tests: our client at the stand-in, and small servers that do as they are told.

The stand-in behaves as Convex does, troubles included. What no Convex would ever answer comes from
`serving`, which is a real server too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.world import Stand
from storage.convex.deployment import Deployment
from storage.convex.patience import Patience
from storage.secret import Secret

NAME = "happy-animal-123"
SECRET = "eyJ2MiI6Im5vYm9keSBtYXkgc2VlIG1lIn0="
KEY = f"prod:{NAME}|{SECRET}"
HOUR = 3600


def patience(**changes: Any) -> Patience:
    """Return bounds that a test can wait for; any of them can be given."""
    quick = {
        "export_hours_max": 30 / HOUR,
        "import_hours_max": 30 / HOUR,
        "connect_seconds": 5,
        "read_seconds": 5,
        "poll_seconds": 0.01,
        "poll_seconds_max": 0.05,
        "retry_seconds": 0.01,
        "outage_seconds_max": 5,
    }
    return Patience(**{**quick, **changes})


@contextmanager
def at(url: str, key: str = KEY, **bounds: Any) -> Iterator[Deployment]:
    """Hold a deployment called production at an address; its connections go with the block."""
    deployment = Deployment("production", url, Secret(key), patience=patience(**bounds))
    try:
        yield deployment
    finally:
        deployment.close()


def of(stand: Stand, key: str | None = None, **bounds: Any) -> Any:
    """Hold the client's side of a stand-in, with its own key if no other is given."""
    return at(stand.url, key or stand.key, **bounds)


class Sleeps:
    """A sleep that takes no time and remembers what it was asked for."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class Clock:
    """A clock that goes as long as is slept, and no longer."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.seconds += seconds


class Heard:
    """A listener that remembers what it was told."""

    def __init__(self) -> None:
        self.all: list[Any] = []

    def __call__(self, progress: Any) -> None:
        self.all.append(progress)

    def of(self, kind: type) -> list[Any]:
        """Return what was told of one kind."""
        return [told for told in self.all if isinstance(told, kind)]


@dataclass(frozen=True)
class Reply:
    """An answer as it goes out; with `length` None its end is the end of the connection.

    `silent` keeps the connection open, after what was sent, until the server goes down.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = -1
    silent: bool = False


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def function(self) -> str:
        """The function that a query asks for."""
        return str(json.loads(self.body)["path"])


Answer = Reply | Callable[[Seen], Reply]


class Server:
    """Where a small server is, and what was asked of it."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = dict(answers)
        self.seen: list[Seen] = []
        self.url = ""
        self.ending = threading.Event()

    def answer(self, seen: Seen) -> Reply:
        """Return what a path was told to answer; 404 and nothing where it was told nothing."""
        self.seen.append(seen)
        answer = self.answers.get(seen.path.partition("?")[0], Reply(status=404))
        return answer if isinstance(answer, Reply) else answer(seen)


@contextmanager
def serving(answers: Mapping[str, Answer]) -> Iterator[Server]:
    """Hold a server that answers these paths so, on a port of its own."""
    told = Server(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(size)
            self.reply(told.answer(Seen(self.command, self.path, headers, body)))

        def do_POST(self) -> None:
            self.do_GET()

        def reply(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.length is not None:
                length = len(reply.body) if reply.length < 0 else reply.length
                self.send_header("Content-Length", str(length))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(reply.body)
            self.wfile.flush()
            if reply.silent:
                told.ending.wait(30)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # A client that hangs up in the middle is what these tests are about.

    with Quiet(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield told
        finally:
            told.ending.set()
            server.shutdown()
            thread.join()


@contextmanager
def served(
    answers: Mapping[str, Answer], key: str = KEY, **bounds: Any
) -> Iterator[tuple[Server, Deployment]]:
    """Hold a small server, and the client's side of it."""
    with serving(answers) as server, at(server.url, key, **bounds) as it:
        yield server, it


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    """Return an answer as Convex writes them."""
    named = {name.replace("_", "-"): told for name, told in headers.items()}
    form = {"Content-Type": "application/json"}
    return Reply(json.dumps(value).encode(), status=status, headers=form | named)


def queries(values: Mapping[str, Any]) -> Callable[[Seen], Reply]:
    """Return what answers `/api/query` for these functions; a callable is asked each time."""

    def answer(seen: Seen) -> Reply:
        if seen.function not in values:
            return as_json({"status": "error", "errorMessage": f"No {seen.function}"})
        value = values[seen.function]
        return as_json({"status": "success", "value": value() if callable(value) else value})

    return answer

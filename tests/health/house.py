"""A house whose bot is watched: its health over HTTP, a server of ours that it pings."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.approvals.house import LivelyBot
from tests.slack.house import House, free_port


class WatchedBot(LivelyBot):
    module = "tests.health.watched_bot"

    def tell(self, signum: int) -> None:
        """Send a signal, and wait for nothing."""
        self._alive.send_signal(signum)


class WatchedHouse(House):
    """A team that serves /healthz and /metrics and writes its log in JSON if it is told to."""

    def __post_init__(self) -> None:
        self.port = free_port()
        super().__post_init__()
        self.bot = WatchedBot(self)

    def write(self, **changes: Mapping[str, Any]) -> None:
        super().write(**{"health": {"on": True, "port": self.port}, **changes})

    def get(self, path: str, method: str = "GET") -> tuple[int, str, str]:
        """Ask the bot; status, kind and text of its answer."""
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, method=method)
        try:
            with urllib.request.urlopen(request, timeout=3) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read().decode()

    def health(self) -> tuple[int, dict[str, Any]]:
        status, _, text = self.get("/healthz")
        return status, json.loads(text)


class Pinged:
    """A server on a real socket that is pinged; `answers` are statuses of the next answers."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.answers: list[int] = []
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                told.heard.append((self.path, body))
                self.send_response(told.answers.pop(0) if told.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._handler = Handler
        self.port = 0
        self.open()

    def open(self) -> None:
        """Listen, at the same port as before."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def paths(self) -> list[str]:
        """Which paths were pinged, without their queries, in order."""
        return [path.partition("?")[0] for path, _ in self.heard]

    def bodies(self, path: str) -> list[str]:
        return [body for each, body in self.heard if each.partition("?")[0] == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

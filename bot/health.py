"""`/healthz` and `/metrics` over HTTP, on this machine alone unless the settings say otherwise.

Both answer from memory: whether the bot lives is seen by `bot/pulse.py`, the numbers are read by
`bot/readings.py` and counted by `bot/metrics.py`. Nothing can be changed here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from waitress import create_server

from bot import metrics
from bot.readings import Reading
from bot.serving import Serving
from storage.errors import LifeboatError

THREADS = 2
Told = Callable[[], tuple[bool, dict[str, Any]]]  # Whether all is well, and everything.
BODY_BYTES_MAX = 1024  # Nobody sends one here.


@dataclass(frozen=True)
class Health:
    """What /healthz says; `reasons` are why the bot is ill, none when it is well."""

    reasons: Callable[[], list[str]]
    socket_up: Callable[[], bool]
    clock_runs: Callable[[], bool]
    reading: Callable[[], Reading | None]
    now: Callable[[], datetime]
    began_at: datetime

    def told(self) -> tuple[bool, dict[str, Any]]:
        """Return whether all is well, and everything as JSON builtins."""
        reasons, now, reading = self.reasons(), self.now(), self.reading()
        deployments = {}
        for name, last in (reading.deployments if reading is not None else {}).items():
            deployments[name] = {
                "last_success": None if last is None else _iso(last.taken_at),
                "age_seconds": None if last is None else _seconds(now, last.taken_at),
            }
        return not reasons, {
            "status": "ill" if reasons else "ok",
            "reasons": reasons,
            "socket_up": self.socket_up(),
            "clock_runs": self.clock_runs(),
            "up_seconds": _seconds(now, self.began_at),
            "read_at": None if reading is None else _iso(reading.at),
            "deployments": deployments,
        }


class Server:
    """Serves both until it is closed; LifeboatError when nothing can listen there."""

    def __init__(self, told: Told, counted: Callable[[], bytes], host: str, port: int) -> None:
        try:
            server = create_server(
                _pages(told, counted),
                host=host,
                port=port,
                threads=THREADS,
                ident="lifeboat",
                max_request_body_size=BODY_BYTES_MAX,
                clear_untrusted_proxy_headers=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no address of this machine"
            raise LifeboatError(
                f"The bot can't serve its health on {host}:{port} ({why}).",
                safe="Nothing was begun; whatever listens there goes on.",
                hint="Set another port in [health], one for each bot of a machine, or on = false.",
            ) from error
        self._serving = Serving(server, "health")

    def start(self) -> None:
        self._serving.start()

    def close(self) -> None:
        self._serving.close()


def _pages(told: Told, counted: Callable[[], bytes]) -> Callable[..., Iterable[bytes]]:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, kind = environ.get("PATH_INFO", ""), "text/plain; charset=utf-8"
        status, body = "404 Not Found", b"There are /healthz and /metrics.\n"
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            status, body = "405 Method Not Allowed", b"This can only be read.\n"
        elif path == "/healthz":
            well, facts = told()
            status = "200 OK" if well else "503 Service Unavailable"
            kind, body = "application/json", json.dumps(facts, indent=2).encode() + b"\n"
        elif path == "/metrics":
            status, kind, body = "200 OK", metrics.CONTENT_TYPE, counted()
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        start_response(status, headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    return answer


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _seconds(now: datetime, then: datetime) -> float:
    return round((now - then).total_seconds(), 3)

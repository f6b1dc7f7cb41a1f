"""A world of stand-in deployments for a test, a benchmark or the demo, and the hands to turn it.

    with World(tmp_path, seed="small") as world:
        world["production"].trouble(kind="cut", at_byte=5000)

In a thread of this process, or with `World.spawn` in a process of its own that can be killed. It
speaks to its deployments over HTTP like everybody else.
"""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from sandbox.convex import HOST, serving
from sandbox.convex_deployment import Options

_ROOT = Path(__file__).parent.parent
_GOODBYE_SECONDS = 20


class WorldFailed(Exception):
    """The deployments did not start, or a knob did not turn; says why."""


class Stand:
    """One deployment of a world: where it is, its keys, and its knobs."""

    def __init__(self, name: str, facts: Mapping[str, Any]) -> None:
        self.name = name
        self.url: str = facts["url"]
        self.port: int = facts["port"]
        self.instance_name: str = facts["instance_name"]
        self.key: str = facts["key"]
        self.self_hosted_key: str = facts["self_hosted_key"]
        self.read_only_key: str = facts["read_only_key"]
        self.backup_only_key: str = facts["backup_only_key"]
        self.no_import_key: str = facts["no_import_key"]
        self.no_pause_key: str = facts["no_pause_key"]

    def trouble(self, **wish: Any) -> dict[str, Any]:
        """Arranges a trouble of `troubles.KINDS`: kind, times, skip, match and its own settings."""
        return dict(self._turn("trouble", wish))

    def heal(self) -> None:
        self._turn("heal", {})

    def reset(self) -> None:
        """Back to the first day's data, no troubles, an empty log; the keys stay."""
        self._turn("reset", {})

    def log(self) -> list[dict[str, Any]]:
        """Every request (`what` is "request") and what was done ("event"), oldest first."""
        return list(self._turn("log", None))

    def events(self, event: str) -> list[dict[str, Any]]:
        """The log's events of this name, such as export_requested or part_received."""
        return [entry for entry in self.log() if entry.get("event") == event]

    def requests(self, path: str, method: str | None = None) -> list[dict[str, Any]]:
        """The log's requests whose path begins so."""
        return [
            entry
            for entry in self.log()
            if entry["what"] == "request"
            and entry["path"].startswith(path)
            and method in (None, entry["method"])
        ]

    def counts(self) -> dict[str, dict[str, int]]:
        """{"tables": {"npd": 40, "waitlist/entries": 12, …}, "files": {"": 8, …}}."""
        return dict(self._turn("counts", None))

    def mutate(self, table: str, change: str, count: int = 1, component: str = "") -> int:
        """Inserts, deletes or patches rows; says how many."""
        wish = {"table": table, "change": change, "count": count, "component": component}
        return int(self._turn("mutate", wish)["changed"])

    def put_table(
        self,
        table: str,
        rows: Sequence[Mapping[str, Any]],
        component: str = "",
        number: int | None = None,
    ) -> list[str]:
        """Adds rows given as export JSON, to a new table if need be; returns their ids."""
        told = [dict(row) for row in rows]
        wish = {"table": table, "rows": told, "component": component, "number": number}
        return list(self._turn("tables", wish))

    def _turn(self, knob: str, wish: Mapping[str, Any] | None) -> Any:
        with closing(HTTPConnection(HOST, self.port, timeout=120)) as connection:
            method, text = ("GET", None) if wish is None else ("POST", json.dumps(wish))
            connection.request(method, f"/_sandbox/{knob}", text)
            answer = connection.getresponse()
            told = json.loads(answer.read())
        if answer.status != 200:
            raise WorldFailed(f"{knob}: {told}")
        return told


class World:
    """Deployments by name, up while the context is held; their data stay in the folder."""

    def __init__(
        self,
        folder: Path,
        deployments: Sequence[str] = ("production", "staging"),
        **options: Any,
    ) -> None:
        self.folder = folder
        self._names = tuple(deployments)
        self._options = options
        self._stands: dict[str, Stand] = {}
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="stand-ins", daemon=True)

    @classmethod
    def spawn(
        cls, folder: Path, deployments: Sequence[str] = ("production", "staging"), **options: Any
    ) -> "SpawnedWorld":
        """The same world in a process of its own."""
        return SpawnedWorld(folder, deployments, **options)

    def __getitem__(self, name: str) -> Stand:
        return self._stands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._stands)

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self) -> None:
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise WorldFailed("the stand-ins did not start") from self._failure
        self._learn()

    def _stop(self) -> None:
        if self._loop is not None and self._told is not None:
            self._loop.call_soon_threadsafe(self._told.set)
        self._thread.join()

    def _learn(self) -> None:
        told = json.loads((self.folder / "world.json").read_text())["deployments"]
        self._stands = {name: Stand(name, told[name]) for name in self._names}

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - it is raised where the world was asked for.
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        async with serving(self.folder, self._names, Options(**self._options)):
            self._ready.set()
            await self._told.wait()


class SpawnedWorld(World):
    """A world in a process of its own: `process` is it, `kill` is kill -9."""

    process: subprocess.Popen[bytes]

    def _start(self) -> None:
        words = ["--port", "0", "--deployments", ",".join(self._names), "--data", str(self.folder)]
        for name, value in self._options.items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        self.process = subprocess.Popen(  # noqa: S603 - our own module, our own words.
            [sys.executable, "-m", "sandbox.convex", *words],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        if not any(line == b"ready\n" for line in self._said()):
            self._stop()
            raise WorldFailed(f"the stand-ins ended with {self.process.returncode}")
        self._learn()

    def kill(self) -> None:
        """Ends the process as a power cut would."""
        self.process.kill()
        self.process.wait()

    def _said(self) -> IO[bytes]:
        assert self.process.stdout is not None  # noqa: S101 - asked for above.
        return self.process.stdout

    def _stop(self) -> None:
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_GOODBYE_SECONDS)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._said().close()

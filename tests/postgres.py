"""A real PostgreSQL server for tests: this machine's, or Debian's, on a folder of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests import debian
from tests.slack.house import free_port, wait_for

PASSWORD = "the-secret-of-the-database"
STARTS_SECONDS_MAX = 30


class Postgres:
    """One server; each test makes a database of its own in it."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder, self._programs = folder, programs
        self.port = free_port()
        # It refuses to run as root.
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(folder, "postgres", "postgres")
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run(
            *("initdb", "--no-sync", "-D", str(folder / "data"), "-U", "lifeboat"),
            *("--auth=scram-sha-256", f"--pwfile={password}", "--locale=C", "-E", "UTF8"),
        )

    def start(self) -> None:
        """Start it, or start it again after `kill` or `stop`."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(str(self._programs / "postgres"), "-D", str(self._folder / "data")),
                    *("-p", str(self.port), "-k", str(self._folder), "-h", "127.0.0.1"),
                    *("-c", "fsync=off", "-c", "max_connections=200"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._as,
            )
        wait_for(self._answers, STARTS_SECONDS_MAX, (self._folder / "log").read_text)

    def stop(self) -> None:
        """Shut it down at once, as an administrator does; clients are cut off."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)

    def signal_all(self, signum: int) -> None:
        """Send a signal to the server and to every process it has made."""
        told = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self._process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        for pid in [self._process.pid, *map(int, told.stdout.split())]:
            with suppress(ProcessLookupError):
                os.kill(pid, signum)

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"lifeboat_{secrets.token_hex(4)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://lifeboat:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        with suppress(psycopg.Error):
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            return True
        return False

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [str(self._programs / program), *words],
            cwd=self._folder,
            check=True,
            capture_output=True,
            timeout=120,
            **self._as,
        )


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server while the context is held; the test is skipped, but fails in CI, without one."""
    programs = Path(debian.command("postgresql", _programs))
    folder = Path(tempfile.mkdtemp(prefix="lifeboat-postgres-"))
    try:
        server = Postgres(folder, programs)
        server.start()
        try:
            yield server
        finally:
            server.signal_all(signal.SIGCONT)
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ends(url: str, which: str = "%") -> int:
    """Have the server end every session of a database but this one; how many there were."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE %s",
            [which],
        ).fetchone()
    assert row is not None
    return int(row[0])


def _programs() -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if found:
        return str(found[-1].parent)
    initdb = shutil.which("initdb")
    return str(Path(initdb).resolve().parent) if initdb else None


def _version(initdb: Path) -> float:
    with suppress(ValueError):
        return float(initdb.parent.parent.name)
    return 0.0

"""What the settings say of the database that several bots share; its address is a secret.

It is read when a bot starts and when a command asks after its jobs, not by every command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bot.settings_secrets import Named, one_source, secret
from bot.settings_shape import File
from bot.settings_words import Mistake, SettingsRefused
from storage.secret import Secret

TABLE, KEY = "jobs", "database"
HOW = "It looks like postgresql://user:password@host:5432/lifeboat?sslmode=verify-full"


def database(file: File) -> Named | None:
    """Return where its address stands; None when the engine keeps its rows in a file."""
    env, named = file.jobs.database_env, file.jobs.database_file
    return Named(env, named, f"{TABLE}.{KEY}") if env or named else None


def mistakes(file: File) -> Iterator[Mistake]:
    """Find an address that is said twice over, or that stands in the settings itself."""
    yield from one_source(TABLE, KEY, file.jobs.database_env, file.jobs.database_file)


def warnings(file: File) -> Iterator[tuple[str, str]]:
    """Find vaults that the bot of another machine may not see."""
    folders = [name for name, table in file.vaults.items() if table.kind == "folder"]
    if folders and database(file) is not None:
        yield (
            f"Replicas share a database, and {', '.join(folders)} is a folder: a bot on another "
            f"machine sees it only if it is mounted there.",
            "Keep backups where every replica reaches them, such as in a bucket.",
        )


def address(named: Named, settings_file: Path, environ: Mapping[str, str]) -> Callable[[], Secret]:
    """Return what reads the address when it is asked; SettingsRefused when there is none."""

    def read() -> Secret:
        url = secret(named, settings_file.parent, environ, settings_file.name).reveal()
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
            what = "What it holds is not the address of a PostgreSQL database."
            raise SettingsRefused(settings_file.name, [Mistake(named.key, what, HOW)])
        return Secret("postgresql" + url[len(parts.scheme) :])

    return read

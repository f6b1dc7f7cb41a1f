"""A PostgreSQL database that several bots share: how it is reached, how our tables get there.

Every failure of it is told as DatabaseAway, without a word of its address, which holds a password.
You will not find here what stands in the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

from storage.errors import LifeboatError
from storage.secret import Secret

SCHEMA = "lifeboat"  # Ours; the engine's own tables lie in one called dbos.
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 10
_MAKING = 0x4C696665_00000001  # Two bots that begin at once make the tables one after the other.
# Both sides give a connection up whose other end is dead, this side sooner than that one: by then
# a bot that was cut off has ended itself (`bot/turn.py`).
_OURS = {
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 8_000,
}
_THEIRS = {
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "statement_timeout": STATEMENT_SECONDS * 1_000,
}

Connection = psycopg.Connection[tuple[Any, ...]]


class DatabaseAway(LifeboatError):
    """The database can't be reached or used now; no backup needs it."""

    safe_by_default = "Every backup is in the vault, untouched; jobs that are open wait."


def connect(url: Secret) -> Connection:
    """Open a connection of one's own, each statement a transaction; DatabaseAway if it can't be."""
    with told():
        connection = psycopg.connect(
            url.reveal(),
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="lifeboat",
            **_OURS,  # type: ignore[arg-type]
        )
        try:
            for name, value in _THEIRS.items():
                connection.execute("SELECT set_config(%s, %s, false)", [name, str(value)])
        except BaseException:
            connection.close()
            raise
        return connection


def make_tables(connection: Connection, statements: Sequence[str]) -> None:
    """Make what is not there yet; each statement says IF NOT EXISTS and names `SCHEMA`."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MAKING])
        there = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        if connection.execute(there, [SCHEMA]).fetchone() is None:
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
        for statement in statements:
            connection.execute(statement)


@contextmanager
def told() -> Iterator[None]:
    """Tell what the library says of a failure in our words, its first line and no address."""
    try:
        yield
    except psycopg.Error as error:
        raise DatabaseAway(
            f"The bots' database can't be used now: {_reason(error)}.",
            hint="See that PostgreSQL is up and takes the address that [jobs] points to.",
        ) from None  # The library's own words may hold the address.


def hidden(url: Secret) -> list[Secret]:
    """Return what nobody may read of an address: the whole, and its password by itself."""
    password = urlsplit(url.reveal()).password or ""
    return [url, *(Secret(each) for each in {password, unquote(password)} if len(each) > 1)]


def _reason(error: psycopg.Error) -> str:
    diagnostic = getattr(error, "diag", None)
    if diagnostic is not None and diagnostic.message_primary:
        return str(diagnostic.message_primary)
    if isinstance(error, psycopg.ProgrammingError):
        return "its address can't be understood"
    for word, reason in _REASONS.items():
        if word in str(error).lower():
            return reason
    return f"the connection failed ({type(error).__name__})"


_REASONS = {
    "password authentication failed": "it refuses the user or the password",
    "no password supplied": "it wants a password, and the address has none",
    "does not exist": "there is no such database or user there",
    "too many": "it has no connection left to give",
    "starting up": "it is just starting up",
    "connection refused": "nothing listens at its address",
    "could not translate host": "its host's name is not known",
    "failed to resolve": "its host's name is not known",
    "name or service not known": "its host's name is not known",
    "timeout": "it did not answer in time",
    "certificate": "its certificate is not to be trusted",
    "ssl": "it does not speak TLS as the address asks for",
    "closed": "the connection was closed",
}

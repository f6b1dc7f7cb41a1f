"""The catalog: an index of the manifests, checks and holds in a vault, so that listing is quick.

The vault is the truth. The catalog can be deleted at any time, also while Lifeboat runs; one that
can't be read is set aside and built anew. You will not find a fact here that the vault lacks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlite_utils import Database, Migrations

from storage import sqlite_file, typed
from storage.catalog_rows import (
    Copy,
    Entry,
    Look,
    ambiguous,
    held,
    merged,
    microseconds,
    standing,
    unknown,
    verified,
)
from storage.errors import Refused, SpoolError
from storage.manifest import Manifest
from storage.sqlite_file import LOST_TRIES, Kind, at_once, damaged, moved
from storage.vaults.vault import Vault

__all__ = ["Catalog", "Copy", "Entry", "Refreshed"]

T = TypeVar("T")
TABLES = ("backups", "checks", "holds")

_migrations = Migrations("lifeboat_catalog")
KIND = Kind("a catalog", application_id=0x4C696665, schema=3, migrations=_migrations)  # "Life"


@_migrations()
def backups_and_checks(db: Database) -> None:
    """Make the tables; `source` tells an object that was replaced by hand from the one read."""
    db.execute(
        "CREATE TABLE backups (name TEXT, vault TEXT, source TEXT NOT NULL, id TEXT NOT NULL, "
        "deployment TEXT NOT NULL, taken_us INTEGER NOT NULL, kind TEXT NOT NULL, "
        "whole INTEGER NOT NULL, facts BLOB NOT NULL, manifest BLOB NOT NULL, "
        "PRIMARY KEY (vault, name)) STRICT"
    )
    db.execute(
        "CREATE TABLE checks (name TEXT, vault TEXT, source TEXT NOT NULL, id TEXT NOT NULL, "
        "deployment TEXT NOT NULL, at_us INTEGER NOT NULL, by TEXT NOT NULL, "
        "depth TEXT NOT NULL, findings INTEGER NOT NULL, PRIMARY KEY (vault, name)) STRICT"
    )
    db.execute("CREATE TABLE seen (vault TEXT PRIMARY KEY) STRICT")  # Those that were read whole.
    db.execute("CREATE INDEX backups_by_time ON backups (deployment, taken_us)")


@_migrations()
def holds_and_damage(db: Database) -> None:
    """Add holds, and damage apart from other findings; what was indexed before is read again."""
    db.execute("ALTER TABLE checks ADD COLUMN damage INTEGER NOT NULL DEFAULT 0")
    db.execute(
        "CREATE TABLE holds (name TEXT, vault TEXT, source TEXT NOT NULL, id TEXT NOT NULL, "
        "deployment TEXT NOT NULL, word BLOB NOT NULL, PRIMARY KEY (vault, name)) STRICT"
    )
    for table in ("backups", "checks", "seen"):
        db.execute(f"DELETE FROM {table}")


@_migrations()
def copies(db: Database) -> None:
    """Know which checks were made elsewhere, and read every manifest again for its hash."""
    for table in ("backups", "checks", "seen"):
        db.execute(f"DELETE FROM {table}")
    db.execute("ALTER TABLE checks ADD COLUMN elsewhere INTEGER NOT NULL DEFAULT 0")


class Refreshed(msgspec.Struct, frozen=True):
    """What a look into the vault changed; `unreadable` holds (object's name, sentence).

    `emptied`: it held backups when it was last looked at, and none of them is there any more.
    """

    added: int = 0
    removed: int = 0
    emptied: bool = False
    unreadable: tuple[tuple[str, str], ...] = ()


class Catalog:
    """The index, in one SQLite file; each call opens its own connection.

    After `refresh` it speaks of the vaults that were refreshed only, the first of them first, and
    fills itself again if its file is lost or damaged in between. SpoolError when the file's folder
    can't be written or the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._vaults: dict[str, Vault] = {}
        self._left_out: set[str] = set()
        self._halves: dict[str, frozenset[tuple[str, str]]] = {}

    def apart(self) -> Catalog:
        """Return the same index for somebody whose vaults that can't be read hide nothing here."""
        return Catalog(self._path)

    def refresh(self, vault: Vault) -> Refreshed:
        """Read what is not indexed yet of manifests, checks and holds; forget what is gone."""
        self._vaults[vault.name] = vault
        self._left_out.discard(vault.name)
        return self._whole(lambda: self._refresh(vault))

    def leave_out(self, vault: Vault) -> None:
        """Speak no more of a vault that can't be looked at, until it is refreshed again."""
        self._left_out.add(vault.name)

    def backups(
        self,
        deployment: str | None = None,
        kind: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
        *,
        include_safety: bool = True,
    ) -> list[Entry]:
        """Return the backups, newest first; one with copies in several vaults is one backup."""
        wheres, values = self._in_these_vaults()
        for clause, value in (
            ("deployment = ?", deployment),
            ("kind = ?", kind),
            ("taken_us >= ?", microseconds(since) if since else None),
            ("kind != ?", None if include_safety else "safety"),
        ):
            if value is not None:
                wheres.append(clause)
                values.append(value)
        return self._whole(lambda: self._entries(wheres, values, limit))

    def in_vault(self, vault: str, deployment: str | None = None) -> list[Entry]:
        """Return what one vault holds, newest first, whatever copies there are elsewhere."""
        wheres, values = ["vault = ?"], [vault]
        if deployment is not None:
            wheres.append("deployment = ?")
            values.append(deployment)
        return self._whole(lambda: self._entries(wheres, values, None))

    def find(self, ref: str, default_deployment: str | None = None) -> Entry:
        """Return the backup that an id, the start of one, latest or latest:<deployment> names.

        Safety backups never count as latest. Refused, with the candidates, if none or several fit.
        """
        word, _, deployment = ref.partition(":")
        if word == "latest":
            return self._latest(deployment or default_deployment)
        entries = self.backups()
        exact = [entry for entry in entries if entry.id == ref]
        fitting = exact or [entry for entry in entries if ref and entry.id.startswith(ref)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise ambiguous(ref, fitting)
        raise unknown(ref, [entry.id for entry in entries])

    def previous(self, deployment: str, before: datetime, limit: int) -> list[Manifest]:
        """Return the manifests of earlier backups of all tables, newest first.

        Safety backups and those of chosen tables are left out. The lists of single stored files
        and the schemas are not kept here: read the vault for those.
        """
        wheres, values = self._in_these_vaults()
        wheres += ["deployment = ?", "taken_us < ?", "whole = 1"]
        values += [deployment, microseconds(before)]

        def look() -> list[Manifest]:
            sql = (
                f"SELECT manifest, min(vault) FROM backups {_where(wheres)} "
                f"GROUP BY deployment, id ORDER BY taken_us DESC LIMIT ?"
            )
            with self._reading() as db:
                rows = db.execute(sql, [*values, max(0, limit)]).fetchall()
            return [typed.decode(row[0], Manifest) for row in rows]

        return self._whole(look)

    def _latest(self, deployment: str | None) -> Entry:
        entries = self.backups(deployment=deployment, include_safety=False)
        names = sorted({entry.deployment for entry in entries})
        if len(names) > 1:
            raise Refused(
                f"There are backups of several deployments: {', '.join(names)}.",
                hint=f"Say which: {' or '.join(f'latest:{name}' for name in names)}.",
            )
        if entries:
            return entries[0]
        known = sorted({entry.deployment for entry in self.backups(include_safety=False)})
        raise Refused(
            f"There is no backup of {deployment} yet." if deployment else "There is no backup yet.",
            hint=f"There are backups of: {', '.join(known)}."
            if known
            else f"Take one: lifeboat now{f' {deployment}' if deployment else ''}",
        )

    def _entries(
        self, wheres: Sequence[str], values: Sequence[Any], limit: int | None
    ) -> list[Entry]:
        sql = (
            f"SELECT vault, deployment, id, facts FROM backups {_where(wheres)} "
            f"ORDER BY taken_us DESC, length(id) DESC, id DESC"
        )
        inside, vaults = self._in_these_vaults()
        checks: dict[tuple[str, str, str], list[tuple[int, str, str, int, int]]] = {}
        with self._reading() as db:
            rows = db.execute(sql, values).fetchall()
            for vault, deployment, id, *check in db.execute(
                f"SELECT vault, deployment, id, at_us, by, depth, findings, damage FROM checks "
                f"{_where([*inside, 'elsewhere = 0'])}",
                vaults,
            ):
                at, by, depth, findings, damage = check
                seen = checks.setdefault((vault, deployment, id), [])
                seen.append((at, by, depth, findings, damage))
            words = self._words(db)
        told = ((each[:3], typed.decode(each[3], Entry)) for each in rows)
        found = (
            held(verified(entry, checks.get(key, [])), words.get(key[1:], {}))
            for key, entry in told
        )
        backups = merged(found, list(self._vaults), self._halves)
        return backups[: None if limit is None else max(0, limit)]

    def holds(self) -> dict[tuple[str, str], str]:
        """Return why backups are held, by deployment and id; a hold in any vault is of each copy.

        What a vault that can't be looked at said when it was last looked at counts as well.
        """

        def look() -> dict[tuple[str, str], str]:
            with self._reading() as db:
                return {
                    of: why for of, words in self._words(db).items() if (why := standing(words))
                }

        return self._whole(look)

    def knows(self, vault: str) -> bool:
        """Whether a vault was ever looked at, so that something is known of its holds."""

        def look() -> bool:
            with self._reading() as db:
                return vault in {row[0] for row in db.execute("SELECT vault FROM seen")}

        return self._whole(look)

    def _words(self, db: Database) -> dict[tuple[str, str], dict[str, bytes]]:
        """Return the words about holds by backup, in vaults that are left out as well."""
        vaults = sorted({*self._vaults, *self._left_out})
        inside = [f"vault IN ({', '.join('?' * len(vaults))})"] if vaults else []
        words: dict[tuple[str, str], dict[str, bytes]] = {}
        for deployment, id, name, word in db.execute(
            f"SELECT deployment, id, name, word FROM holds {_where(inside)}", vaults
        ):
            words.setdefault((deployment, id), {})[name] = word
        return words

    def _in_these_vaults(self) -> tuple[list[str], list[Any]]:
        if not self._vaults:
            return [], []
        names = [name for name in list(self._vaults) if name not in self._left_out]
        return [f"vault IN ({', '.join('?' * len(names))})"], [*names]

    def _refresh(self, vault: Vault) -> Refreshed:
        held = 0
        with self._connected() as db:  # One connection: if the file is replaced, all is lost alike.
            known = {
                table: dict(
                    db.execute(f"SELECT name, source FROM {table} WHERE vault = ?", [vault.name])
                )
                for table in TABLES
            }
            held = len(known["backups"])
            look = Look(vault, known)
            for batch in look.batches():
                with at_once(db):
                    for table, row in batch:
                        db.table(table).insert(row, replace=True)
            gone = [(table, name) for table, names in known.items() for name in names]
            with at_once(db):
                for table, name in gone:
                    db.execute(
                        f"DELETE FROM {table} WHERE vault = ? AND name = ?", [vault.name, name]
                    )
                db.execute("INSERT OR IGNORE INTO seen (vault) VALUES (?)", [vault.name])
        self._halves[vault.name] = frozenset(look.halves)
        removed = sum(table == "backups" for table, _ in gone)
        emptied = bool(held) and removed == held
        return Refreshed(look.added, removed, emptied, (*look.unreadable, *look.half_deleted()))

    def _whole(self, doing: Callable[[], T]) -> T:
        """Do it; again when the file turns out to be damaged or was deleted under our hands."""
        try:
            for tries_left in reversed(range(LOST_TRIES)):
                try:
                    return doing()
                except sqlite3.DatabaseError as error:
                    if not tries_left or not (damaged(error) or moved(error)):
                        raise
                    if damaged(error):
                        sqlite_file.set_aside(self._path)
            raise AssertionError("unreachable")
        except (sqlite3.Error, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise SpoolError(
                f"The catalog {self._path} can't be used: {why}.",
                safe="It is only an index: every backup is in the vault, untouched.",
                hint="Make room, or set data_folder in the settings to a folder of your own; the "
                "catalog's file may be deleted.",
            ) from error

    @contextmanager
    def _reading(self) -> Iterator[Database]:
        """Open a catalog that holds what was refreshed, also if its file was lost since."""
        for _ in range(LOST_TRIES):
            with self._connected() as db:
                seen = {row[0] for row in db.execute("SELECT vault FROM seen")}
                lost = [
                    vault
                    for name, vault in list(self._vaults.items())
                    if name not in seen and name not in self._left_out
                ]
                if not lost:
                    yield db
                    return
            for vault in lost:
                self._refresh(vault)
        raise sqlite3.OperationalError("the file is deleted again and again while it is read")

    @contextmanager
    def _connected(self) -> Iterator[Database]:
        """Open the file, making or updating its tables where they are not there."""
        with sqlite_file.connected(self._path, KIND) as db:
            yield db


def _where(wheres: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(wheres)}" if wheres else ""

"""Tables of a deployment as SQLite keeps them: each table's rows are an SQLite table of their own.

Every function works in the transaction of the connection it is given, and none decides anything
that Convex decides.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox import convex_ids

# A row as it is stored: id, creation time, export JSON.
Stored = tuple[str, float, str]


@dataclass(frozen=True)
class Table:
    """One table that readers see ('active'), or one that an import fills ('hidden')."""

    tablet: int
    component: str
    name: str
    number: int
    documents: int
    bytes: int

    @property
    def system(self) -> bool:
        return self.name.startswith("_")


def add_component(db: sqlite3.Connection, path: str, state: str = "active") -> None:
    """Makes the component, and those it is in, where they are not there yet."""
    steps = path.split("/") if path else []
    for depth in range(len(steps) + 1):
        made = ("/".join(steps[:depth]), convex_ids.fresh(convex_ids.COMPONENTS_NUMBER), state)
        db.execute("insert or ignore into components(path,id,state) values(?,?,?)", made)


def active_tables(db: sqlite3.Connection, component: str | None = None) -> list[Table]:
    """The tables that readers see, system tables too, of one component or of all."""
    where, values = ("", ()) if component is None else (" and component=?", (component,))
    found = db.execute(
        "select tablet,component,name,number,documents,bytes from tables "
        f"where state='active'{where} order by component,name",
        values,
    )
    return [Table(*row) for row in found]


def active_table(db: sqlite3.Connection, component: str, name: str) -> Table | None:
    """The table that readers see under this name."""
    return next((t for t in active_tables(db, component) if t.name == name), None)


def add_table(
    db: sqlite3.Connection, component: str, name: str, number: int, *, hidden: bool = False
) -> Table:
    """A new table without rows; `settle` it when its first rows are in."""
    state = "hidden" if hidden else "active"
    made = db.execute(
        "insert into tables(component,name,number,state) values(?,?,?,?)",
        (component, name, number, state),
    )
    tablet = int(made.lastrowid or 0)
    db.execute(f"create table rows_{tablet}(id text, creation real, body text)")
    return Table(tablet, component, name, number, 0, 0)


def settle(db: sqlite3.Connection, table: Table) -> None:
    """Makes the indexes, once the bulk of the rows is in; raises IntegrityError on a double id."""
    tablet = table.tablet
    db.execute(f"create unique index if not exists by_id_{tablet} on rows_{tablet}(id)")
    db.execute(f"create index if not exists by_creation_{tablet} on rows_{tablet}(creation,id)")


def drop_table(db: sqlite3.Connection, table: Table) -> None:
    db.execute("delete from tables where tablet=?", (table.tablet,))
    db.execute(f"drop table rows_{table.tablet}")


def add_rows(db: sqlite3.Connection, table: Table, rows: Iterable[Stored]) -> int:
    """Puts rows in and says how many; raises IntegrityError where an id is there already."""
    tablet = table.tablet
    top = f"select coalesce(max(rowid),0) from rows_{tablet}"
    before: int = db.execute(top).fetchone()[0]
    db.executemany(f"insert into rows_{tablet} values(?,?,?)", rows)
    added, weight = db.execute(
        "select count(*),coalesce(sum(length(cast(body as blob))+1),0) "
        f"from rows_{tablet} where rowid>?",
        (before,),
    ).fetchone()
    note_change(db, table, added, weight)
    return int(added)


def note_change(db: sqlite3.Connection, table: Table, documents: int, weight: int) -> None:
    """Keeps the table's counts right by what was added or, below zero, taken."""
    db.execute(
        "update tables set documents=documents+?,bytes=bytes+? where tablet=?",
        (documents, weight, table.tablet),
    )


def free_number(db: sqlite3.Connection, component: str, taken: Iterable[int] = ()) -> int:
    """The first table number that the component uses for nothing, nor is about to."""
    used = {t.number for t in active_tables(db, component)} | set(taken)
    number = convex_ids.FIRST_USER_NUMBER
    while number in used:
        number += 1
    return number

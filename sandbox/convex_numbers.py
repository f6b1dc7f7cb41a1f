"""Which tables an import touches and which number each gets: Convex's rules, and its refusals.

Nothing is written here; `convex_apply.py` carries the plan out.
"""

import json
import sqlite3
from dataclasses import dataclass, field

from sandbox import convex_ids
from sandbox.convex_rows import number_in_rows
from sandbox.convex_summary import numbered, table_exists
from sandbox.convex_tables import Table, active_tables, free_number
from sandbox.convex_unpack import ImportFailed, Unpacked

_SYSTEM_NUMBERS = range(1, 1000)
Place = tuple[str, str]  # Component path and table name.


@dataclass
class Plan:
    """What an import does with each table: `fresh` take the places of live ones of their name."""

    fresh: dict[Place, int] = field(default_factory=dict)
    append: dict[Place, Table] = field(default_factory=dict)
    gone: list[Table] = field(default_factory=list)


def planned(db: sqlite3.Connection, upload: Unpacked, mode: str) -> Plan:
    """The plan of an upload in this mode, from the data as they are; raises ImportFailed."""
    live = {(table.component, table.name): table for table in active_tables(db)}
    wanted = _wanted(upload)
    plan = Plan()
    if mode == "ReplaceAll":
        # In every component: what the import has not is deleted, or emptied where the active
        # schema has it.
        for place, table in live.items():
            if table.system or place in wanted:
                continue
            if place[1] in _schema_tables(db, place[0]):
                wanted[place] = table.number
            else:
                plan.gone.append(table)
    for place, told in wanted.items():
        if mode == "Append" and place in live:
            plan.append[place] = live[place]
            continue
        if mode == "RequireEmpty" and place in live and live[place].documents:
            raise table_exists(place[1])
        plan.fresh[place] = _number(db, place, told, live, wanted, plan)
    _refuse_doubles(plan.fresh)
    for place, number in plan.fresh.items():
        _refuse_conflicts(place, number, live, plan)
    return plan


def _wanted(upload: Unpacked) -> dict[Place, int | None]:
    """Every table of the import with the number it comes with; raises ImportFailed."""
    wanted: dict[Place, int | None] = {}
    for part in upload.parts:
        if part.table != "_tables":
            continue
        for name, number in numbered(part):
            if name.startswith("_"):
                told = f"Invalid table name {name} starts with metadata prefix '_'"
                raise ImportFailed(told)
            wanted[part.component, name] = number
    for part in upload.parts:
        place = (part.component, part.table)
        if part.table == "_storage":
            wanted[place] = convex_ids.STORAGE_NUMBER
        elif part.table != "_tables" and wanted.get(place) is None:
            wanted[place] = number_in_rows(part)
    return wanted


def _refuse_doubles(fresh: dict[Place, int]) -> None:
    """Raises ImportFailed if two tables of the import would have one number."""
    seen: dict[tuple[str, int], str] = {}
    for (component, name), number in fresh.items():
        other = seen.setdefault((component, number), name)
        if other != name:
            raise ImportFailed(f"conflict between `{other}` and `{name}` with number {number}")


def _number(  # noqa: PLR0913, PLR0917 - all that is known at this point bears on a number.
    db: sqlite3.Connection,
    place: Place,
    told: int | None,
    live: dict[Place, Table],
    wanted: dict[Place, int | None],
    plan: Plan,
) -> int:
    if told is not None:
        return told
    if place in live:
        return live[place].number
    taken = [
        number for (component, _), number in wanted.items() if component == place[0] and number
    ]
    taken += [number for (component, _), number in plan.fresh.items() if component == place[0]]
    return free_number(db, place[0], taken)


def _refuse_conflicts(place: Place, number: int, live: dict[Place, Table], plan: Plan) -> None:
    """Raises ImportFailed if a table that stays has the number."""
    component, name = place
    inside = f" in component '{component}'" if component else ""
    new = f"New table `{name}`{inside} has IDs that conflict with existing"
    if name != "_storage" and number in _SYSTEM_NUMBERS:
        raise ImportFailed(
            f"{new} internal table. Consider importing this table without `_id` fields or import "
            "into a new deployment."
        )
    for other_place, other in live.items():
        if other.component != component or other.number != number or other.name == name:
            continue
        if other_place not in plan.fresh and other not in plan.gone:
            raise ImportFailed(
                f"{new} table `{other.name}`. To delete all existing tables, import with `npx "
                "convex import --replace-all`."
            )


def _schema_tables(db: sqlite3.Connection, component: str) -> set[str]:
    found = db.execute("select body from schemas where component=?", (component,)).fetchone()
    return {table["tableName"] for table in json.loads(found[0])["tables"]} if found else set()

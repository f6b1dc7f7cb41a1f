"""What an import would change, told before anybody agrees: checkpoints, and a table in text."""

from dataclasses import dataclass
from typing import Any

import msgspec

from sandbox.convex_data import ConvexData
from sandbox.convex_tables import active_tables
from sandbox.convex_unpack import ImportFailed, Part, Unpacked, parsed_lines, valid_name

_LAST_LINES = (
    "Once the import has started, it will run in the background.\n"
    "Interrupting `npx convex import` will not cancel it."
)


class _Head(msgspec.Struct):
    id: msgspec.Raw = msgspec.field(name="_id", default=msgspec.Raw(b""))


_head_lines = msgspec.json.Decoder(_Head)


@dataclass(frozen=True)
class Counted:
    """The rows an import brings for one table."""

    rows: int
    missing_id: bool


@dataclass(frozen=True)
class Summary:
    """The plan of an import: `checkpoints` for machines, `message` for people."""

    message: str
    checkpoints: list[dict[str, Any]]

    @property
    def needs_a_yes(self) -> bool:
        return any(told["existing_rows_to_delete"] > 0 for told in self.checkpoints)


def summarize(data: ConvexData, upload: Unpacked, mode: str) -> Summary:
    """Reads the upload whole and holds it against what there is; raises ImportFailed."""
    counted = _counted(upload)
    with data.reading() as db:
        live = {(t.component, t.name): t.documents for t in active_tables(db)}
    if mode == "ReplaceAll":
        nothing = Counted(0, missing_id=False)
        counted = {place: nothing for place in live if place[1] != "_storage"} | counted
    checkpoints = []
    for (component, table), told in sorted(counted.items(), key=_order):
        existing = live.get((component, table), 0)
        if mode == "RequireEmpty" and existing:
            raise table_exists(table)
        checkpoints.append(
            {
                "component_path": component or None,
                "display_table_name": table,
                "tablet_id": None,
                "total_num_rows_to_write": told.rows,
                "num_rows_written": 0,
                "existing_rows_in_table": existing,
                "existing_rows_to_delete": existing if mode.startswith("Replace") else 0,
                "is_missing_id_field": told.missing_id,
            }
        )
    return Summary(message(checkpoints), checkpoints)


def table_exists(table: str) -> ImportFailed:
    return ImportFailed(
        f"Table {table} already exists. Please choose a new table name or use replace/append modes."
    )


def message(checkpoints: list[dict[str, Any]]) -> str:
    """The change summary that Convex asks people to confirm."""
    lines = ["Import change summary:"] if checkpoints else []
    for component in dict.fromkeys(told["component_path"] for told in checkpoints):
        if component:
            lines.append(f"Component {component}")
        own = [told for told in checkpoints if told["component_path"] == component]
        lines += _drawn(own)
    return "\n".join([*lines, _LAST_LINES])


def _drawn(checkpoints: list[dict[str, Any]]) -> list[str]:
    rows = [("table", "create", "delete")]
    for told in checkpoints:
        name = told["display_table_name"]
        unit = " files" if name == "_storage" else ""
        gone, there = told["existing_rows_to_delete"], told["existing_rows_in_table"]
        rows.append((name, f"{told['total_num_rows_to_write']:,}", f"{gone:,} of {there:,}{unit}"))
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    head, *others = [
        " | ".join(c.ljust(w) for c, w in zip(row, wide, strict=True)) + " |" for row in rows
    ]
    return [head, "-" * len(head), *others]


def _order(item: tuple[tuple[str, str], Counted]) -> tuple[list[str], str]:
    (component, table), _ = item
    return (component.split("/") if component else []), table


def _counted(upload: Unpacked) -> dict[tuple[str, str], Counted]:
    found: dict[tuple[str, str], Counted] = {}
    for part in upload.parts:
        if part.table == "_tables":
            for name, _ in numbered(part):
                found.setdefault((part.component, name), Counted(0, missing_id=False))
        else:
            found[part.component, part.table] = _counted_part(part)
    return found


def _counted_part(part: Part) -> Counted:
    rows, missing = 0, False
    for before, block in part.blocks():
        lines = block.count(b"\n")
        try:
            block.decode()
            heads = _head_lines.decode_lines(block)
        except (ValueError, msgspec.DecodeError):
            heads = []
        if len(heads) == lines:
            missing = missing or any(not bytes(head.id) for head in heads)
        else:
            values = parsed_lines(block, before)
            missing = missing or any(not isinstance(v, dict) or "_id" not in v for v in values)
        rows += lines
    return Counted(rows, missing)


def numbered(part: Part) -> list[tuple[str, int]]:
    """The tables that `_tables/documents.jsonl` lists, with their numbers; raises ImportFailed."""
    found = []
    for before, block in part.blocks():
        for row, value in enumerate(parsed_lines(block, before), before + 1):
            if not isinstance(value, dict):
                raise ImportFailed(f"Row {row} wasn't an object")
            name, number = value.get("name"), value.get("id")
            if not isinstance(name, str):
                raise ImportFailed(f"Row {row} wasn't a valid Convex value: table requires name")
            if not valid_name(name):
                raise ImportFailed(f'"{name}" isn\'t a valid table name')
            if not isinstance(number, int | float) or number < 1:
                told = f"table requires id (received {number!r})"
                raise ImportFailed(f"Row {row} wasn't a valid Convex value: {told}")
            found.append((name, int(number)))
    return found

"""Puts a seed into an empty deployment, a whole table at a time.

What a seed holds is `seed.py`'s to say. A stop in the middle leaves a mark, so that the half-filled
database is not taken for a whole one: it is thrown away by the next start.
"""

import base64
import json
import shutil
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from sandbox.convex_data import ConvexData
from sandbox.convex_ids import STORAGE_NUMBER
from sandbox.convex_tables import Stored, add_component, add_rows, add_table, settle
from sandbox.seed import Seed
from sandbox.seed_files import SeedFile

# Below this many rows, being read in another order than they lie costs nothing that is felt.
_SORT_FROM = 20_000


def opened(folder: Path, seed: Seed) -> ConvexData:
    """The deployment kept in the folder, filled with the seed if it is a new one."""
    mark = folder / "filling"
    if mark.exists():
        shutil.rmtree(folder)
    if (folder / "data.db").exists():
        return ConvexData(folder)
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
    data = ConvexData(folder)
    fill(data, seed)
    mark.unlink()
    return data


def fill(data: ConvexData, seed: Seed) -> None:
    """Puts every table, file, schema and environment variable of the seed in."""
    data.bulk_load(on=True)
    with data.writing() as db:
        for component in seed.components:
            add_component(db, component)
        for component, body in seed.schemas.items():
            db.execute("insert into schemas values(?,?)", (component, body))
        for described in seed.tables:
            table = add_table(db, described.component, described.name, described.number)
            add_rows(db, table, described.rows())
            if described.documents >= _SORT_FROM:
                rows = f"rows_{table.tablet}"
                db.execute(f"create table sorted as select * from {rows} order by id")
                db.execute(f"drop table {rows}")
                db.execute(f"alter table sorted rename to {rows}")
            settle(db, table)
    _fill_files(data, seed.files())
    data.bulk_load(on=False)
    data.keep_fact("environment", dict(seed.environment))
    data.keep_fact("package_version", seed.package_version)


def _fill_files(data: ConvexData, files: Iterator[SeedFile]) -> None:
    for component, group in groupby(files, key=lambda file: file.component):
        rows = list(map(_stored, group))
        with data.writing() as db:
            table = add_table(db, component, "_storage", STORAGE_NUMBER)
            add_rows(db, table, (row for row, _, _ in rows))
            settle(db, table)
        for _, name, body in rows:
            data.blob(name).write_bytes(body)


def _stored(file: SeedFile) -> tuple[Stored, str, bytes]:
    line = storage_line(
        file.id, file.creation, file.sha256, len(file.body), file.content_type, file.internal_id
    )
    name = base64.b64decode(file.sha256).hex()
    return (file.id, file.creation, line), name, file.body


def storage_line(  # noqa: PLR0913, PLR0917 - these are the six fields of the line, in its order.
    id_: str, creation: float, sha256: str, size: int, content_type: str | None, internal: str
) -> str:
    """The line of `_storage/documents.jsonl` that tells of one stored file."""
    line = {
        "_id": id_,
        "_creationTime": creation,
        "sha256": sha256,
        "size": size,
        "contentType": content_type,
        "internalId": internal,
    }
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))
